"""`audit verify` against whoever can write the database, or the second place, or both but a key."""

from collections.abc import Callable
from pathlib import Path

import pytest
from sqlalchemy import Connection, text

from bot.app import checkpoint
from bot.app.checkpoint import signed_facts
from bot.app.key import Key
from bot.app.verifying import Against, verify_lines
from bot.errors import NotFoundError
from bot.incident.events import encode
from bot.incident.fact import HOUSE
from bot.incident.facts_house import ChainCheckpointed
from bot.ports import Moved
from tests import fakes
from tests.bot.app.second_place import KEYS, LAST, OURS, THEIRS, Place, witnessed
from tests.bot.app.tampering import chain_anew, change, run, tampering
from tests.bot.store.examples import note, say
from tests.fakes import open_store


@pytest.fixture
async def place(tmp_path: Path, database_url: str) -> Place:
    """A log on each database."""
    fakes.DATABASES[tmp_path] = database_url
    return await witnessed(tmp_path)


SWAP = """
UPDATE event SET seq = 99 WHERE stream = 'INC-1' AND seq = 4;
UPDATE event SET seq = 4 WHERE stream = 'INC-1' AND seq = 3;
UPDATE event SET seq = 3 WHERE stream = 'INC-1' AND seq = 99
"""
GONE = "DELETE FROM incident WHERE id = 'INC-1'; DELETE FROM event WHERE stream = 'INC-1'"
CUT = (
    "DELETE FROM event WHERE stream = 'INC-1' AND seq > 3; "
    "UPDATE incident SET seq = 3 WHERE id = 'INC-1'"
)
CLUMSY: dict[str, tuple[Callable[[Connection], None], str]] = {
    "a flipped byte": (
        lambda db: change(db, "INC-1", 3, b"note 3", b"note 4"),
        "INC-1 event 3: it is not what was written",
    ),
    "a deleted row": (
        lambda db: run(db, "DELETE FROM event WHERE stream = 'INC-1' AND seq = 3"),
        "INC-1 event 3: it is missing; the next one is 4",
    ),
    "a cut tail": (
        lambda db: run(db, CUT),
        "INC-1 event 4: it is missing; the stream went on to 5",
    ),
    "two reordered": (
        lambda db: run(db, SWAP),
        "INC-1 event 3: it does not follow the event before it",
    ),
    "a deleted incident": (lambda db: run(db, GONE), "INC-1 event 1: all its 5 events are gone"),
}


@pytest.mark.parametrize("name", CLUMSY)
async def test_e43_what_was_done_to_the_log_is_found_at_its_first_event(
    place: Place, name: str
) -> None:
    attack, expected = CLUMSY[name]
    with tampering(place.folder) as connection:
        attack(connection)
    for outside in (False, True):
        assert expected in await place.verify(outside=outside)


def rewritten(connection: Connection, *, signed_by: Key | None) -> None:
    """Change what INC-1 says, count every hash anew, and make the checkpoints fit."""
    change(connection, "INC-1", 3, b"note 3", b"forged")
    hashes = chain_anew(connection, "INC-1")
    checkpoints = [(seq, fact) for seq, fact in _facts(connection)]
    previous = ""
    for seq, fact in checkpoints:
        heads = {**fact.heads}
        if "INC-1" in heads:
            at = int(heads["INC-1"].partition(":")[0])
            heads["INC-1"] = f"{at}:{hashes[at - 1]}"
        made = fact.model_copy(update={"heads": heads})
        if signed_by is not None:
            moved = Moved(heads, fact.through, fact.events, previous)
            at_ = fact.taken_at
            assert at_ is not None
            (made,) = signed_facts(signed_by, moved, at_, witnessed=fact.witnessed)
            previous = made.signature
        store(connection, seq, made)
        house = chain_anew(connection, HOUSE)
        _fit_house(connection, house)
    chain_anew(connection, HOUSE)


def _fit_house(connection: Connection, hashes: list[str]) -> None:
    for seq, fact in _facts(connection):
        if HOUSE in fact.heads and not fact.signature:
            at = int(fact.heads[HOUSE].partition(":")[0])
            heads = {**fact.heads, HOUSE: f"{at}:{hashes[at - 1]}"}
            store(connection, seq, fact.model_copy(update={"heads": heads}))


def _facts(connection: Connection) -> list[tuple[int, ChainCheckpointed]]:
    asked = "SELECT seq, body FROM event WHERE type = 'ChainCheckpointed' ORDER BY seq"
    rows = connection.execute(text(asked)).all()
    return [(seq, ChainCheckpointed.model_validate_json(bytes(body))) for seq, body in rows]


def store(connection: Connection, seq: int, fact: ChainCheckpointed) -> None:
    update = "UPDATE event SET body = :body WHERE stream = 'house' AND seq = :seq"
    connection.execute(text(update), {"body": encode(fact), "seq": seq})


def unsigned(fact: ChainCheckpointed) -> ChainCheckpointed:
    return ChainCheckpointed(heads=fact.heads, through=fact.through)


async def test_e43_a_rewritten_chain_does_not_fit_the_signed_checkpoints(place: Place) -> None:
    with tampering(place.folder) as connection:
        rewritten(connection, signed_by=None)
    faults = await place.verify(outside=False)
    assert "house event 2: its signature is not that of what it says" in faults
    assert await place.verify() != []


async def test_e43_a_rewritten_log_signed_by_another_key_is_found(place: Place) -> None:
    with tampering(place.folder) as connection:
        rewritten(connection, signed_by=THEIRS)
    faults = await place.verify(outside=False)
    assert any(
        fault.startswith(f"house event 2: it is signed by key {THEIRS.id}, which is none of yours")
        for fault in faults
    ), faults


async def test_e43_signatures_that_were_taken_away_are_missed(place: Place) -> None:
    with tampering(place.folder) as connection:
        for seq, fact in _facts(connection):
            store(connection, seq, unsigned(fact))
        _fit_house(connection, chain_anew(connection, HOUSE))
        chain_anew(connection, HOUSE)
    assert await place.verify(outside=False) == [f"house event {LAST}: {checkpoint.UNSIGNED}"]


async def test_e43_one_signature_that_was_taken_away_is_missed(place: Place) -> None:
    with tampering(place.folder) as connection:
        seq, fact = _facts(connection)[-1]
        store(connection, seq, unsigned(fact))
        chain_anew(connection, HOUSE)
    assert await place.verify(outside=False) == [
        f"house event {LAST}: this checkpoint is not signed, and one before it is"
    ]


async def test_e43_a_checkpoint_that_was_taken_out_breaks_the_chain_of_signatures(
    place: Place,
) -> None:
    with tampering(place.folder) as connection:
        run(connection, "DELETE FROM event WHERE stream = 'house' AND seq = 2")
        chain_anew(connection, HOUSE)
    faults = await place.verify(outside=False)
    assert "the checkpoint before this one is not the one it was signed after" in faults[-1]


async def test_e43_an_incident_deleted_with_its_last_checkpoint_is_found_outside(
    place: Place,
) -> None:
    with tampering(place.folder) as connection:
        run(connection, "DELETE FROM event WHERE stream = 'house' AND seq = 4")
        run(connection, GONE.replace("INC-1", "INC-2"))
    assert await place.verify(outside=False) == []
    assert await place.verify() == [
        "INC-2 event 1: all its 5 events are gone",
        f"house event {LAST}: it is missing; the stream went on to {LAST}",
    ]


async def test_e43_the_keys_of_another_bot_verify_nothing(place: Place) -> None:
    faults = await place.verify(key=THEIRS)
    assert any(f"signed by key {OURS.id}, which is none of yours" in fault for fault in faults)


async def test_e43_without_a_key_nobody_is_told_that_all_is_sound(place: Place) -> None:
    async with open_store(place.folder) as store:
        lines, sound = await verify_lines(store, Against())
    assert not sound
    assert "name one with --public-key" in lines[0]


async def test_e43_after_a_change_of_the_key_both_count(place: Place) -> None:
    async with open_store(place.folder) as store:
        await say(store, "INC-2", note())
        assert await place.keeper(store, THEIRS).checkpoint()
        both = {**KEYS, THEIRS.id: THEIRS.public}
        lines, sound = await verify_lines(store, Against(place.file, both))
    assert sound, lines
    assert lines[1] == f"3 signed checkpoints, the newest is house event {LAST + 1}"


MOVE = "UPDATE event SET row = 99 WHERE stream = 'INC-2' AND seq = 5"
MOVE_ON_POSTGRESQL = """
INSERT INTO event (row, stream, seq, type, v, at, actor, body, prev, hash)
OVERRIDING SYSTEM VALUE SELECT 99, stream, -5, type, v, at, actor, body, prev, hash
FROM event WHERE stream = 'INC-2' AND seq = 5;
DELETE FROM event WHERE stream = 'INC-2' AND seq = 5;
UPDATE event SET seq = 5 WHERE seq = -5
"""


async def test_e43_what_came_after_a_checkpoint_is_counted(place: Place) -> None:
    with tampering(place.folder) as connection:
        move = MOVE if connection.dialect.name == "sqlite" else MOVE_ON_POSTGRESQL
        run(connection, move)
    (fault,) = await place.verify(outside=False)
    assert f"house event {LAST}: it counted 13 events up to then, and there are 12" in fault


async def test_e43_from_a_seq_on_only_the_rest_is_walked(place: Place) -> None:
    with tampering(place.folder) as connection:
        change(connection, "INC-1", 2, b"note 2", b"forged")
    async with open_store(place.folder) as store:
        against = Against(place.file, KEYS)
        for stream, seq, sound in (("", 1, False), ("INC-1", 1, False), ("INC-1", 5, False)):
            assert (await verify_lines(store, against, stream, seq))[1] == sound
        lines, sound = await verify_lines(store, against, "INC-1", 6)
        assert sound, lines
        assert lines[0].startswith("sound: 1 stream, 6 events, every hash from event 6 on fits")
        assert (await verify_lines(store, against, "", 6))[1]
        assert (await verify_lines(store, against, "INC-2"))[1]
        with pytest.raises(NotFoundError, match="INC-9"):
            await verify_lines(store, against, "INC-9")


async def test_e43_from_a_seq_on_what_a_checkpoint_saw_must_be_there(place: Place) -> None:
    with tampering(place.folder) as connection:
        change(connection, "INC-1", 2, b"note 2", b"forged")
        chain_anew(connection, "INC-1")
    async with open_store(place.folder) as store:
        lines, sound = await verify_lines(store, Against(place.file, KEYS), "INC-1", 6)
    assert not sound
    assert lines == ["INC-1 event 5: a checkpoint saw another event here"]
