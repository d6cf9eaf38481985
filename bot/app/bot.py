"""One running bot: every part made and wired, and what they do when something is committed."""

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass
from functools import partial
from typing import TextIO

from bot.app.access import Access
from bot.app.dispatching import Calling, dispatcher_of, tenure_of
from bot.app.household import Household
from bot.app.job_line import JobLine
from bot.app.key import Key, list_public, signing_key
from bot.app.library import FolderLibrary
from bot.app.minding import SCRIBE, Means, open_mind
from bot.app.role import SERVE, Role, check_role, conninfo_of
from bot.app.storm_watch import StormWatch
from bot.app.ticks import Ticks
from bot.app.toolset import needs, open_tools
from bot.engine.aftercare import Aftercare
from bot.engine.drive import Drive, Hands
from bot.engine.execute import Executor, KillSwitch
from bot.engine.gates import Turnstile
from bot.engine.prefetch import Prefetcher
from bot.engine.prepare import Expiry, Preparer
from bot.engine.reads import Reader
from bot.engine.summon import Summoner
from bot.engine.tenure import TenuredLog
from bot.engine.toolbox import Toolbox
from bot.errors import BotError
from bot.incident.effects import RunLimits
from bot.incident.fact import HOUSE
from bot.knowledge.roster import Roster
from bot.ports import Clock, Dispatcher, Filter, Mind, Scribe, StepModel
from bot.settings import Settings
from bot.shelf import Needs
from bot.store.store import Store, StoreLimits
from bot.version import build_name

log = logging.getLogger(__name__)
Secret = Callable[[str], str]
PAGE = 200
AGAIN_S = 0.5


@dataclass(frozen=True, slots=True)
class World:
    """What a bot is made from; tests and the demo bring their own.

    `console` is where cards are printed, if `TRIAGE_CONSOLE` says so.
    """

    settings: Settings
    clock: Clock
    secret: Secret
    console: TextIO | None = None


@dataclass(frozen=True, slots=True)
class StandIns:
    """What an evaluation puts in the place of tools, model and dispatcher."""

    tools: Callable[[AsyncExitStack, "Bot"], Awaitable[Toolbox]]
    model: Callable[["Bot"], StepModel | Mind]
    dispatcher: Dispatcher


class Bot:
    """The parts below the doors: store, library, tools, loop. Made by `open_bot`.

    Attributes:
        role: What this process does.
        conninfo: Address of the PostgreSQL server; empty on SQLite.
        key: What seals decisions and signs checkpoints.
    """

    def __init__(
        self,
        world: World,
        role: Role,
        store: Store,
        library: FolderLibrary,
        given: Needs,
        key: Key,
    ) -> None:
        settings = world.settings
        self.key = key
        self.world = world
        self.role = role
        self.conninfo = conninfo_of(settings)
        self._tenure = tenure_of(self.conninfo)
        self.store = store
        self.library = library
        self.given = given
        self.roster = Roster(library)
        self.ticks = Ticks()
        self.access = Access(key)
        self.household = Household(
            store.log, read_only=settings.read_only, is_own=self.access.is_own
        )
        self._woken: list[Callable[[frozenset[str]], None]] = []
        self._refreshing: set[asyncio.Task[object]] = set()
        self._is_held_back = True

    def arm(
        self,
        box: Toolbox,
        mind: StepModel | Mind,
        scribe: Scribe | None = None,
        dispatcher: Dispatcher | None = None,
    ) -> None:
        """Put the loop together around the opened tools and the mind, and listen to commits."""
        world, store, library = self.world, self.store, self.library
        settings, clock = world.settings, world.clock
        expiry = Expiry(
            settings.proposal_ttl_low_s,
            settings.proposal_ttl_medium_s,
            settings.proposal_ttl_high_s,
        )
        self.box = box
        log_port = store.log if self._tenure is None else TenuredLog(store.log, self._tenure)
        switch = KillSwitch(self._closed, self.household.closed)
        hands = Hands(
            prefetch=Prefetcher(
                library, store.changes, store.incidents, clock, settings.changes_window_s
            ),
            reader=Reader(log_port, box.reading, clock),
            prepare=Preparer(box, library, clock, expiry, read_only=settings.read_only),
            executor=Executor(store.log, box, library, clock, switch, self.key),
            aftercare=Aftercare(log_port, box),
            summoner=Summoner(self.roster, clock),
            box=box,
            model=mind,
            scribe=scribe,
        )
        self.gate = Turnstile(
            settings.investigations,
            settings.service_slots,
            self._called_up,
            time.monotonic,
        )
        self.drive = Drive(log_port, clock, hands, self.limits, self._digests)
        calling = Calling(
            store,
            clock,
            self.role,
            self.conninfo,
            self._tenure,
            settings.service_slots,
            settings.investigations,
        )
        self.dispatcher = dispatcher or dispatcher_of(calling, self.drive, self.gate)
        line = JobLine(store.database) if self.conninfo else self.gate
        self.weather = StormWatch(line, store.incidents, clock)
        self.on_commit(self.weather.committed)
        store.listen(self._committed)

    def limits(self) -> RunLimits:
        """Return the budgets and switches as of now."""
        settings = self.world.settings
        return RunLimits(
            debounce_s=settings.debounce_s,
            max_steps=settings.max_steps,
            run_max_s=settings.run_max_s,
            question_ttl_s=settings.question_ttl_s,
            remind_after_s=settings.remind_after_s,
            escalate_after_s=settings.escalate_after_s,
            unack_after_s=settings.unack_after_s,
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
        self._is_held_back = self.household.paused

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
            task: asyncio.Task[object] = asyncio.create_task(self._look_until_seen())
            self._refreshing.add(task)
            task.add_done_callback(self._refreshing.discard)
        if not self.conninfo:  # there, what woke a stream deferred its job
            for stream in streams - {HOUSE}:
                self.dispatcher.wake(stream)
        if streams:
            for woken in self._woken:
                woken(streams)
        self.ticks.tick()

    async def _look_until_seen(self) -> None:
        is_told = False
        while True:
            try:
                return await self.look()
            except BotError as error:  # the database is away
                if not is_told:
                    log.warning("the bot's own state could not be read; tried again: %s", error)
                is_told = True
                await asyncio.sleep(AGAIN_S)

    async def look(self) -> None:
        """Read the bot's own state anew; when it is paused no longer, drive what that held back.

        Raises:
            BusyError: The database is away.
        """
        await self.household.refresh()
        if self.household.paused:
            self._is_held_back = True
        elif self._is_held_back:  # not until it was seen to: whoever else looked does not count
            await self._wake_unfinished()
            self._is_held_back = False

    def _closed(self) -> str:
        """Return why no action may start in this process now; empty when it may."""
        return self.household.closed() or ("" if self._tenure is None else self._tenure.closed())

    def _called_up(self, incident: str) -> None:
        self.dispatcher.wake(incident)

    def _digests(self) -> dict[str, str]:
        return {
            "catalogue": self.library.digests.get("services.yaml", ""),
            "policy": self.library.policy.digest,
            "build": build_name(),
        }


async def open_bot(
    stack: AsyncExitStack, world: World, role: Role = SERVE, instead: StandIns | None = None
) -> Bot:
    """Open the store, the library and the tools; the stack closes them in reverse order.

    Raises:
        ConfigError: A setting, a file or the database will not do; says what to mend.
    """
    settings = world.settings
    check_role(role, settings)
    key = signing_key(settings, makes=role is SERVE)
    list_public(settings, key)
    library = FolderLibrary(settings.runbooks, chat_only_high=settings.accept_chat_only_high)
    limits = StoreLimits(settings.queue_max, settings.group_window_s, settings.actions_at_once)
    url = settings.database_url.get_secret_value()
    store = await stack.enter_async_context(Store.open(url, world.clock, limits))
    console = world.console if settings.console else None
    given = needs(library.file, world.secret, store.changes, world.clock, console)
    bot = Bot(world, role, store, library, given, key)
    if instead is not None:
        bot.arm(await instead.tools(stack, bot), instead.model(bot), None, instead.dispatcher)
        return bot
    box = await open_tools(stack, given, store.evidence, world.clock, library)
    means = Means(settings, given, store.model_calls, world.clock, library)
    minds = await open_mind(stack, means, role)
    scribe = minds.scribe(partial(_keep, box)) if minds.scribe is not None else None
    bot.arm(box, minds.chooser, scribe)
    return bot


async def _keep(box: Toolbox, incident: str, model: str, raw: bytes) -> str:
    return await box.keep_words(incident, SCRIBE, model, raw)
