"""The audit names the stream and the first seq that is not what was written (E-42)."""

from pathlib import Path

import pytest

from bot.incident.fact import HOUSE
from bot.incident.facts_house import BotPaused, ChainCheckpointed
from bot.ports import Draft
from bot.store.audit import Break
from bot.store.store import Store
from tests.bot.store.attacking import attack, notes
from tests.bot.store.examples import draft, note, open_incident, say
from tests.fakes import open_store

ATTACKS = {
    "a flipped byte": "UPDATE event SET body = replace(body, 'note 3', 'note 4') WHERE seq = 3",
    "a body made text": "UPDATE event SET body = 'x' WHERE seq = 3",
    "an actor made bytes": "UPDATE event SET actor = x'ff00' WHERE seq = 3",
    "a seq made text": "UPDATE event SET seq = 'x' WHERE seq = 3",
    "a hash made text": "UPDATE event SET hash = 'x' WHERE seq = 3",
    "another time": "UPDATE event SET at = '2025-03-01T12:00:00.000001Z' WHERE seq = 3",
    "another actor": "UPDATE event SET actor = 'console:kim' WHERE seq = 3",
    "another type": "UPDATE event SET type = 'NoteKept' WHERE seq = 3",
    "another version": "UPDATE event SET v = 2 WHERE seq = 3",
    "another hash": "UPDATE event SET hash = zeroblob(32) WHERE seq = 3",
    "another way from the one before": "UPDATE event SET prev = zeroblob(32) WHERE seq = 3",
    "one taken out": "DELETE FROM event WHERE seq = 3",
    "two exchanged": (
        "UPDATE event SET seq = 99 WHERE seq = 4; UPDATE event SET seq = 4 WHERE seq = 3; "
        "UPDATE event SET seq = 3 WHERE seq = 99"
    ),
    "one put between": (
        "UPDATE event SET seq = 6 WHERE seq = 5; UPDATE event SET seq = 5 WHERE seq = 4; "
        "UPDATE event SET seq = 4 WHERE seq = 3; INSERT INTO event (stream, seq, type, v, at, "
        "actor, body, prev, hash) SELECT stream, 3, type, v, at, actor, body, prev, hash "
        "FROM event WHERE seq = 2 AND stream = 'INC-1'"
    ),
    "the end cut off": "DELETE FROM event WHERE seq >= 3",
}


async def checkpoint(store: Store) -> None:
    heads = {name: f"{seq}:{digest}" for name, (seq, digest) in (await store.log.heads()).items()}
    fact = ChainCheckpointed(heads=heads)

    def build(_state: object) -> Draft:
        return draft(fact)

    await store.log.record(HOUSE, build)


async def test_an_untouched_log_is_whole(tmp_path: Path) -> None:
    async with open_store(tmp_path) as store:
        assert await store.verify() == []
        await notes(store)
        await checkpoint(store)
        await notes(store)
        assert await store.verify() == []


@pytest.mark.parametrize("name", ATTACKS)
async def test_e42_an_attack_shows_at_the_first_event_it_touched(tmp_path: Path, name: str) -> None:
    async with open_store(tmp_path) as store:
        await notes(store)
    attack(tmp_path, ATTACKS[name])
    async with open_store(tmp_path) as store:
        (found,) = await store.verify()
        assert (found.stream, found.seq) == ("INC-1", 3), found


async def test_other_streams_are_not_blamed(tmp_path: Path) -> None:
    async with open_store(tmp_path) as store:
        for _ in range(3):
            await notes(store)
    attack(tmp_path, "UPDATE event SET actor = 'x' WHERE seq = 2 AND stream <> 'INC-2'")
    async with open_store(tmp_path) as store:
        found = await store.verify()
        assert [(one.stream, one.seq) for one in found] == [("INC-1", 2), ("INC-3", 2)]


SEEN: dict[str, tuple[str, Break]] = {
    "a cut tail": (
        "UPDATE incident SET seq = 2; DELETE FROM event WHERE stream = 'INC-1' AND seq > 2",
        Break("INC-1", 3, "it is missing; the stream went on to 5"),
    ),
    "a stream that is gone": (
        "DELETE FROM incident; DELETE FROM event WHERE stream = 'INC-1'",
        Break("INC-1", 1, "all its 5 events are gone"),
    ),
}


@pytest.mark.parametrize("name", SEEN)
async def test_e42_a_checkpoint_remembers_what_the_rows_no_longer_tell(
    tmp_path: Path, name: str
) -> None:
    async with open_store(tmp_path) as store:
        await notes(store)
        await checkpoint(store)
    script, expected = SEEN[name]
    attack(tmp_path, script)
    async with open_store(tmp_path) as store:
        assert await store.verify() == [expected]


async def test_e42_a_chain_that_was_made_anew_shows_at_the_checkpoint(tmp_path: Path) -> None:
    async with open_store(tmp_path) as store:
        await notes(store)
        await checkpoint(store)
    other = tmp_path / "other"
    other.mkdir()
    async with open_store(other) as store:
        incident = await open_incident(store)
        for number in range(2, 6):
            await say(store, incident, note(f"forged {number}"))
        await store.writer.submit(lambda tx: tx.run("DROP TRIGGER event_no_update").rowcount)
    attack(
        tmp_path,
        "DELETE FROM event WHERE stream = 'INC-1';"
        "UPDATE other.event SET row = row + 100;"
        "INSERT INTO event SELECT * FROM other.event",
        f"{other}/bot.db",
    )
    async with open_store(tmp_path) as store:
        why = "a checkpoint saw another event here"
        assert await store.verify() == [Break("INC-1", 5, why)]


async def test_a_checkpoint_that_cannot_be_read_is_a_break_and_no_crash(tmp_path: Path) -> None:
    async with open_store(tmp_path) as store:
        await notes(store)
        await checkpoint(store)
        await store.log.record(HOUSE, lambda _: draft(BotPaused(by="dana")))
    attack(tmp_path, "UPDATE event SET body = 'x' WHERE type = 'ChainCheckpointed'")
    async with open_store(tmp_path) as store:
        assert await store.verify() == [Break(HOUSE, 1, "it is not what was written")]


async def test_a_row_that_was_moved_in_the_log_as_a_whole_shows(tmp_path: Path) -> None:
    async with open_store(tmp_path) as store:
        await notes(store)
    attack(
        tmp_path,
        "UPDATE event SET row = -1 WHERE seq = 3; UPDATE event SET row = 3 WHERE seq = 4;"
        "UPDATE event SET row = 4 WHERE seq = 3",
    )
    async with open_store(tmp_path) as store:
        why = "it was moved before the one it follows"
        assert await store.verify() == [Break("INC-1", 4, why)]


async def test_every_checkpoint_counts_not_only_the_newest(tmp_path: Path) -> None:
    async with open_store(tmp_path) as store:
        await notes(store)
        await checkpoint(store)
        await store.log.record(HOUSE, lambda _: draft(ChainCheckpointed(heads={"house": "1:ab"})))
    attack(tmp_path, "DELETE FROM incident; DELETE FROM event WHERE stream = 'INC-1'")
    async with open_store(tmp_path) as store:
        assert Break("INC-1", 1, "all its 5 events are gone") in await store.verify()
