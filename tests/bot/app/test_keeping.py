"""The keeper's checkpoints: what they hold, where they go, and which attacks they uncover."""

import asyncio
import json
from pathlib import Path

import pytest

from bot.app import checkpoint, keeping
from bot.app.keeping import Keeper
from bot.app.key import Key
from bot.app.verifying import Against, verify_lines
from bot.incident.fact import HOUSE
from bot.incident.facts_house import BotPaused, ChainCheckpointed
from bot.settings import Settings
from bot.store.checkpoints import newest_heads
from bot.store.store import Store
from tests.bot.app.test_retention import alarm, is_there
from tests.bot.store.attacking import attack, notes
from tests.bot.store.examples import close_incident, draft, note, say
from tests.fakes import FakeClock, open_store

WITNESS = "checkpoints.jsonl"
KEY = Key(b"a key of the tests, 32 bytes long")
KEYS = {KEY.id: KEY.public}


def keeper(store: Store, folder: Path, clock: FakeClock | None = None) -> Keeper:
    settings = Settings(checkpoints=folder / WITNESS, signing_key_file=folder / "key")
    return Keeper(store, clock or FakeClock(), settings, KEY)


async def taken(store: Store) -> list[ChainCheckpointed]:
    events = await store.log.load(HOUSE)
    return [event.body for event in events if isinstance(event.body, ChainCheckpointed)]


async def verified(folder: Path, *, outside: bool) -> list[str]:
    """Return what `audit verify` prints of a log that is not sound."""
    async with open_store(folder) as store:
        file = folder / WITNESS if outside else None
        lines, sound = await verify_lines(store, Against(file, KEYS))
    assert not sound, lines
    return lines


@pytest.mark.usefixtures("each_database")
async def test_e43_a_checkpoint_holds_the_heads_and_only_when_something_moved(
    tmp_path: Path,
) -> None:
    async with open_store(tmp_path) as store:
        one = keeper(store, tmp_path)
        assert not await one.checkpoint(), "there is nothing to note yet"
        await notes(store)
        await notes(store)
        heads = await store.log.heads()
        assert await one.checkpoint()
        assert not await one.checkpoint()
        (fact,) = await taken(store)
        assert newest_heads([fact.heads]) == heads
        assert fact.through == 10


@pytest.mark.usefixtures("each_database")
async def test_e43_what_did_not_move_is_not_told_again(tmp_path: Path) -> None:
    async with open_store(tmp_path) as store:
        one = keeper(store, tmp_path)
        await notes(store)
        moving = await notes(store)
        await one.checkpoint()
        await say(store, moving, note())
        await one.checkpoint()
        _, second = await taken(store)
        assert set(second.heads) == {moving}
        everything = newest_heads(fact.heads for fact in await taken(store))
        heads = await store.log.heads()
        assert everything == {name: heads[name] for name in ("INC-1", "INC-2")}


@pytest.mark.usefixtures("each_database")
async def test_e43_a_busy_hour_makes_several_events_in_one_write(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(checkpoint, "HEADS", 2)
    async with open_store(tmp_path) as store:
        for _ in range(5):
            await notes(store, 0)
        await keeper(store, tmp_path).checkpoint()
        assert [len(fact.heads) for fact in await taken(store)] == [2, 2, 1]
        assert not await keeper(store, tmp_path).checkpoint()
        assert await store.verify() == []


SWAP = """
UPDATE event SET seq = 99 WHERE stream = 'INC-1' AND seq = 4;
UPDATE event SET seq = 4 WHERE stream = 'INC-1' AND seq = 3;
UPDATE event SET seq = 3 WHERE stream = 'INC-1' AND seq = 99;
"""
ATTACKS = {
    "a deleted incident": (
        "DELETE FROM incident WHERE id = 'INC-1'; DELETE FROM event WHERE stream = 'INC-1'",
        "INC-1 event 1: all its 5 events are gone",
    ),
    "a cut tail": (
        "UPDATE incident SET seq = 2; DELETE FROM event WHERE stream = 'INC-1' AND seq > 2",
        "INC-1 event 3: it is missing; the stream went on to 5",
    ),
    "a flipped byte": (
        "UPDATE event SET body = replace(body, 'note 3', 'note 4') WHERE seq = 3",
        "INC-1 event 3: it is not what was written",
    ),
    "a reordered row": (
        SWAP,
        "INC-1 event 3: it does not follow the event before it",
    ),
}


@pytest.mark.parametrize("name", ATTACKS)
async def test_e43_each_attack_is_found_by_audit_verify(tmp_path: Path, name: str) -> None:
    async with open_store(tmp_path) as store:
        await notes(store)
        await keeper(store, tmp_path).checkpoint()
        await store.log.record(HOUSE, lambda _: draft(BotPaused(by="dana")))
    script, expected = ATTACKS[name]
    attack(tmp_path, script)
    assert await verified(tmp_path, outside=False) == [expected]
    assert await verified(tmp_path, outside=True) == [expected]


async def test_e43_a_tail_cut_with_its_checkpoint_is_found_by_the_file_outside(
    tmp_path: Path,
) -> None:
    async with open_store(tmp_path) as store:
        one = keeper(store, tmp_path)
        incident = await notes(store)
        await one.checkpoint()
        await say(store, incident, note("the part to hide"))
        await one.checkpoint()
    attack(
        tmp_path,
        "DELETE FROM event WHERE stream = 'house' AND seq = 2;"
        "DELETE FROM event WHERE stream = 'INC-1' AND seq = 6; UPDATE incident SET seq = 5",
    )
    async with open_store(tmp_path) as store:
        lines, sound = await verify_lines(store, Against(keys=KEYS))
        assert sound
        assert lines[0] == "sound: 2 streams, 6 events, every hash fits"
    assert await verified(tmp_path, outside=True) == [
        "INC-1 event 6: it is missing; the stream went on to 6",
        "house event 2: it is missing; the stream went on to 2",
    ]


async def test_e43_everything_deleted_is_found_by_the_file_outside(tmp_path: Path) -> None:
    async with open_store(tmp_path) as store:
        await notes(store)
        await keeper(store, tmp_path).checkpoint()
    attack(tmp_path, "DELETE FROM incident; DELETE FROM event")
    assert await verified(tmp_path, outside=True) == [
        "INC-1 event 1: all its 5 events are gone",
        "house event 1: all its 1 events are gone",
    ]


async def test_the_file_is_for_its_owner_and_survives_a_torn_line(tmp_path: Path) -> None:
    file = tmp_path / WITNESS
    async with open_store(tmp_path) as store:
        one = keeper(store, tmp_path)
        incident = await notes(store)
        await one.checkpoint()
        assert file.stat().st_mode & 0o777 == 0o600
        with file.open("a") as out:
            out.write('{"at":"2025')
        await say(store, incident, note())
        await one.checkpoint()
        lines, sound = await verify_lines(store, Against(file, KEYS))
        assert sound
        assert lines[0] == f"{file} line 2 cannot be read and was left out"
    first, _, third = file.read_text().splitlines()
    assert json.loads(first)["seq"] == 1
    assert json.loads(third)["heads"]["INC-1"].startswith("6:")


async def test_a_file_that_cannot_be_written_is_a_problem_and_no_end(tmp_path: Path) -> None:
    file = tmp_path / WITNESS
    file.mkdir()
    async with open_store(tmp_path) as store:
        one = keeper(store, tmp_path)
        incident = await notes(store)
        assert await one.checkpoint()
        assert f"TRIAGE_CHECKPOINTS: {file} cannot be written" in one.problem
        file.rmdir()
        await say(store, incident, note())
        assert await one.checkpoint()
        assert one.problem == ""


async def test_a_round_notes_the_heads_deletes_what_is_old_and_ends_when_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(keeping, "FIRST_S", 0.0)
    clock = FakeClock()
    async with open_store(tmp_path, clock) as store:
        await close_incident(store, await alarm(store, "d1", "over"))
        clock.advance(31 * 86400)
        one, stopping = keeper(store, tmp_path, clock), asyncio.Event()
        running = asyncio.create_task(one.run(stopping))
        async with asyncio.timeout(60):
            while await is_there(store, "d1"):  # noqa: ASYNC110 - deleting tells nobody
                await asyncio.sleep(0.01)
        incident = await notes(store)
        stopping.set()
        await running
        last = (await taken(store))[-1]
        assert incident in last.heads
        assert await store.verify() == []
