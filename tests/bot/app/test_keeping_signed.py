"""Checkpoints are signed, chained and seen elsewhere; and the chains are looked at each hour."""

import asyncio
from pathlib import Path

import pytest

from bot.app.checkpoint import fault_of, first_fault
from bot.app.keeping import Keeper
from bot.app.key import Key
from bot.app.verifying import Against, verify_lines
from bot.incident.fact import HOUSE
from bot.ports import Checkpoint
from bot.settings import Settings
from bot.store.witness import read_witness
from tests.bot.app.scene import gauge
from tests.bot.app.test_keeping import KEY, KEYS, WITNESS, keeper, taken
from tests.bot.store.attacking import attack, notes
from tests.bot.store.examples import note, say
from tests.fakes import FakeClock, open_store


@pytest.mark.usefixtures("each_database")
async def test_e43_each_checkpoint_is_signed_after_the_one_before_and_counts_the_events(
    tmp_path: Path,
) -> None:
    async with open_store(tmp_path) as store:
        one = keeper(store, tmp_path)
        incident = await notes(store)
        await one.checkpoint()
        await say(store, incident, note())
        await one.checkpoint()
        first, second = await taken(store)
    assert [fault_of(fact, KEYS) for fact in (first, second)] == ["", ""]
    assert (first.previous, second.previous) == ("", first.signature)
    assert (first.events, second.events) == (5, 7), "the checkpoint itself is one"
    assert first.key == KEY.id
    lines = read_witness(tmp_path / WITNESS).lines
    assert [line.checkpoint for line in lines.values()] == [first.signature, second.signature]
    assert [line.previous for line in lines.values()] == ["", first.signature]


@pytest.mark.usefixtures("each_database")
async def test_e43_a_checkpoint_is_a_log_line_too(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO", "bot.app.keeping")
    async with open_store(tmp_path) as store:
        await notes(store)
        await keeper(store, tmp_path).checkpoint()
        (fact,) = await taken(store)
        head = await store.checkpoints.hash_of(HOUSE, 1)
    said = f"checkpoint: house 1 {head}, 5 events, signed by {KEY.id}: {fact.signature}"
    assert caplog.messages == [said]


@pytest.mark.usefixtures("each_database")
async def test_e43_what_the_second_place_lacks_is_written_later_by_whoever_keeps(
    tmp_path: Path,
) -> None:
    file = tmp_path / WITNESS
    file.mkdir()
    async with open_store(tmp_path) as store:
        incident = await notes(store)
        await keeper(store, tmp_path).checkpoint()
        file.rmdir()
        await say(store, incident, note())
        await keeper(store, tmp_path).checkpoint()
        _, sound = await verify_lines(store, Against(file, KEYS))
        assert sound
    assert [line.seq for line in read_witness(file).lines.values()] == [1, 2]


async def test_e43_a_second_place_that_saw_another_log_is_left_alone_and_told(
    tmp_path: Path,
) -> None:
    async with open_store(tmp_path) as store:
        incident = await notes(store)
        await keeper(store, tmp_path).checkpoint()
        await say(store, incident, note())
        await keeper(store, tmp_path).checkpoint()
    before = (tmp_path / WITNESS).read_text()
    attack(
        tmp_path,
        "DELETE FROM event WHERE stream = 'house' AND seq = 2;"
        "DELETE FROM event WHERE stream = 'INC-1' AND seq = 6; UPDATE incident SET seq = 5",
    )
    async with open_store(tmp_path) as store:
        one = keeper(store, tmp_path)
        await say(store, incident, note("another story"))
        assert await one.checkpoint()
        assert "tells of another log than this one (house event 2)" in one.problem
    assert (tmp_path / WITNESS).read_text() == before


@pytest.mark.usefixtures("each_database")
async def test_e43_two_who_keep_at_once_make_one_chain_of_signatures(tmp_path: Path) -> None:
    async with open_store(tmp_path) as store:
        both = [keeper(store, tmp_path) for _ in range(2)]
        for _ in range(5):
            await notes(store, 1)
            await asyncio.gather(*(one.checkpoint() for one in both))
        facts = [Checkpoint(seq, "", fact) for seq, fact in enumerate(await taken(store), start=1)]
        assert first_fault(facts, KEYS) is None


async def test_e43_the_hourly_look_finds_what_was_changed_since_the_last(tmp_path: Path) -> None:
    async with open_store(tmp_path) as store:
        one = keeper(store, tmp_path)
        await one.look()
        assert one.verified is not None
        assert (one.verified.events, one.verified.faults) == (0, ())
        incident = await notes(store)
        await one.look()
        assert (one.verified.events, one.verified.faults) == (5, ())
        await one.checkpoint()
        await say(store, incident, note("note 6"))
        await one.look()
        assert (one.verified.events, one.verified.faults) == (1, ())
        assert gauge("triage_audit_verify_ok") == 1
        assert gauge("triage_checkpoint_signed") == 1
    attack(tmp_path, "UPDATE event SET body = replace(body, 'note 6', 'note 7') WHERE seq = 6")
    async with open_store(tmp_path) as store:
        one = keeper(store, tmp_path)
        await one.look()
        assert one.verified is not None
        assert one.verified.faults == ("INC-1 event 6: it is not what was written",)
        assert one.problem.startswith("the log is not what was written (INC-1 event 6")
        assert gauge("triage_audit_verify_ok") == 0


@pytest.mark.usefixtures("each_database")
async def test_e43_the_hourly_look_finds_a_checkpoint_signed_by_another_key(
    tmp_path: Path,
) -> None:
    async with open_store(tmp_path) as store:
        await notes(store)
        settings = Settings(signing_key_file=tmp_path / "key")
        await Keeper(store, FakeClock(), settings, Key(b"x" * 32)).checkpoint()
        one = keeper(store, tmp_path)
        await one.look()
        assert "which is none of yours" in one.problem


@pytest.mark.usefixtures("each_database")
async def test_e43_the_hourly_look_ends_after_so_many_events(tmp_path: Path) -> None:
    async with open_store(tmp_path) as store:
        for _ in range(3):
            await notes(store)
        assert await store.verify_newest(7) == (7, [])
        assert await store.verify_newest(100) == (15, [])
