"""Doors: everything the web needs, handed over by bot.app; the web opens nothing by itself."""

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass

from bot import ports
from bot.incident.card import Card
from bot.incident.house import House
from bot.incident.state import State
from bot.intake.linking import Links
from bot.intake.tokens import ApiTokens
from bot.settings import Settings

FATAL_CHECKS = frozenset({"database", "queue"})
"""Readiness checks whose failure means 503; any other failing check is only degraded (G-01)."""


@dataclass(frozen=True, slots=True)
class Door:
    """One way in, as the status page lists it."""

    source: str
    route: str
    auth: str
    closed: bool = False

    @property
    def insecure(self) -> bool:
        """True when it takes unsigned requests."""
        return self.auth == "none"


@dataclass(frozen=True, slots=True)
class Standing:
    """How the bot stands: what runs, under which policy, what is wrong, and whether it storms."""

    version: str
    revision: str
    read_only: bool
    doors: tuple[Door, ...] = ()
    channels: tuple[str, ...] = ()
    policy_digest: str = ""
    knowledge_revision: str = ""
    problems: tuple[str, ...] = ()
    storm: str = ""


@dataclass(frozen=True)
class Doors:
    """What the web is given.

    `hook(source, route, headers, body)` and `change(route, headers, body)` take header names in
    lower case and raise as `bot.errors` says. `cards` draws a thread: the root card first, then
    findings, proposals and questions. `health` maps a check's name to (well, words); the names in
    `FATAL_CHECKS` decide readiness. `house` reads the bot's own state. `first_run_digest` is the
    SHA-256 (hex) of the single-use login token printed at the first start, or empty. `subscribe`
    yields on every commit and ends when the process stops. `full` says why nothing can be taken in
    at this moment, empty when it can; it asks nobody. `links` and `tokens` give out and take in
    what people come in by.
    """

    log: ports.Log
    incidents: ports.Incidents
    evidence: ports.EvidenceStore
    sessions: ports.Sessions
    clock: ports.Clock
    inbox: ports.Inbox
    hook: Callable[[str, str, Mapping[str, str], bytes], Awaitable[ports.Accepted]]
    change: Callable[[str, Mapping[str, str], bytes], Awaitable[ports.Accepted]]
    library: ports.Library
    house: Callable[[], Awaitable[House]]
    scores: ports.Scores
    cards: Callable[[State], Sequence[Card]]
    standing: Callable[[], Standing]
    health: Callable[[], Awaitable[Mapping[str, tuple[bool, str]]]]
    subscribe: Callable[[], AsyncIterator[int]]
    settings: Settings
    operator_token: str
    first_run_digest: str
    stopping: Callable[[], bool]
    sources: frozenset[str]
    step_up: ports.Enrolment
    auditor: ports.Auditor
    links: Links
    tokens: ApiTokens
    full: Callable[[], str] = str
