"""Deliveries: what is kept, what is new, and which incident it goes to (D-03, D-07, D-08)."""

import asyncio
import hashlib
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from bot.incident.facts_alerts import (
    AlertsReceived,
    IncidentClosed,
    IncidentMerged,
    IncidentResolved,
    Learnings,
)
from bot.incident.grouping import Group
from bot.ports import Accepted, Filter
from bot.store.store import Store, StoreLimits
from tests.bot.store.examples import (
    alert,
    delivery,
    group,
    note,
    open_incident,
    say,
)
from tests.fakes import T0, FakeClock, open_store

pytestmark = pytest.mark.usefixtures("each_database")

WINDOW = StoreLimits(group_window_s=3600)


class Sender:
    """A monitoring system: every message has a name of its own and comes now."""

    def __init__(self, store: Store, clock: FakeClock) -> None:
        self.store = store
        self.clock = clock
        self.sent = 0

    async def __call__(self, *groups: Group, route: str = "default") -> Accepted:
        self.sent += 1
        message = delivery(f"d{self.sent}", self.clock.now(), route)
        return await self.store.deliveries.accept(message, groups)


async def received(store: Store, incident: str) -> list[list[tuple[str, str]]]:
    """Return fingerprint and status of the alerts of each AlertsReceived."""
    events = await store.log.load(incident)
    facts = [event.body for event in events if isinstance(event.body, AlertsReceived)]
    return [[(one.fingerprint, one.status) for one in fact.alerts] for fact in facts]


async def close(store: Store, incident: str) -> None:
    learnings = Learnings(context="a", solution="b", learning="c", impact="d")
    over = IncidentClosed(summary="over", learnings=learnings)
    await say(store, incident, IncidentResolved(reason="quiet"), over)


async def test_d03_a_firing_alert_opens_an_incident_and_its_delivery_is_kept(
    tmp_path: Path,
) -> None:
    clock = FakeClock()
    async with open_store(tmp_path, clock) as store:
        message = delivery()
        accepted = await store.deliveries.accept(message, [group(alert(), truncated=3)])
        assert accepted == Accepted(("INC-1",), opened=("INC-1",))
        kept = replace(message, digest=hashlib.sha256(message.raw).hexdigest())
        assert await store.deliveries.raw("d1") == kept
        assert await store.deliveries.raw("d2") is None
        opened, told = await store.log.load("INC-1")
        assert (opened.type, opened.actor) == ("IncidentOpened", "alertmanager:default")
        assert isinstance(told.body, AlertsReceived)
        assert (told.body.delivery, told.body.truncated) == ("d1", 3)
        (row,) = await store.incidents.page(Filter())
        assert (row.seq, row.title, row.status, row.alerts) == (2, "Error rate is high", "open", 1)
        assert await store.log.due(T0) == ["INC-1"]


async def test_d03_a_redelivery_changes_nothing_and_is_told_where_the_first_went(
    tmp_path: Path,
) -> None:
    async with open_store(tmp_path) as store:
        first = await store.deliveries.accept(delivery(), [group(alert())])
        again = await store.deliveries.accept(delivery(), [group(alert("other"))])
        assert again == Accepted(first.incidents, duplicate=True)
        assert len(await store.log.load("INC-1")) == 2


async def test_d07_twenty_redeliveries_at_once_are_one(tmp_path: Path) -> None:
    async with open_store(tmp_path) as store:
        ends = await asyncio.gather(
            *(store.deliveries.accept(delivery(), [group(alert())]) for _ in range(20))
        )
        assert sum(not end.duplicate for end in ends) == 1
        assert await store.log.heads() == {"INC-1": (2, (await store.log.heads())["INC-1"][1])}


async def test_d07_forty_alerts_of_a_group_are_one_incident(tmp_path: Path) -> None:
    clock = FakeClock()
    async with open_store(tmp_path, clock) as store:
        send = Sender(store, clock)
        for start in range(0, 40, 10):
            alerts = [alert(f"f{number}") for number in range(start, start + 10)]
            assert (await send(group(*alerts))).incidents == ("INC-1",)
        (row,) = await store.incidents.page(Filter())
        assert (row.alerts, row.seq) == (40, 5)


async def test_d07_the_other_half_of_a_pair_adds_nothing(tmp_path: Path) -> None:
    clock = FakeClock()
    async with open_store(tmp_path, clock) as store:
        send = Sender(store, clock)
        await send(group(alert("a"), alert("b")))
        assert await send(group(alert("a"), alert("b"))) == Accepted(("INC-1",), repeated=2)
        third = await send(group(alert("a"), alert("b"), alert("c"), alert("c")))
        assert third == Accepted(("INC-1",), repeated=3)
        assert await received(store, "INC-1") == [
            [("a", "firing"), ("b", "firing")],
            [("c", "firing")],
        ]


async def test_d07_a_fingerprint_that_two_groups_share_silences_neither(tmp_path: Path) -> None:
    clock = FakeClock()
    async with open_store(tmp_path, clock) as store:
        send = Sender(store, clock)
        accepted = await send(group(alert("a"), key="g1"), group(alert("a"), key="g2"))
        assert accepted.opened == ("INC-1", "INC-2")
        assert (await send(group(alert("a"), key="g3"))).opened == ("INC-3",)
        assert (await send(group(alert("a"), key="g1"), route="other")).opened == ("INC-4",)
        assert (await send(group(alert("a"), key="g1"))).opened == ()
        assert await received(store, "INC-1") == [[("a", "firing")]]


async def test_d07_firing_and_resolved_in_one_group_ends_as_the_last_says(tmp_path: Path) -> None:
    clock = FakeClock()
    async with open_store(tmp_path, clock) as store:
        send = Sender(store, clock)
        assert await send(group(alert("a"), alert("a", "resolved"))) == Accepted((), repeated=1)
        await send(group(alert("a"), alert("b")))
        assert await received(store, "INC-1") == [[("b", "firing")]]


async def test_d07_groups_sources_and_routes_are_told_apart(tmp_path: Path) -> None:
    clock = FakeClock()
    async with open_store(tmp_path, clock) as store:
        send = Sender(store, clock)
        made = await send(group(alert("a"), key="g1"), group(alert("b"), key="g2"))
        assert made.opened == ("INC-1", "INC-2")
        assert (await send(group(alert("c"), key="g1"), route="other")).opened == ("INC-3",)
        assert (await send(group(alert("d"), key="g2"))).incidents == ("INC-2",)


async def test_d07_a_resolve_joins_and_a_new_start_fires_again(tmp_path: Path) -> None:
    clock = FakeClock()
    async with open_store(tmp_path, clock) as store:
        send = Sender(store, clock)
        await send(group(alert("a")))
        await send(group(alert("a", "resolved")))
        await send(group(alert("a", starts_at=T0 + timedelta(minutes=1))))
        assert await received(store, "INC-1") == [
            [("a", "firing")],
            [("a", "resolved")],
            [("a", "firing")],
        ]


async def test_d07_a_resolve_without_an_incident_opens_none(tmp_path: Path) -> None:
    clock = FakeClock()
    async with open_store(tmp_path, clock) as store:
        send = Sender(store, clock)
        assert await send(group(alert("a", "resolved"))) == Accepted(())
        assert await store.log.heads() == {}
        assert await store.deliveries.raw("d1") is not None


async def test_d07_a_firing_that_its_resolve_overtook_opens_none(tmp_path: Path) -> None:
    clock = FakeClock()
    async with open_store(tmp_path, clock) as store:
        send = Sender(store, clock)
        await send(group(alert("a", "resolved")))
        clock.advance(10)
        assert await send(group(alert("a"))) == Accepted((), repeated=1)
        clock.advance(600)
        assert (await send(group(alert("a")))).opened == ("INC-1",)


async def test_an_alert_without_a_start_is_always_news(tmp_path: Path) -> None:
    clock = FakeClock()
    async with open_store(tmp_path, clock) as store:
        send = Sender(store, clock)
        await send(group(alert("a", starts_at=None), alert("b", starts_at=None)))
        await send(group(alert("a", starts_at=None), alert("c")))
        assert await received(store, "INC-1") == [
            [("a", "firing"), ("b", "firing")],
            [("a", "firing"), ("c", "firing")],
        ]


async def test_d07_a_group_quiet_for_the_window_opens_a_new_incident(tmp_path: Path) -> None:
    clock = FakeClock()
    async with open_store(tmp_path, clock, WINDOW) as store:
        send = Sender(store, clock)
        await send(group(alert("a")))
        clock.advance(3599)
        assert (await send(group(alert("b")))).incidents == ("INC-1",)
        clock.advance(3601)
        assert (await send(group(alert("c")))).opened == ("INC-2",)
        assert (await send(group(alert("d")))).incidents == ("INC-2",)


async def test_d07_a_group_that_repeats_itself_is_not_quiet(tmp_path: Path) -> None:
    clock = FakeClock()
    async with open_store(tmp_path, clock, WINDOW) as store:
        send = Sender(store, clock)
        await send(group(alert("a")))
        clock.advance(3000)
        await send(group(alert("a")))
        clock.advance(3000)
        assert (await send(group(alert("b")))).incidents == ("INC-1",)
        clock.advance(9000)  # what still fires is told with what is new: it never stopped
        assert (await send(group(alert("b"), alert("c")))).incidents == ("INC-1",)


async def test_a_late_resolve_finds_its_incident(tmp_path: Path) -> None:
    clock = FakeClock()
    async with open_store(tmp_path, clock, WINDOW) as store:
        send = Sender(store, clock)
        await send(group(alert("a")))
        clock.advance(100_000)
        assert (await send(group(alert("a", "resolved")))).incidents == ("INC-1",)


async def test_a_closed_incident_is_not_joined(tmp_path: Path) -> None:
    clock = FakeClock()
    async with open_store(tmp_path, clock) as store:
        send = Sender(store, clock)
        await send(group(alert("a")))
        await close(store, "INC-1")
        assert await send(group(alert("a", "resolved"))) == Accepted(())
        assert (await send(group(alert("b")))).opened == ("INC-2",)
        assert (await send(group(alert("c")))).incidents == ("INC-2",)


async def test_alerts_follow_a_merged_incident(tmp_path: Path) -> None:
    clock = FakeClock()
    async with open_store(tmp_path, clock) as store:
        send = Sender(store, clock)
        for key in ("g1", "g2", "g3"):
            await send(group(alert(key), key=key))
        await say(store, "INC-1", IncidentMerged(person="dana", into="INC-2"))
        assert (await send(group(alert("a"), key="g1"))).incidents == ("INC-2",)
        await say(store, "INC-2", IncidentMerged(person="dana", into="INC-3"))
        assert (await send(group(alert("b"), key="g1"))).incidents == ("INC-3",)
        await close(store, "INC-3")
        assert (await send(group(alert("c"), key="g1"))).opened == ("INC-4",)


async def test_incidents_merged_in_a_circle_do_not_hold_an_alert(tmp_path: Path) -> None:
    clock = FakeClock()
    async with open_store(tmp_path, clock) as store:
        send = Sender(store, clock)
        await send(group(alert("a"), key="g1"), group(alert("b"), key="g2"))
        await say(store, "INC-1", IncidentMerged(person="dana", into="INC-2"))
        await say(store, "INC-2", IncidentMerged(person="dana", into="INC-1"))
        assert (await send(group(alert("c"), key="g1"))).opened == ("INC-3",)


async def test_an_incident_opened_by_hand_has_its_own_id(tmp_path: Path) -> None:
    clock = FakeClock()
    async with open_store(tmp_path, clock) as store:
        send = Sender(store, clock)
        assert await open_incident(store) == "INC-1"
        assert (await send(group(alert()))).opened == ("INC-2",)
        assert await say(store, "INC-2", note()) == 3


async def test_a_delivery_that_cannot_be_written_leaves_nothing(tmp_path: Path) -> None:
    async with open_store(tmp_path) as store:
        bad = replace(group(alert(), key="g2"), severity="terrible")
        with pytest.raises(ValueError, match="severity"):
            await store.deliveries.accept(delivery(), [group(alert()), bad])
        assert await store.deliveries.raw("d1") is None
        assert await store.log.heads() == {}
