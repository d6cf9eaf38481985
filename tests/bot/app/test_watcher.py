"""D-09: the bot opens incidents about itself, once a cause, and takes them back."""

import asyncio
from collections.abc import Iterable
from datetime import datetime
from pathlib import Path

import pytest

from bot.app.watcher import Watcher
from bot.errors import BusyError
from bot.incident.facts_house import ChainCheckpointed, OversizeRefused
from bot.incident.reducer import State, fold
from bot.incident.symptom import Symptom
from tests.bot.app.scene import DOOR, Place, Scene, gauge, posting, process
from tests.channels.fake_channel import FakeChannel, answered
from tests.waiting import until


@pytest.fixture
def place(tmp_path: Path) -> Place:
    return Place(tmp_path)


async def first_state(scene: Scene) -> State:
    (row,) = await scene.rows()
    return fold(await scene.bot.store.log.load(row.id))


async def test_d09_a_silent_heartbeat_opens_an_incident_and_a_beat_resolves_it(
    place: Place,
) -> None:
    async with process(place) as scene:
        await scene.look()
        await scene.look(60)
        assert await scene.titles() == []
        for _ in range(5):
            await scene.look(3)
        assert await scene.titles() == ["No word from heartbeat/cron"]
        (row,) = await scene.rows()
        assert (row.service, row.severity) == ("triagebot", "high")
        assert gauge("triage_self_alarms", "TriagebotSourceSilent") == 1
        await scene.beat()
        await scene.look(3)
        assert await scene.titles("resolved") == ["No word from heartbeat/cron"]
        assert await scene.house_types() == ["SourceSilent", "SourceHeard"]
        assert scene.bot.household.house.silent == {}
        await scene.look(61)
        assert len(await scene.rows()) == 1, "silent again within the window: the same incident"
        assert await scene.titles() == ["No word from heartbeat/cron"]


async def test_d09_a_restart_neither_forgets_a_silence_nor_raises_a_false_alarm(
    place: Place,
) -> None:
    async with process(place) as scene:
        await scene.beat()
        await scene.look()
        await scene.look(61)
        assert await scene.titles() == ["No word from heartbeat/cron"]
    place.clock.advance(3600)
    async with process(place) as scene:
        await scene.titles()  # the loop catches up with what was due meanwhile
        for _ in range(4):
            await scene.look(30)
        assert await scene.titles() == ["No word from heartbeat/cron"]
        assert await scene.house_types() == ["SourceSilent"]
        await scene.beat()
        await scene.look(1)
        assert await scene.titles("resolved") == ["No word from heartbeat/cron"]
    place.clock.advance(3600)
    async with process(place) as scene:
        await scene.titles()  # or a minute passes in which an overdue incident was not looked at
        await scene.look()
        await scene.look(60)
        assert await scene.titles() == []
        await scene.look(1)
        assert await scene.titles() == ["No word from heartbeat/cron"]


async def test_d05_oversize_deliveries_are_one_incident_a_door_until_they_are_over(
    place: Place,
) -> None:
    async with process(place) as scene:
        for _ in range(3):
            await scene.house(OversizeRefused(source="generic_json", route="a", size_bytes=9**9))
            await scene.beat()
            await scene.look(30)
        await scene.house(OversizeRefused(source="generic_json", route="b", size_bytes=9**9))
        await scene.look()
        expected = [f"Deliveries are too large for generic_json/{route}" for route in "ab"]
        assert await scene.titles() == expected
        place.clock.advance(3600)
        await scene.beat()
        await scene.look()
        assert await scene.titles("resolved") == expected


async def test_d09_a_broken_channel_is_told_through_the_other_and_never_about_itself(
    place: Place,
) -> None:
    bad = FakeChannel("bad", failures=[answered(503) for _ in range(999)])
    good = FakeChannel("good")
    place.channels = [bad, good]
    async with process(place) as scene, posting(scene):
        await scene.house(OversizeRefused(source="generic_json", route="a", size_bytes=9**9))
        await scene.look()
        await until(lambda: "bad" in scene.outbox.hurt())
        for _ in range(12):
            await scene.beat()
            await scene.look(30)
        broken = "triagebot cannot post to bad"
        assert (await scene.titles()).count(broken) == 1
        await until(lambda: any(broken in str(one.card.title) for one in good.messages))
        for _ in range(20):
            await scene.beat()
            await scene.look(30)
        assert len(await scene.rows()) == 2, "an incident about itself never causes another"
        assert gauge("triage_channel_broken", "bad") == 1
        bad.failures.clear()
        mine = frozenset(row.id for row in await scene.rows())
        async with asyncio.timeout(60):
            while (await scene.bot.store.pulse.feel(("bad",), place.clock.now())).failing:
                place.clock.advance(61)
                scene.outbox.wake(mine)
                await asyncio.sleep(0.05)
        assert scene.outbox.hurt() == {}
        for _ in range(3):
            await scene.beat()
            await scene.look(31)
        assert broken in await scene.titles("resolved")


async def test_d09_a_folder_that_stays_broken_is_told_after_a_while(place: Place) -> None:
    async with process(place) as scene:
        place.folder.joinpath("knowledge", "people.yaml").write_text("people: 3")
        stopping = asyncio.Event()
        watching = asyncio.create_task(scene.bot.library.watch(scene.bot.store.log, stopping))
        await until(lambda: scene.bot.library.problem)
        stopping.set()
        await watching
        for _ in range(20):
            await scene.beat()
            await scene.look(30)
        assert await scene.titles() == []
        await scene.look(30)
        assert await scene.titles() == ["triagebot's knowledge folder is broken"]
        state = await first_state(scene)
        (alert,) = state.incident.firing
        assert "people.yaml" in alert.annotations["summary"]
        assert gauge("triage_check_ok", "knowledge") == 0


async def test_d09_others_look_through_the_same_seam(place: Place) -> None:
    async with process(place) as scene:
        scene.lacking = [Symptom("checkpoint", "TriagebotCheckpointStale", "warning", "old")]
        await scene.look()
        assert await scene.titles() == ["TriagebotCheckpointStale"]
        scene.lacking = []
        await scene.look(1)
        await scene.look(61)
        assert "TriagebotCheckpointStale" in await scene.titles("resolved")


async def test_d09_an_alarm_that_found_no_room_is_raised_at_the_next_look(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def full(*_: object) -> None:
        raise BusyError("full")

    async with process(place) as scene:
        with monkeypatch.context() as patch:
            patch.setattr(scene.bot.store.deliveries, "accept", full)
            with pytest.raises(BusyError):
                await scene.look(61)
        assert await scene.titles() == []
        await scene.look(1)
        assert await scene.titles() == ["No word from heartbeat/cron"]


async def test_the_watch_outlives_a_look_that_fails(
    place: Place, caplog: pytest.LogCaptureFixture
) -> None:
    async with process(place) as scene:
        asked = asyncio.Event()

        async def wrong(_now: datetime) -> Iterable[Symptom]:
            if asked.is_set():
                raise BusyError("away")
            asked.set()
            raise RuntimeError("a bug")

        stopping = asyncio.Event()
        watcher = Watcher(scene.bot, scene.outbox, also=[wrong], look_s=0.01)
        running = asyncio.create_task(watcher.run(stopping))
        await until(lambda: "could not look at itself: away" in caplog.text)
        stopping.set()
        await running
        assert "a bug" in caplog.text


async def test_g10_whoever_watches_no_more_leaves_no_gauge_behind(place: Place) -> None:
    async with process(place) as scene:
        stopping = asyncio.Event()
        running = asyncio.create_task(scene.watcher.run(stopping))
        await until(lambda: gauge("triage_silent_after_seconds", *DOOR) is not None)
        stopping.set()
        await running
        assert gauge("triage_silent_after_seconds", *DOOR) is None
        assert gauge("triage_last_heard_timestamp_seconds", *DOOR) is None
        assert gauge("triage_check_ok", "database") is None


async def test_g10_the_gauges_say_what_was_seen(place: Place) -> None:
    async with process(place) as scene:
        await scene.beat()
        await scene.house(ChainCheckpointed(heads={}))
        await scene.look()
        now = place.clock.now().timestamp()
        assert gauge("triage_audit_last_checkpoint_timestamp_seconds") == now
        assert gauge("triage_last_heard_timestamp_seconds", *DOOR) == now
        assert gauge("triage_silent_after_seconds", *DOOR) == 60
        assert gauge("triage_last_look_timestamp_seconds") == now
        assert gauge("triage_proposals_open", "unknown") == 0
        assert gauge("triage_check_ok", "database") == 1
