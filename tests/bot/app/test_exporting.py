"""The log taken out: recorded first, the same bytes for the same log, proven without a database."""

import hashlib
import json
from datetime import timedelta
from pathlib import Path

import pytest

from bot.app.auditing import Auditing
from bot.app.export_file import check_file
from bot.app.exporting import hand_out
from bot.app.keeping import Keeper
from bot.app.key import Key
from bot.errors import BusyError, NotFoundError
from bot.incident.fact import HOUSE
from bot.incident.facts_action import DecisionRefused
from bot.incident.facts_house import AccessRefused, AuditExported, BotPaused
from bot.ports import Excerpt
from bot.settings import Settings
from bot.store import excerpt as pages
from bot.store.store import Store
from tests import fakes
from tests.bot.app.tampering import change, tampering
from tests.bot.store.attacking import notes
from tests.bot.store.examples import approved, decided, draft, note, proposal, proposed, say
from tests.fakes import T0, FakeClock, open_store

KEY = Key(b"k" * 32)
KEYS = {KEY.id: KEY.public}
WHOLE = Excerpt()


def auditing(store: Store, folder: Path) -> Auditing:
    settings = Settings(signing_key_file=folder / "key")
    return Auditing(store, settings, KEY, Keeper(store, FakeClock(), settings, KEY))


@pytest.fixture
def folder(tmp_path: Path, database_url: str) -> Path:
    fakes.DATABASES[tmp_path] = database_url
    return tmp_path


async def unrecorded(_trailer: object) -> None:
    """As offline."""


async def taken(store: Store, excerpt: Excerpt = WHOLE, key: Key | None = KEY) -> bytes:
    return b"".join([p async for p in await hand_out(store.excerpts, key, excerpt, unrecorded)])


def checked(folder: Path, raw: bytes, keys: dict[str, bytes] = KEYS) -> list[str]:
    """Return the faults that are found in an exported file; none when it is sound."""
    file = folder / "log.jsonl"
    file.write_bytes(raw)
    lines, sound = check_file(file, keys)
    return [] if sound else [line.removeprefix(f"{file} ") for line in lines]


async def filled(store: Store, clock: FakeClock | None = None) -> None:
    await notes(store)
    await store.log.record(HOUSE, lambda _: draft(BotPaused(by="dana")))
    if clock is not None:
        clock.advance(86400)
    await notes(store)


async def test_e42_the_log_taken_out_proves_itself_and_is_the_same_each_time(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pages, "PAGE", 3)
    async with open_store(folder) as store:
        await filled(store)
        first, second = await taken(store), await taken(store)
        heads = await store.log.heads()
    assert first == second
    assert checked(folder, first) == []
    header, *events, trailer = map(json.loads, first.splitlines())
    assert header["heads"] == {name: f"{seq}:{hashed}" for name, (seq, hashed) in heads.items()}
    assert [(one["stream"], one["seq"]) for one in events[:6]] == [
        *(("INC-1", seq) for seq in range(1, 6)),
        (HOUSE, 1),
    ]
    assert json.loads(events[1]["body"])["text"] == "note 2"
    assert (trailer["events"], trailer["streams"]) == (11, 3)
    assert (
        trailer["sha256"]
        == hashlib.sha256(b"".join(first.splitlines(keepends=True)[:-1])).hexdigest()
    )


async def test_e42_an_export_is_an_event_before_its_first_byte_leaves(folder: Path) -> None:
    async with open_store(folder) as store:
        await filled(store)
        pieces = await auditing(store, folder).export("api:dana", WHOLE)
        (*_, event) = await store.log.load(HOUSE)
        raw = b"".join([piece async for piece in pieces])
    trailer = json.loads(raw.splitlines()[-1])
    assert event.actor == "api:dana"
    assert event.body == AuditExported(
        by="api:dana", streams=3, events=11, digest=trailer["sha256"]
    )
    assert checked(folder, raw) == []


async def test_e42_what_cannot_be_recorded_is_not_handed_out(tmp_path: Path) -> None:
    async def refuse(_trailer: object) -> None:
        raise BusyError("the disk is full")

    async with open_store(tmp_path) as store:
        await filled(store)
        with pytest.raises(BusyError):
            await hand_out(store.excerpts, KEY, WHOLE, refuse)


def streams_of(raw: bytes) -> set[str]:
    return {json.loads(line)["stream"] for line in raw.splitlines()[1:-1]}


async def test_one_incident_or_what_came_since_a_day_is_taken_out(folder: Path) -> None:
    clock = FakeClock()
    async with open_store(folder, clock) as store:
        await filled(store, clock)
        one = await taken(store, Excerpt("INC-1"))
        late = await taken(store, Excerpt(since=T0 + timedelta(hours=1)))
        none = await taken(store, Excerpt("INC-1", T0 + timedelta(hours=1)))
        with pytest.raises(NotFoundError, match="INC-9"):
            await taken(store, Excerpt("INC-9"))
        await say(store, "INC-2", note("later"))
        assert await taken(store, Excerpt("INC-1")) == one, "it did not change"
    assert [streams_of(raw) for raw in (one, late, none)] == [{"INC-1"}, {"INC-2"}, set()]
    for raw in (one, late, none):
        assert checked(folder, raw) == []


async def test_the_rest_of_a_stream_is_chained_from_where_it_begins(folder: Path) -> None:
    clock = FakeClock()
    async with open_store(folder, clock) as store:
        incident = await notes(store)
        clock.advance(60)
        await say(store, incident, note("late"), note("later"))
        raw = await taken(store, Excerpt(since=T0 + timedelta(seconds=30)))
    assert checked(folder, raw) == []
    assert [json.loads(line)["seq"] for line in raw.splitlines()[1:-1]] == [6, 7]


def turned(raw: bytes, old: bytes, new: bytes) -> bytes:
    assert old in raw
    return raw.replace(old, new, 1)


async def test_e43_every_change_of_an_exported_file_is_found(tmp_path: Path) -> None:
    async with open_store(tmp_path) as store:
        await filled(store)
        raw = await taken(store)
    lines = raw.splitlines(keepends=True)
    torn = {
        "a byte of a body": (turned(raw, b"note 3", b"note 4"), "line 4: it is not what was"),
        "a time": (turned(raw, b"2025-03-01T12", b"2025-03-01T13"), "line 2: it is not what was"),
        "one taken out": (b"".join(lines[:3] + lines[4:]), "line 4: it does not follow"),
        "two exchanged": (
            b"".join([*lines[:2], lines[3], lines[2], *lines[4:]]),
            "line 3: it does not follow",
        ),
        "the end cut off": (b"".join(lines[:-1]), "does not end with its signed last line"),
        "the last event cut off": (
            b"".join([*lines[:-2], lines[-1]]),
            "line 1: its heads are not those of the events",
        ),
        "a header changed": (turned(raw, b'"through":11', b'"through":12'), "the bytes are not"),
        "the count changed": (
            turned(raw, b'"events":11', b'"events":12'),
            "it has not as many events as were signed",
        ),
        "the signature changed": (
            turned(raw, b'"signature":"', b'"signature":"AA'),
            "bears a signature that is not that of what it says",
        ),
        "no line": (b"", "does not end with its signed last line"),
        "no text": (b"\xff\xfe\n" * 30, "cannot be read"),
    }
    for name, (changed, fault) in torn.items():
        found = checked(tmp_path, changed)
        assert any(fault in one for one in found), (name, found)


async def test_e43_a_file_made_anew_is_not_signed_by_this_bot(tmp_path: Path) -> None:
    other = Key(b"x" * 32)
    async with open_store(tmp_path) as store:
        await filled(store)
        forged, bare = await taken(store, key=other), await taken(store, key=None)
    (fault,) = checked(tmp_path, forged)
    assert f"is signed by key {other.id}, which is none of yours" in fault
    assert checked(tmp_path, bare) == ["is not signed"]


async def test_e42_what_was_changed_in_the_database_shows_in_the_export(folder: Path) -> None:
    async with open_store(folder) as store:
        await filled(store)
    with tampering(folder) as connection:
        change(connection, "INC-1", 3, b"note 3", b"note\xff3")
    async with open_store(folder) as store:
        raw = await taken(store)
    assert raw.isascii()
    assert checked(folder, raw) == ["line 4: it is not what was written"]


async def test_e42_the_newest_refusals_come_first_with_the_security_events(folder: Path) -> None:
    async with open_store(folder) as store:
        incident = await notes(store, 0)
        made = proposal(incident)
        await say(store, incident, proposed(made), decided(made), approved(made))
        refused = DecisionRefused(
            proposal=made.id, digest="", actor="web:eve", why="no", payload_digest=""
        )
        await say(store, incident, refused)
        access = AccessRefused(actor="web:unknown", why="wrong token")
        await store.log.record(HOUSE, lambda _: draft(access))
        found = await auditing(store, folder).refusals()
        assert [event.body for event in found] == [access, refused]
        assert len(await auditing(store, folder).refusals(1)) == 1


async def test_the_standing_tells_of_the_newest_checkpoint(folder: Path) -> None:
    async with open_store(folder) as store:
        settings = Settings(signing_key_file=folder / "key", checkpoints=folder / "place")
        keeper = Keeper(store, FakeClock(), settings, KEY)
        told = Auditing(store, settings, KEY, keeper)
        young = await told.standing()
        assert (young.events, young.newest, young.verified) == (0, None, None)
        await filled(store)
        await keeper.look()
        await keeper.checkpoint()
        await say(store, "INC-1", note())
        standing = await told.standing()
    assert standing.events == 13
    assert standing.key == KEY.id
    assert standing.place == str(folder / "place")
    assert standing.newest is not None
    assert (standing.newest.seq, standing.newest.events, standing.newest.fault) == (2, 11, "")
    assert standing.verified is not None
    assert standing.verified.events == 11
