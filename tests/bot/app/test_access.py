"""What lets people in bears a seal: forged, changed and repeated facts and rows let nobody in."""

import logging
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from bot.app.access import Access, SealedSessions
from bot.app.household import Household
from bot.app.key import Key
from bot.errors import SignatureError
from bot.incident.authority import Person
from bot.incident.fact import HOUSE, Fact
from bot.incident.facts_house import LinkIssued, PersonLinked, PersonUnlinked, TokenIssued
from bot.intake.house_pen import HousePen
from bot.intake.tokens import ApiTokens
from bot.knowledge.people import People
from bot.ports import Draft, SessionRow
from bot.store.store import Store
from tests.bot.engine.making import Team
from tests.fakes import T0, FakeClock, open_store

pytestmark = pytest.mark.usefixtures("each_database")

OURS, THEIRS = Key(b"a" * 32), Key(b"b" * 32)
ACCOUNT = "slack:T1/U9"
SESSION = SessionRow("s1", "dana", "c1", T0, T0)
LATER = T0 + timedelta(days=30)
LINKED = PersonLinked(person="dana", actor=ACCOUNT, by="dana")
FORGED: dict[str, Fact] = {
    "account": LINKED,
    "token": TokenIssued(person="dana", name="t", digest="d" * 64, by="dana", expires_at=LATER),
    "link": LinkIssued(digest="d" * 64, person="dana", actor="", by="dana", expires_at=LATER),
}


def household(store: Store) -> Household:
    return Household(store.log, read_only=False, is_own=Access(OURS).is_own)


def pen(store: Store, key: Key = OURS) -> HousePen:
    team = Team(people=People((Person(name="dana"),)))
    return HousePen(store.log, team, household(store).refresh, Access(key).sealed)


async def write(store: Store, fact: Fact) -> None:
    """Add a fact as whoever can write the database may: with its hash, without the key."""
    await store.log.record(HOUSE, lambda _: Draft("web:dana", (fact,)))


@pytest.mark.parametrize("kind", FORGED)
async def test_e25_who_has_no_key_makes_no_account_token_or_link(
    tmp_path: Path, kind: str, caplog: pytest.LogCaptureFixture
) -> None:
    async with open_store(tmp_path) as store:
        await write(store, FORGED[kind])
        await write(store, Access(THEIRS).sealed(FORGED[kind], 2))
        with caplog.at_level(logging.ERROR):
            house = await household(store).refresh()
        assert (house.links, house.keys.tokens, house.keys.links) == ({}, {}, {})
        assert house.seq == 2
        assert caplog.text.count("SECURITY: ") == 2
        await pen(store).write("web:dana", lambda _: FORGED[kind])  # the bot itself still may
        house = await household(store).refresh()
    assert len(house.links) + len(house.keys.tokens) + len(house.keys.links) == 1


async def test_e25_a_seal_is_of_one_fact_at_one_place(tmp_path: Path) -> None:
    async with open_store(tmp_path) as store:
        await pen(store).write("web:dana", lambda _: LINKED)
        (event,) = await store.log.load(HOUSE)
        taken = PersonUnlinked(person="dana", actor=ACCOUNT, by="operator")
        await write(store, taken)
        assert isinstance(event.body, PersonLinked)
        await write(store, event.body)  # the old fact once more, seal and all
        await write(store, event.body.model_copy(update={"actor": "slack:T1/U8"}))
        house = await household(store).refresh()
    assert house.links == {}


async def test_e25_a_revoked_token_that_is_written_again_stays_revoked(tmp_path: Path) -> None:
    async with open_store(tmp_path) as store:
        tokens = ApiTokens(pen(store), FakeClock())
        given = await tokens.issue("dana", "laptop", 30, "operator", "api:operator")
        assert await tokens.owner(given.secret) == "dana"
        await tokens.revoke("dana", "laptop", "operator", "api:operator")
        issued = (await store.log.load(HOUSE))[0].body
        assert isinstance(issued, TokenIssued)
        await write(store, issued)
        with pytest.raises(SignatureError, match="revoked"):
            await tokens.owner(given.secret)


@pytest.mark.parametrize(
    "changed",
    [
        pytest.param(SESSION, id="written by another"),
        pytest.param(replace(SESSION, csrf=""), id="nothing at all"),
    ],
)
async def test_e25_a_session_that_was_written_into_the_database_is_none(
    tmp_path: Path, changed: SessionRow
) -> None:
    async with open_store(tmp_path) as store:
        await store.sessions.open(changed)
        assert await SealedSessions(store.sessions, OURS).get("s1") is None
        assert await store.sessions.get("s1") is None, "it is closed"


MOVED: dict[str, Callable[[SessionRow], SessionRow]] = {
    "id": lambda row: replace(row, id="s2"),
    "person": lambda row: replace(row, person="eve"),
    "opened at": lambda row: replace(row, created_at=LATER),
    "form token": lambda row: replace(row, csrf=f"x{row.csrf}"),
}


@pytest.mark.parametrize("changed", MOVED)
async def test_e25_a_session_counts_only_as_it_was_opened(tmp_path: Path, changed: str) -> None:
    async with open_store(tmp_path) as store:
        sealed = SealedSessions(store.sessions, OURS)
        await sealed.open(SESSION)
        row = await sealed.get("s1")
        assert row is not None
        assert (row.person, row.created_at) == ("dana", T0)
        await store.sessions.close("s1")
        other = MOVED[changed](row)
        await store.sessions.open(other)
        assert await sealed.get(other.id) is None
        await sealed.open(SESSION)
        assert await SealedSessions(store.sessions, THEIRS).get("s1") is None
