"""The world of a web test: everything the web is handed, open to be looked into and changed."""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from pydantic import SecretStr

from bot.app.household import Household
from bot.conversation.look import Look, Terms
from bot.conversation.proposal_card import draw_proposal
from bot.conversation.root_card import draw_root
from bot.errors import NotFoundError
from bot.incident.authority import Person, Policy, Rule
from bot.incident.card import Card
from bot.incident.state import State
from bot.intake.house_pen import HousePen
from bot.intake.linking import Links
from bot.intake.tokens import ApiTokens
from bot.intake.totp import Totp
from bot.intake.vault import Vault
from bot.knowledge.catalog import Catalogue
from bot.knowledge.people import OPERATOR, People
from bot.knowledge.routes import Routing
from bot.ports import Accepted, Evidence
from bot.settings import Settings
from bot.web.doors import Door, Doors, Standing
from tests.bot.web import stories
from tests.bot.web.fake_auditor import FakeAuditor
from tests.bot.web.fake_scores import FakeScores
from tests.bot.web.fakes import (
    FakeEvidence,
    FakeInbox,
    FakeIncidents,
    FakeLog,
    FakeSessions,
    FakeStepUpKeys,
)
from tests.fakes import FakeClock

OPERATOR_TOKEN = "an-operator-token-for-tests"
ORIGIN = "http://127.0.0.1:8080"
FIRST_TOKEN = "a-first-run-token"


class FakeLibrary:
    """What a small team wrote down."""

    runbooks = (stories.RUNBOOK,)
    catalogue = Catalogue((stories.CHECKOUT,))
    people = People((Person(name="dana", groups=("sre",)), OPERATOR))
    policy = Policy(
        rules=(Rule(name="rollbacks", action="job_run:rollback", approvers=("group:sre",)),),
        digest="22" * 32,
    )
    digests: Mapping[str, str] = {}
    revision = "5d1c9ab"
    routes = Routing()
    job_names: tuple[str, ...] = ()

    def owner(self, service: str) -> str:
        return "payments" if service == "checkout" else ""

    def on_call(self, service: str, at: datetime, level: int = 1) -> tuple[Person, ...]:
        return self.people.in_group("sre") if level == 1 else ()

    async def afresh(self) -> None:
        """Nothing ever changes here."""


def cards(state: State) -> Sequence[Card]:
    """The cards every channel shows, as the composition root would have them drawn."""
    views = state.incident.proposals
    look = Look(
        base_url="http://127.0.0.1:8080",
        version="0.1.0",
        terms={name: Terms("group:sre (rule rollbacks)") for name in views},
    )
    return [draw_root(state, look), *(draw_proposal(state, view, look) for view in views.values())]


STANDING = Standing(
    "0.1.0",
    "4e1fa2b8c0",
    read_only=False,
    doors=(
        Door("alertmanager", "default", "bearer"),
        Door("generic_json", "lab", "none"),
        Door("change", "default", "bearer", closed=True),
    ),
    channels=("web", "console"),
    policy_digest="22" * 32,
    knowledge_revision="5d1c9ab",
)


@dataclass
class World:
    """Everything a test may look into or change."""

    clock: FakeClock = field(default_factory=lambda: FakeClock(stories.at(130)))
    settings: Settings = field(
        default_factory=lambda: Settings(
            database_url=SecretStr("sqlite://"), body_max_bytes=200_000
        )
    )
    checks: dict[str, tuple[bool, str]] = field(
        default_factory=lambda: {
            "database": (True, "migrated and writable"),
            "queue": (True, "0 of 2000 waiting"),
            "channels": (True, "web, console"),
        }
    )
    standing: Standing = STANDING
    library: FakeLibrary = field(default_factory=FakeLibrary)
    stopping: bool = False
    full: str = ""
    taken: list[tuple[str, str, Mapping[str, str], bytes]] = field(
        default_factory=list[tuple[str, str, Mapping[str, str], bytes]]
    )
    error: Exception | None = None

    def __post_init__(self) -> None:
        self.log = FakeLog(self.clock)
        self.evidence = FakeEvidence()
        self.sessions = FakeSessions()
        self.inbox = FakeInbox(self.log)
        self.incidents = FakeIncidents(self.log)
        vault = Vault(bytes(32), self.clock)
        self.step_up = Totp(FakeStepUpKeys(), self.log, self.clock, vault)
        self.auditor = FakeAuditor(self.log)
        self.library = FakeLibrary()

    async def hook(
        self, source: str, route: str, headers: Mapping[str, str], body: bytes
    ) -> Accepted:
        if self.error is not None:
            raise self.error
        if source != "alertmanager":
            raise NotFoundError("there is no such door")
        duplicate = any(body == past[3] for past in self.taken)
        self.taken.append((source, route, headers, body))
        return Accepted(("INC-1",), duplicate=duplicate)

    async def change(self, route: str, headers: Mapping[str, str], body: bytes) -> Accepted:
        self.taken.append(("change", route, headers, body))
        return Accepted(())

    async def health(self) -> Mapping[str, tuple[bool, str]]:
        return self.checks

    def doors(self) -> Doors:
        house = Household(self.log, read_only=False).refresh
        pen = HousePen(self.log, self.library, house)
        return Doors(
            log=self.log,
            incidents=self.incidents,
            evidence=self.evidence,
            sessions=self.sessions,
            clock=self.clock,
            inbox=self.inbox,
            hook=self.hook,
            change=self.change,
            library=self.library,
            house=house,
            scores=FakeScores(self.log),
            cards=cards,
            standing=lambda: self.standing,
            health=self.health,
            subscribe=self.log.subscribe,
            settings=self.settings,
            operator_token=OPERATOR_TOKEN,
            first_run_digest=hashlib.sha256(FIRST_TOKEN.encode()).hexdigest(),
            stopping=lambda: self.stopping,
            sources=frozenset({"alertmanager", "generic_json"}),
            step_up=self.step_up,
            auditor=self.auditor,
            full=lambda: self.full,
            links=Links(pen, self.sessions, self.clock, lambda: ORIGIN),
            tokens=ApiTokens(pen, self.clock),
        )

    def tell_stories(self) -> None:
        """Fill the log with incidents that went well, badly, and oddly."""
        for story in (
            stories.hostile(),
            stories.questioned(),
            stories.approved(),
            stories.bad_deploy(),
        ):
            self.log.add(*story)
        body = b'{"status": "success", "data": {"value": 0.142, "worst": "checkout-1"}}'
        self.evidence.kept[stories.EVIDENCE] = Evidence(
            stories.EVIDENCE, hashlib.sha256(body).hexdigest(), "INC-7", "prometheus_query",
            {"query": "sum(rate(http_errors_total[1m]))", "minutes": 5}, stories.at(3),
            "application/json", body,
        )  # fmt: skip
