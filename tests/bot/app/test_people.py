"""Links and tokens over a real store, on each database, and from one process to another."""

import asyncio
import re
import time
from collections.abc import AsyncGenerator, Awaitable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from pydantic import SecretStr

from bot.app.bot import Bot, World, open_bot
from bot.app.entrances import inbox_of, links_of, pen_of
from bot.app.people import people_lines
from bot.app.role import ROLES
from bot.errors import BotError, ConflictError, ForbiddenError, SignatureError
from bot.incident.fact import HOUSE
from bot.incident.facts_house import PersonLinked
from bot.intake.linking import Links
from bot.intake.tokens import ApiTokens
from bot.ports import Reply
from bot.settings import Settings
from tests.fakes import FakeClock
from tests.waiting import until

PEOPLE = """
people:
  - {name: operator, admin: true}
  - {name: dana, groups: [sre], identities: ["slack:T1/UDANA"]}
  - {name: sam}
"""
ACTOR = "slack:T1/U1"
WITHIN_S = 60.0


@dataclass
class Process:
    """One process of the bot."""

    bot: Bot
    links: Links = field(init=False)
    tokens: ApiTokens = field(init=False)

    def __post_init__(self) -> None:
        self.links = links_of(self.bot, "http://bot")
        self.tokens = ApiTokens(pen_of(self.bot), self.bot.world.clock)
        self.inbox = inbox_of(self.bot, "http://bot")

    async def say(self, text: str, actor: str = ACTOR) -> str:
        return (await self.inbox.reply(Reply(actor, "slack", "", "command", text=text))).text

    async def offer(self, actor: str = ACTOR) -> str:
        found = re.search(r"/link/([0-9a-f]+)", await self.say("link", actor))
        assert found
        return found[1]

    async def sign_in(self, name: str = "dana") -> str:
        url, _ = await self.links.sign_in_link(name, "operator", "api:operator")
        return url.partition("#")[2]


@asynccontextmanager
async def processes(folder: Path, url: str, count: int = 1) -> AsyncGenerator[list[Process]]:
    knowledge = folder / "knowledge"
    knowledge.mkdir(exist_ok=True)
    knowledge.joinpath("people.yaml").write_text(PEOPLE)
    settings = Settings(
        DATABASE_URL=SecretStr(url),  # pyright: ignore[reportCallIssue]
        runbooks=knowledge,
        console=False,
        signing_key=SecretStr("5e" * 32),
    )
    role = ROLES["web"] if url.startswith("postgresql") else ROLES["serve"]
    clock = FakeClock()
    async with AsyncExitStack() as stack:
        bots = [
            await open_bot(stack, World(settings, clock, lambda _name: ""), role)
            for _ in range(count)
        ]
        for bot in bots:
            await bot.begin()
        yield [Process(bot) for bot in bots]


async def outcome(work: Awaitable[str]) -> str:
    """Return what came of it: a name, or the kind of error."""
    try:
        return await work
    except BotError as error:
        return type(error).__name__


async def test_e25_a_link_is_spent_once_however_many_try(tmp_path: Path, database_url: str) -> None:
    async with processes(tmp_path, database_url) as (one,):
        token, offer = await one.sign_in(), await one.offer()
        entered = await asyncio.gather(*(outcome(one.links.enter(token)) for _ in range(20)))
        took = await asyncio.gather(*(outcome(one.links.confirm(offer, "dana")) for _ in range(20)))
        linked = [
            e for e in await one.bot.store.log.load(HOUSE) if isinstance(e.body, PersonLinked)
        ]
    assert sorted(entered) == [*["ForbiddenError"] * 19, "dana"]
    assert took.count(ACTOR) == 1
    assert len(linked) == 1


async def test_e25_two_persons_cannot_take_one_account(tmp_path: Path, database_url: str) -> None:
    async with processes(tmp_path, database_url) as (one,):
        offers = [await one.offer(), await one.offer()]
        took = await asyncio.gather(
            outcome(one.links.confirm(offers[0], "dana")),
            outcome(one.links.confirm(offers[1], "sam")),
        )
        owners = one.bot.household.house.links
    assert sorted(took) == ["ForbiddenError", ACTOR]
    assert owners == {ACTOR: "dana" if took[0] == ACTOR else "sam"}


async def test_e25_linked_and_unlinked_at_once_on_each_database(
    tmp_path: Path, database_url: str
) -> None:
    async with processes(tmp_path, database_url) as (one,):
        assert "no person has that account" in await one.say("whoami")
        await one.links.confirm(await one.offer(), "dana")
        assert "You are dana (sre)" in await one.say("whoami")
        with pytest.raises(ConflictError):
            await one.links.unlink("slack:T1/UDANA", "operator", "api:operator")
        assert await one.links.unlink(ACTOR, "operator", "api:operator") == "dana"
        assert "no person has that account" in await one.say("whoami")
    async with processes(tmp_path, database_url) as (one,):
        assert "no person has that account" in await one.say("whoami")


async def test_e25_links_tokens_and_unlinking_reach_every_process_within_60_s(
    tmp_path: Path, postgresql_url: str
) -> None:
    async with processes(tmp_path, postgresql_url, 2) as (one, two):

        async def seen(words: str) -> None:
            late = time.monotonic() + WITHIN_S
            while words not in (said := await two.say("whoami")):
                assert time.monotonic() < late, said
                await asyncio.sleep(0.01)

        token, offer = await one.sign_in(), await one.offer()
        assert await two.links.enter(token) == "dana"
        with pytest.raises(ForbiddenError, match="works once"):
            await one.links.enter(token)

        assert await two.links.confirm(offer, "dana") == ACTOR
        with pytest.raises(ConflictError):
            await one.links.confirm(offer, "dana")
        await until(lambda: one.bot.household.house.links == {ACTOR: "dana"})

        given = await one.tokens.issue("dana", "ci", 30, "operator", "api:operator")
        assert await two.tokens.owner(given.secret) == "dana"
        await one.tokens.revoke("dana", "ci", "operator", "api:operator")
        with pytest.raises(SignatureError, match="was revoked"):
            await two.tokens.owner(given.secret)

        await seen("You are dana (sre)")
        await one.links.unlink(ACTOR, "operator", "api:operator")
        await seen("no person has that account")


async def test_everybody_is_listed_with_accounts_and_tokens(
    tmp_path: Path, database_url: str
) -> None:
    async with processes(tmp_path, database_url) as (one,):
        await one.links.confirm(await one.offer(), "dana")
        given = await one.tokens.issue("sam", "ci", 1, "operator", "api:operator")
        await one.tokens.issue("sam", "old", 1, "operator", "api:operator")
        await one.tokens.revoke("sam", "old", "operator", "api:operator")
        log, now = one.bot.store.log, one.bot.world.clock.now()
        lines = await people_lines(log, tmp_path / "knowledge", now)
        tmp_path.joinpath("knowledge", "people.yaml").write_text("people: [{name: sam}]\n")
        after = await people_lines(log, tmp_path / "knowledge", now)
    assert lines == [
        "operator         no group; admin",
        "dana             sre",
        "  slack:T1/UDANA (people.yaml)",
        f"  {ACTOR} (linked)",
        "sam              no group",
        f"  token ci, until {given.expires_at:%Y-%m-%d}",
    ]
    assert after[-1] == f"{ACTOR} is linked to dana, who is not in people.yaml"
