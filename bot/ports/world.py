"""The rest of the outside: time, alarms, knowledge, the StepModel."""

from collections.abc import Mapping
from datetime import datetime
from typing import Protocol

from bot.incident.authority import Person, Policy
from bot.incident.context import Context
from bot.incident.model import Runbook
from bot.incident.steps import Step
from bot.knowledge.catalog import Catalogue
from bot.knowledge.people import People
from bot.knowledge.routes import Routing


class Clock(Protocol):
    """The time, and fresh random names; injected so tests own both."""

    def now(self) -> datetime:
        """Return the aware UTC time."""
        ...

    def token(self, size_bytes: int = 16) -> str:
        """Return `size_bytes` random bytes as hex."""
        ...


class Dispatcher(Protocol):
    """Who calls `drive`: an alarm clock that may lose every alarm without losing an incident."""

    @property
    def busy(self) -> int:
        """How many incidents are being driven now."""
        ...

    def wake(self, incident: str) -> None:
        """Drive this incident soon; called after a commit. Cheap, never raises."""
        ...

    async def run(self) -> None:
        """Drive what was woken, and what a sweep finds due, until stopped."""
        ...

    async def stop(self, grace_s: float) -> None:
        """Begin nothing new; return when what runs has ended, at most `grace_s` later."""
        ...


class StepModel(Protocol):
    """Chooses the next Step, and does nothing else."""

    name: str

    async def next_step(self, context: Context) -> Step:
        """Return the next Step for this context.

        Raises:
            ToolError: No valid Step came.
        """
        ...


class Library(Protocol):
    """What the team wrote down, as last read without a fault; every property is the newest."""

    @property
    def runbooks(self) -> tuple[Runbook, ...]:
        """Every runbook, sorted by name."""
        ...

    @property
    def catalogue(self) -> Catalogue:
        """The services."""
        ...

    @property
    def people(self) -> People:
        """The persons; the operator is always among them."""
        ...

    @property
    def policy(self) -> Policy:
        """The policy in force."""
        ...

    @property
    def digests(self) -> Mapping[str, str]:
        """File name → hex SHA-256 of its bytes."""
        ...

    @property
    def revision(self) -> str:
        """The folder's state in one word: git revision if there is one, and a short digest."""
        ...

    @property
    def routes(self) -> Routing:
        """Who investigates what, and what may be used and named at all."""
        ...

    @property
    def job_names(self) -> tuple[str, ...]:
        """The jobs that `jobs.yaml` declares, in its order."""
        ...

    async def afresh(self) -> None:
        """Look again right now, so that whoever was removed a moment ago counts no more (E-26).

        Raises:
            UnreadableError: What is written cannot be read as it stands now.
        """
        ...

    def owner(self, service: str) -> str:
        """Return the owner of a service (a group or a person); empty when unknown."""
        ...

    def on_call(self, service: str, at: datetime, level: int = 1) -> tuple[Person, ...]:
        """Return who is on call for a service at a time, on a level of its ladder from 1 up.

        Empty when nobody is. Without a rota the owner's persons are level 1.
        """
        ...
