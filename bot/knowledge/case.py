"""Makes the Case of a proposal: what a policy is asked, the same for every surface and moment."""

from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Protocol

from pydantic import JsonValue

from bot.incident.model import Risk
from bot.incident.policy import Case
from bot.knowledge.catalog import Catalogue
from bot.knowledge.people import People


class Known(Protocol):
    """What the team wrote down, as far as a Case needs it; a Library and a Knowledge are one."""

    @property
    def catalogue(self) -> Catalogue:
        """The services."""
        ...

    @property
    def people(self) -> People:
        """The persons and their rotas."""
        ...


class Wanted(Protocol):
    """An action on a target, wanted by somebody; a Proposal is one."""

    @property
    def action(self) -> str:
        """The name policy rules match."""
        ...

    @property
    def service(self) -> str:
        """What it changes belongs to this service; "" when that is not known."""
        ...

    @property
    def environment(self) -> str:
        """Where it changes something; "" when that is not known."""
        ...

    @property
    def risk(self) -> Risk:
        """The class that was computed for it."""
        ...

    @property
    def requested_by(self) -> str:
        """`bot` or `person:NAME`."""
        ...

    @property
    def edited_by(self) -> tuple[str, ...]:
        """Who changed it since, as `person:NAME`, the first editor first (E-09)."""
        ...


@dataclass(frozen=True, slots=True)
class PlannedAction:
    """What is wanted before it is a Proposal: planned, and its risk computed."""

    action: str
    service: str
    environment: str
    risk: Risk
    requested_by: str = "bot"
    edited_by: tuple[str, ...] = ()


def as_asked(case: Case) -> dict[str, JsonValue]:
    """Return the whole case as JSON, as the log keeps it for whoever replays a decision (E-20)."""
    told = asdict(case)
    at = case.at.isoformat() if case.at is not None else None
    return {**told, "on_call": list(case.on_call), "edited_by": list(case.edited_by), "at": at}


def case_of(
    wanted: Wanted, known: Known, at: datetime, channel: str = "", *, previewed: bool = True
) -> Case:
    """Return what the policy is asked about `wanted` at `at`, decided through `channel`.

    Owner, tier and who is on call come from `known` as it is now (E-26): none of them is part of
    the proposal, so that whoever left a group a minute ago counts no more.
    """
    service = known.catalogue.get(wanted.service)
    owner = service.owner if service is not None else ""
    on_call = known.people.on_call(owner, at, 1, service=wanted.service)
    return Case(
        action=wanted.action,
        service=wanted.service,
        environment=wanted.environment,
        risk=wanted.risk,
        owner=owner,
        requested_by=wanted.requested_by,
        channel=channel,
        tier=service.tier if service is not None else None,
        on_call=tuple(person.name for person in on_call),
        edited_by=wanted.edited_by,
        at=at,
        previewed=previewed,
    )
