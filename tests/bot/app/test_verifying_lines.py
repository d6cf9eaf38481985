"""`audit verify` against whoever can write the second place."""

import json
from pathlib import Path

import pytest

from bot.app import checkpoint
from tests import fakes
from tests.bot.app.second_place import LAST, THEIRS, Place, witnessed
from tests.bot.store.examples import note, say
from tests.fakes import open_store


@pytest.fixture
async def place(tmp_path: Path, database_url: str) -> Place:
    """A log on each database."""
    fakes.DATABASES[tmp_path] = database_url
    return await witnessed(tmp_path)


def lines_of(place: Place) -> list[dict[str, object]]:
    return [json.loads(line) for line in place.file.read_text().splitlines()]


def write(place: Place, lines: list[dict[str, object]]) -> None:
    place.file.write_text("".join(f"{json.dumps(line)}\n" for line in lines))


async def test_e43_a_changed_line_of_the_second_place_is_found(place: Place) -> None:
    lines = lines_of(place)
    for field, value in {"at": "2031", "events": 1, "through": 1, "seq": 3}.items():
        write(place, [lines[0], {**lines[1], field: value}])
        fault = f"{place.file} line 2: its signature is not that of what it says"
        assert fault in await place.verify()


async def test_e43_a_line_signed_by_another_key_is_found(place: Place) -> None:
    async with open_store(place.folder) as store:
        (_, seen) = await store.checkpoints.since(0)
    assert seen.fact is not None
    forged = checkpoint.signed_line(THEIRS, seen, seen.fact)
    write(place, [lines_of(place)[0], forged.model_dump(mode="json")])
    (fault,) = await place.verify()
    assert f"line 2: it is signed by key {THEIRS.id}, which is none of yours" in fault


@pytest.mark.parametrize("missing", [1, 2, 3])
async def test_e43_a_line_that_was_taken_out_is_missed(place: Place, missing: int) -> None:
    async with open_store(place.folder) as store:
        await say(store, "INC-2", note())
        assert await place.keeper(store).checkpoint()
    lines = lines_of(place)
    write(place, [line for number, line in enumerate(lines, start=1) if number != missing])
    seq = {1: 2, 2: LAST, 3: LAST + 1}[missing]
    faults = await place.verify()
    assert any(f"the checkpoint of house event {seq} is not in it" in fault for fault in faults)
    if missing == 2:
        assert f"{place.file} line 2: it does not follow the line before it" in faults[0]


async def test_e43_a_line_without_a_signature_after_signed_ones_is_found(place: Place) -> None:
    lines = lines_of(place)
    bare = {name: lines[1][name] for name in ("at", "seq", "hash", "heads")}
    write(place, [lines[0], bare])
    assert f"{place.file} line 2: it is not signed, and a line before it is" in await place.verify()
