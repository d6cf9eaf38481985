from datetime import timedelta
from pathlib import Path

from bot.incident.grouping import Group
from bot.ports import ConversationRow, Delivery, Pulse, Waiting
from bot.store.store import Store
from tests.bot.incident.making import alert
from tests.fakes import T0, FakeClock, open_store


async def incident(store: Store, clock: FakeClock, key: str) -> str:
    delivery = Delivery(key, "alertmanager", "default", key, clock.now(), {}, b"")
    group = Group(key, key, "", "high", (alert(fingerprint=key),))
    return (await store.deliveries.accept(delivery, [group])).incidents[0]


async def test_nothing_waits_in_an_empty_bot(tmp_path: Path) -> None:
    async with open_store(tmp_path) as store:
        assert await store.pulse.feel(("web",), T0) == Pulse(
            proposals=dict.fromkeys(("pending", "approved", "executing", "unknown"), Waiting())
        )


async def test_the_most_overdue_incident_says_how_far_the_loop_lags(tmp_path: Path) -> None:
    clock = FakeClock()
    async with open_store(tmp_path, clock) as store:
        first = await incident(store, clock, "a")
        clock.advance(10)
        await incident(store, clock, "b")
        assert (await store.pulse.feel((), clock.now())).due_since == T0
        seq = len(await store.log.load(first))
        assert await store.log.sleep(first, seq, clock.now() + timedelta(hours=1))
        assert (await store.pulse.feel((), clock.now())).due_since == clock.now()


async def test_a_channel_with_conversations_being_tried_again_is_failing(tmp_path: Path) -> None:
    clock = FakeClock()
    async with open_store(tmp_path, clock) as store:
        name = await incident(store, clock, "a")
        await store.posts.save(ConversationRow(name, "slack", "", 0, clock.now(), failures=3))
        await store.posts.save(ConversationRow(name, "web", "x", 0, None))
        await store.posts.save(ConversationRow(name, "gone", "", 0, clock.now(), failures=9))
        felt = await store.pulse.feel(("slack", "web"), clock.now())
        assert felt.failing == {"slack": 1}
