"""Derived tables: rows follow the log, and replaying the log makes the same rows (law 1)."""

from pathlib import Path

import pytest

from bot.errors import StaleThreadError
from bot.incident.fact import HOUSE
from bot.incident.facts_alerts import (
    ConversationOpened,
    IncidentClosed,
    IncidentMerged,
    IncidentResolved,
    Learnings,
    SeverityChanged,
)
from bot.incident.facts_house import PersonLinked
from bot.incident.facts_run import ContextLoaded
from bot.incident.model import Service
from bot.ports import ConversationRow, Filter
from bot.store.store import Store
from tests.bot.store.derived import TABLES, derived
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

pytestmark = pytest.mark.usefixtures("each_database")

LEARNINGS = Learnings(context="a", solution="b", learning="c", impact="d")
CONTEXT = ContextLoaded(
    service=Service(name="payments"), changes=(), runbook=None, similar=(), inventory={}
)


async def everything(store: Store) -> None:
    """A history that leaves rows in every derived table."""
    await store.deliveries.accept(delivery("d1"), [group(alert("a"), alert("b"))])
    made = proposal("INC-1")
    other = proposal("INC-1", "9ABCDEFG")
    await say(store, "INC-1", CONTEXT, ConversationOpened(channel="web", address="INC-1"))
    await say(store, "INC-1", proposed(made), decided(made), approved(made))
    await say(store, "INC-1", started(made), finished(made), proposed(other))
    await store.posts.save(ConversationRow("INC-1", "web", "INC-1", 3, None, 2))
    await store.deliveries.accept(delivery("d2"), [group(alert("a", "resolved"))])
    await store.deliveries.accept_change(delivery("d3"), [change()])
    linked = PersonLinked(person="dana", actor="slack:T/U", by="dana")
    await store.log.record(HOUSE, lambda _: draft(linked))
    await open_incident(store)


async def test_every_derived_table_is_filled_and_made_again_by_replay(tmp_path: Path) -> None:
    async with open_store(tmp_path) as store:
        await everything(store)
        live = await derived(store)
        assert [name for name, rows in live.items() if not rows] == []
        assert await store.rebuild() == 3
        assert await derived(store) == live
        assert await say(store, "INC-1", note()) == 12


@pytest.mark.parametrize("name", [name for name in TABLES if name != "conversation"])
async def test_a_lost_table_comes_back(tmp_path: Path, name: str) -> None:
    async with open_store(tmp_path) as store:
        await everything(store)
        live = await derived(store)
        await store.writer.submit(lambda tx: tx.run(f"DELETE FROM {name}").rowcount)  # noqa: S608 - our tables
        assert await derived(store) != live
        await store.rebuild()
        assert await derived(store) == live


async def test_a_rebuild_keeps_how_far_channels_were_told(tmp_path: Path) -> None:
    async with open_store(tmp_path) as store:
        await everything(store)
        before = await store.posts.conversation("INC-1", "web")
        assert before == ConversationRow("INC-1", "web", "INC-1", 3, None, 2)
        await store.rebuild()
        assert await store.posts.conversation("INC-1", "web") == before


async def test_a_rebuild_rings_what_is_not_over(tmp_path: Path) -> None:
    clock = FakeClock()
    async with open_store(tmp_path, clock) as store:
        for _ in range(2):
            await open_incident(store)
        over = IncidentClosed(summary="over", learnings=LEARNINGS)
        await say(store, "INC-1", IncidentResolved(reason="quiet"), over)
        for incident, seq in (("INC-1", 3), ("INC-2", 1)):
            assert await store.log.sleep(incident, seq, None)
        await store.rebuild()
        assert await store.log.due(clock.now()) == ["INC-2"]


async def test_a_rebuild_remembers_resolves_that_no_event_tells(tmp_path: Path) -> None:
    async with open_store(tmp_path) as store:
        await store.deliveries.accept(delivery("d1"), [group(alert("a", "resolved"))])
        await store.rebuild()
        accepted = await store.deliveries.accept(delivery("d2"), [group(alert("a"))])
        assert accepted.incidents == ()


async def test_e10_a_proposal_row_that_moved_elsewhere_stops_the_write(tmp_path: Path) -> None:
    async with open_store(tmp_path) as store:
        incident = await open_incident(store)
        made = proposal(incident)
        await say(store, incident, proposed(made))
        await store.writer.submit(lambda tx: tx.run("UPDATE proposal SET status = 'x'").rowcount)
        with pytest.raises(StaleThreadError, match="not pending"):
            await say(store, incident, decided(made), approved(made))
        assert len(await store.log.load(incident)) == 2


async def test_e10_a_nonce_or_a_digest_starts_once(tmp_path: Path) -> None:
    async with open_store(tmp_path) as store:
        incident = await open_incident(store)
        first = proposal(incident)
        second = proposal(incident, "9ABCDEFG").model_copy(update={"target": "the cart"})
        await say(store, incident, proposed(first), decided(first), approved(first))
        await say(store, incident, proposed(second), decided(second), approved(second))
        await say(store, incident, started(first, "n1"))
        for again in (started(first, "n2"), started(second, "n1")):
            with pytest.raises(StaleThreadError):
                await say(store, incident, again)
        await say(store, incident, started(second, "n2"))


async def test_e10_a_person_decides_once_on_a_revision(tmp_path: Path) -> None:
    async with open_store(tmp_path) as store:
        incident = await open_incident(store)
        made = proposal(incident)
        await say(store, incident, proposed(made), decided(made), decided(made, "kim"))
        await say(store, incident, decided(made))
        again = (
            "INSERT INTO decision (proposal, revision, person, incident, verdict, at) "
            "SELECT proposal, revision, person, incident, verdict, at FROM decision"
        )
        rows = (await derived(store))["decision"]
        assert [row["person"] for row in rows] == ["dana", "kim"]
        with pytest.raises(StaleThreadError):
            await store.writer.submit(lambda tx: tx.run(again).rowcount)


async def test_the_list_follows_severity_service_and_pending(tmp_path: Path) -> None:
    async with open_store(tmp_path) as store:
        incident = await open_incident(store)
        await say(store, incident, CONTEXT, proposed(proposal(incident)))
        await say(store, incident, SeverityChanged(person="dana", severity="info"))
        (row,) = await store.incidents.page(Filter(service="payments", text="payments"))
        assert (row.severity, row.pending, row.status) == ("info", 1, "open")
        await say(store, incident, IncidentMerged(person="dana", into="INC-9"))
        assert await store.incidents.page(Filter(status="open")) == []
        (row,) = await store.incidents.page(Filter(status="merged"))
        assert row.id == incident
