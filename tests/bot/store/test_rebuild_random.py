"""Whatever happened, in whatever order: replaying the log makes the rows that were there."""

import asyncio
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from bot.errors import NotFoundError, StaleThreadError
from bot.incident.fact import HOUSE, Fact
from bot.incident.facts_action import ActionVerified, ProposalExpired
from bot.incident.facts_alerts import (
    ConversationOpened,
    IncidentClosed,
    IncidentMerged,
    IncidentReopened,
    IncidentResolved,
    Learnings,
    SeverityChanged,
)
from bot.incident.facts_house import PersonLinked, PersonUnlinked
from bot.incident.facts_run import ConclusionReached, ContextLoaded
from bot.incident.model import Alert, Service
from bot.incident.proposal import digest
from bot.incident.reducer import State, fold
from bot.ports import ConversationRow, Refusal
from bot.store.store import Store, StoreLimits
from tests.bot.store.derived import derived
from tests.bot.store.examples import (
    alert,
    approved,
    change,
    decided,
    delivery,
    draft,
    finished,
    group,
    note,
    open_incident,
    proposal,
    proposed,
    say,
    started,
)
from tests.fakes import FakeClock, open_store

CONTEXT = ContextLoaded(
    service=Service(name="payments"), changes=(), runbook=None, similar=(), inventory={}
)
LEARNINGS = Learnings(context="a", solution="b", learning="c", impact="d")


def expired(incident: str) -> ProposalExpired:
    made = proposal(incident, name_of(incident))
    return ProposalExpired(proposal=made.id, digest=digest(made))


def verified(incident: str) -> ActionVerified:
    made = proposal(incident, name_of(incident))
    return ActionVerified(
        proposal=made.id, digest=digest(made), n=0, evidence="e", summary="it is well"
    )


def name_of(incident: str) -> str:
    return f"ABCD{incident.removeprefix('INC-'):>04}"


FACTS: list[Callable[[str], Fact]] = [
    lambda _: note(),
    lambda _: IncidentResolved(reason="quiet"),
    lambda _: IncidentReopened(reason="again"),
    lambda _: IncidentClosed(summary="over", learnings=LEARNINGS),
    lambda _: SeverityChanged(person="dana", severity="info"),
    lambda _: ConclusionReached(summary="the deploy", findings=(), by="planner"),
    lambda _: CONTEXT,
    lambda _: ConversationOpened(channel="web", address="here"),
    lambda _: IncidentMerged(person="dana", into="INC-1"),
    lambda _: IncidentMerged(person="dana", into="INC-3"),
    lambda incident: proposed(proposal(incident, name_of(incident))),
    lambda incident: decided(proposal(incident, name_of(incident))),
    lambda incident: decided(proposal(incident, name_of(incident)), "kim"),
    lambda incident: approved(proposal(incident, name_of(incident))),
    lambda incident: started(proposal(incident, name_of(incident)), f"nonce of {incident}"),
    lambda incident: finished(proposal(incident, name_of(incident))),
    verified,
    expired,
]
HOUSE_FACTS: list[Fact] = [
    PersonLinked(person="dana", actor="slack:T/U", by="dana"),
    PersonLinked(person="kim", actor="slack:T/U", by="dana"),
    PersonUnlinked(person="kim", actor="slack:T/U", by="dana"),
]


@dataclass(frozen=True, slots=True)
class Told:
    """A delivery, some time after what was before."""

    alerts: list[Alert]
    key: str
    after_s: int


@dataclass(frozen=True, slots=True)
class Said:
    """Facts for one incident, in one write."""

    number: int
    facts: list[Callable[[str], Fact]]


@dataclass(frozen=True, slots=True)
class Housed:
    """A fact of the house, and a change."""

    fact: Fact
    version: str


@dataclass(frozen=True, slots=True)
class Posted:
    """A channel was told up to here."""

    number: int
    cursor: int


Move = Told | Said | Housed | Posted | None
"""None opens an incident by hand."""

ALERTS = st.builds(
    alert,
    st.sampled_from("abcd"),
    st.sampled_from(["firing", "resolved"]),
    st.sampled_from([None, *(FakeClock().now(),) * 3]),
)
NUMBERS = st.integers(1, 4)
MOVES = st.lists(
    st.one_of(
        st.builds(
            Told,
            st.lists(ALERTS, min_size=1, max_size=4),
            st.sampled_from("xyz"),
            st.sampled_from([0, 10, 1000, 100_000]),
        ),
        st.builds(Said, NUMBERS, st.lists(st.sampled_from(FACTS), min_size=1, max_size=4)),
        st.builds(Housed, st.sampled_from(HOUSE_FACTS), st.sampled_from(["v1", "v2"])),
        st.builds(Posted, NUMBERS, st.integers(0, 5)),
        st.none(),
    ),
    max_size=25,
)


async def make(store: Store, clock: FakeClock, number: int, move: Move) -> None:
    match move:
        case Told(alerts, key, after_s):
            clock.advance(after_s)
            message = delivery(f"d{number}", clock.now())
            await store.deliveries.accept(message, [group(*alerts, key=key)])
        case Said(incident, facts):
            name = f"INC-{incident}"
            await say(store, name, *(fact(name) for fact in facts))
        case Housed(fact, version):
            await store.log.record(HOUSE, lambda _: draft(fact))
            message = delivery(f"d{number}", clock.now())
            await store.deliveries.accept_change(message, [change(version=version)])
        case Posted(incident, cursor):
            row = ConversationRow(f"INC-{incident}", "web", "here", cursor, None)
            await store.posts.save(row)
        case None:
            await open_incident(store)


async def remembered(store: Store, incident: str) -> State:
    """Return the state that the writer hands out."""
    states: list[State] = []

    def build(state: State) -> Refusal:
        states.append(state)
        return Refusal("only looking")

    await store.log.record(incident, build)
    return states[0]


async def replayed(moves: Sequence[Move]) -> None:
    clock = FakeClock()
    limits = StoreLimits(group_window_s=3600)
    with tempfile.TemporaryDirectory() as folder:
        async with open_store(Path(folder), clock, limits) as store:
            for number, move in enumerate(moves):
                try:
                    await make(store, clock, number, move)
                except (NotFoundError, StaleThreadError):
                    continue  # refused as a whole: also a part of the history
            live = await derived(store)
            await store.rebuild()
            assert await derived(store) == live
            assert await store.verify() == []
            for stream in await store.log.heads():
                if stream != HOUSE:
                    state = fold(await store.log.load(stream))
                    assert await remembered(store, stream) == state


@settings(max_examples=60)
@given(MOVES)
def test_replay_makes_the_rows_that_were_there(moves: list[Move]) -> None:
    asyncio.run(replayed(moves))
