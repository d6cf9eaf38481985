"""One running bot: every part made and wired, and what they do when something is committed."""

import asyncio
import logging
from collections.abc import Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass
from typing import TextIO

from bot.app.household import Household
from bot.app.library import FolderLibrary
from bot.app.ticks import Ticks
from bot.app.toolset import needs, open_tools
from bot.engine.aftercare import Aftercare
from bot.engine.drive import Drive, Hands
from bot.engine.embedded import Embedded
from bot.engine.execute import Executor, KillSwitch
from bot.engine.prefetch import Prefetcher
from bot.engine.prepare import Expiry, Preparer
from bot.engine.reads import Reader
from bot.engine.toolbox import Toolbox
from bot.incident.effects import RunLimits
from bot.incident.fact import HOUSE
from bot.incident.facts_alerts import IncidentOpened
from bot.knowledge.planner import RunbookPlanner
from bot.ports import Clock, Dispatcher, Filter
from bot.settings import Settings
from bot.shelf import Needs
from bot.store.store import Store, StoreLimits

log = logging.getLogger(__name__)
Secret = Callable[[str], str]
PAGE = 200


@dataclass(frozen=True, slots=True)
class World:
    """What a bot is made from; tests and the demo bring their own.

    `console` is where cards are printed, if `TRIAGE_CONSOLE` says so.
    """

    settings: Settings
    clock: Clock
    secret: Secret
    console: TextIO | None = None


class Bot:
    """The parts below the doors: store, library, tools, loop. Made by `open_bot`."""

    def __init__(self, world: World, store: Store, library: FolderLibrary, given: Needs) -> None:
        settings = world.settings
        self.world = world
        self.store = store
        self.library = library
        self.given = given
        self.ticks = Ticks()
        self.household = Household(store.log, read_only=settings.read_only)
        self._woken: list[Callable[[frozenset[str]], None]] = []
        self._services: dict[str, str] = {}
        self._refreshing: set[asyncio.Task[object]] = set()

    def arm(self, box: Toolbox) -> None:
        """Put the loop together around the opened tools, and listen to commits."""
        world, store, library = self.world, self.store, self.library
        settings, clock = world.settings, world.clock
        expiry = Expiry(
            settings.proposal_ttl_low_s,
            settings.proposal_ttl_medium_s,
            settings.proposal_ttl_high_s,
        )
        self.box = box
        hands = Hands(
            prefetch=Prefetcher(
                library, store.changes, store.incidents, clock, settings.changes_window_s
            ),
            reader=Reader(store.log, box, clock),
            prepare=Preparer(box, library, clock, expiry, read_only=settings.read_only),
            executor=Executor(store.log, box, library, clock, KillSwitch(self.household.closed)),
            aftercare=Aftercare(store.log, box),
            box=box,
            model=RunbookPlanner(),
        )
        self.drive = Drive(store.log, clock, hands, self.limits, self._digests)
        self.dispatcher: Dispatcher = Embedded(
            store.log, clock, self.drive, self._slot_of, settings.service_slots
        )
        store.listen(self._committed)

    def limits(self) -> RunLimits:
        """Return the budgets and switches as of now."""
        settings = self.world.settings
        return RunLimits(
            debounce_s=settings.debounce_s,
            max_steps=settings.max_steps,
            run_max_s=settings.run_max_s,
            question_ttl_s=settings.question_ttl_s,
            close_after_s=settings.close_after_s,
            paused=self.household.paused,
            read_only=settings.read_only,
        )

    @property
    def read_only(self) -> bool:
        """True when no action is enabled at all: by setting, or because no rule allows one."""
        allowing = any(rule.allow for rule in self.library.policy.rules)
        return self.world.settings.read_only or not allowing

    def on_commit(self, woken: Callable[[frozenset[str]], None]) -> None:
        """Call `woken` with the streams of a commit to look at, in the event loop."""
        self._woken.append(woken)

    async def begin(self) -> None:
        """Read the bot's own state and drive what an earlier process left open."""
        await self.household.refresh()
        await self.library.announce(self.store.log)
        await self._wake_unfinished()

    async def _wake_unfinished(self) -> None:
        """Drive every incident that is not closed: what held them back may be gone."""
        for status in ("open", "resolved"):
            before, more = "", True
            while more:
                where = Filter(status=status, before=before, limit=PAGE)
                rows = await self.store.incidents.page(where)
                for row in rows:
                    self.dispatcher.wake(row.id)
                more = len(rows) == PAGE
                before = rows[-1].id if rows else ""

    def _committed(self, streams: frozenset[str]) -> None:
        if HOUSE in streams:
            task: asyncio.Task[object] = asyncio.create_task(self._house_changed())
            self._refreshing.add(task)
            task.add_done_callback(self._refreshing.discard)
        for stream in streams:
            if stream != HOUSE:
                self.dispatcher.wake(stream)
        if streams:
            for woken in self._woken:
                woken(streams)
        self.ticks.tick()

    async def _house_changed(self) -> None:
        was = self.household.paused
        await self.household.refresh()
        if was and not self.household.paused:
            await self._wake_unfinished()

    async def _slot_of(self, incident: str) -> str:
        """Return the service whose slots an incident uses; its own when it has none."""
        if incident not in self._services:
            if len(self._services) > 10_000:
                self._services.clear()
            first = (await self.store.log.load(incident))[:1]
            opened = first[0].body if first else None
            service = opened.service if isinstance(opened, IncidentOpened) else ""
            self._services[incident] = service or incident
        return self._services[incident]

    def _digests(self) -> dict[str, str]:
        return {
            "catalogue": self.library.digests.get("services.yaml", ""),
            "policy": self.library.policy.digest,
        }


async def open_bot(stack: AsyncExitStack, world: World) -> Bot:
    """Open the store, the library and the tools; the stack closes them in reverse order.

    Raises:
        ConfigError: A setting, a file or the database will not do; says what to mend.
    """
    settings = world.settings
    library = FolderLibrary(settings.runbooks)
    limits = StoreLimits(settings.queue_max, settings.group_window_s)
    url = settings.database_url.get_secret_value()
    store = await stack.enter_async_context(Store.open(url, world.clock, limits))
    console = world.console if settings.console else None
    given = needs(library.file, world.secret, store.changes, world.clock, console)
    bot = Bot(world, store, library, given)
    bot.arm(await open_tools(stack, given, store.evidence, world.clock))
    return bot
