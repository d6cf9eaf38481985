"""A bot over a real store whose watcher looks when a test says so, in the test's own time."""

import asyncio
from collections.abc import AsyncGenerator, Iterable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from pydantic import SecretStr

from bot.app.bot import Bot, World, open_bot
from bot.app.posting import Looks
from bot.app.watcher import Watcher
from bot.conversation.outbox import Outbox
from bot.conversation.teller import Ledger
from bot.incident.fact import HOUSE
from bot.incident.facts_house import ChainCheckpointed, OversizeRefused
from bot.incident.symptom import Symptom
from bot.ports import Draft, Filter, IncidentRow
from bot.settings import Settings
from bot.telemetry import REGISTRY
from tests.channels.fake_channel import FakeChannel
from tests.fakes import FakeClock

HOOKS = """
heartbeats:
  - {route: cron, auth: bearer, secrets: [S], silent_after_s: 60}
"""
DOOR = ("heartbeat", "cron")


@dataclass
class Place:
    """What outlives a process: its folder, the time, and the channels of the team."""

    folder: Path
    clock: FakeClock = field(default_factory=FakeClock)
    channels: list[FakeChannel] = field(default_factory=list[FakeChannel])


@dataclass
class Scene:
    """One process over the place, looked at by hand."""

    place: Place
    bot: Bot
    outbox: Outbox
    watcher: Watcher
    lacking: list[Symptom] = field(default_factory=list[Symptom])

    async def look(self, after_s: float = 0) -> None:
        self.place.clock.advance(after_s)
        await self.watcher.look()

    async def rows(self, status: str = "") -> list[IncidentRow]:
        return await self.bot.store.incidents.page(Filter(status=status))

    async def titles(self, status: str = "open") -> list[str]:
        """Let the loop go as far as it can, and return what is in this status then."""
        for row in await self.rows():
            await self.bot.drive(row.id)
        return sorted(row.title for row in await self.rows(status))

    async def beat(self) -> None:
        await self.bot.store.hearings.note(*DOOR, self.place.clock.now())

    async def house(self, *facts: OversizeRefused | ChainCheckpointed) -> None:
        await self.bot.store.log.record(HOUSE, lambda _: Draft("test:hand", facts))

    async def house_types(self) -> list[str]:
        found = [event.type for event in await self.bot.store.log.load(HOUSE)]
        return [name for name in found if name.startswith("Source")]

    async def also(self, _now: datetime) -> Iterable[Symptom]:
        return self.lacking


@asynccontextmanager
async def process(place: Place) -> AsyncGenerator[Scene]:
    knowledge = place.folder / "knowledge"
    knowledge.mkdir(exist_ok=True)
    knowledge.joinpath("hooks.yaml").write_text(HOOKS)
    settings = Settings(
        DATABASE_URL=SecretStr(f"sqlite:///{place.folder}/bot.db"),  # pyright: ignore[reportCallIssue]
        runbooks=knowledge,
        signing_key_file=place.folder / "triagebot.key",
        debounce_s=0,
        console=False,
        queue_max=100,
    )
    async with AsyncExitStack() as stack:
        bot = await open_bot(
            stack, World(settings, place.clock, lambda name: "s3cret" if name == "S" else "")
        )
        await bot.begin()
        ledger = Ledger(bot.store.log, bot.store.posts, place.clock)
        outbox = Outbox(ledger, place.channels, Looks(bot, "http://bot"))
        bot.on_commit(outbox.wake)
        scene = Scene(place, bot, outbox, Watcher(bot, outbox))
        scene.watcher = Watcher(bot, outbox, also=[scene.also])
        yield scene


@asynccontextmanager
async def posting(scene: Scene) -> AsyncGenerator[None]:
    running = asyncio.create_task(scene.outbox.run())
    try:
        yield
    finally:
        await scene.outbox.stop()
        await running


def gauge(name: str, *values: str) -> float | None:
    """Return what a gauge shows for these values of its labels."""
    for family in REGISTRY.collect():
        for sample in family.samples:
            if sample.name == name and tuple(sample.labels.values()) == values:
                return sample.value
    return None
