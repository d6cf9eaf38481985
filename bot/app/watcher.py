"""Watches the bot itself: looks every few seconds, keeps the gauges, and raises alarms (D-09)."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from datetime import datetime
from typing import Protocol

from bot import telemetry
from bot.app.bot import Bot
from bot.app.health import Health
from bot.app.routes import RouteShelf
from bot.errors import BotError
from bot.incident.alarms import SELF, Alarms, noted, restored, settle
from bot.incident.drift import drifted
from bot.incident.fact import HOUSE
from bot.incident.facts_house import SourceHeard, SourceSilent
from bot.incident.model import Alert
from bot.incident.symptom import SILENT, Ear, Observed, Symptom, symptoms_of
from bot.intake.own import OwnAlerts
from bot.ports import Draft, Filter, Pulse

log = logging.getLogger(__name__)
ACTOR = "bot:watcher"
LOOK_S = 3.0
MAX_OWN = 200
Look = Callable[[datetime], Awaitable[Iterable[Symptom]]]
"""Another look at the bot: returns what is wrong with its part now. It may raise BotError."""


class Voices(Protocol):
    """The channels this process may speak through, and why one of them failed last."""

    @property
    def names(self) -> tuple[str, ...]:
        """The channels that are configured."""
        ...

    def hurt(self) -> Mapping[str, str]:
        """Return channel → why its last message failed; only those that did."""
        ...


class Watcher:
    """One duty of one process: two of them would tell everything twice, and do no harm.

    Nothing it holds is lost by a restart: what it said about the bot is read from the log. `kept`
    says why the last checkpoint is not where it should be, empty when it is.
    """

    def __init__(
        self,
        bot: Bot,
        posting: Voices,
        kept: Callable[[], str] = str,
        also: Sequence[Look] = (),
        look_s: float = LOOK_S,
    ) -> None:
        settings = bot.world.settings
        self._bot = bot
        self._posting = posting
        self._also = also
        self._look_s = look_s
        self._routes = RouteShelf(bot.library, bot.world.secret, settings.allow_insecure_webhook)
        self._health = Health(bot, self._routes, posting.hurt, kept)
        self._own = OwnAlerts(bot.store.deliveries, bot.world.clock)
        self._started_at = bot.world.clock.now()
        self._alarms: Alarms | None = None

    async def run(self, stopping: asyncio.Event) -> None:
        """Look until stopping. Whatever goes wrong with one look, there is a next one."""
        try:
            while not stopping.is_set():
                try:
                    await self.look()
                except BotError as error:
                    log.warning("the bot could not look at itself: %s", error)
                except Exception:  # a look that fails must not end the watch
                    log.exception("looking at the bot itself failed unforeseen")
                with suppress(TimeoutError):
                    await asyncio.wait_for(stopping.wait(), self._look_s)
        finally:
            _forget_gauges()

    async def look(self) -> None:
        """Look once: set the gauges, and tell what is new about the bot.

        Raises:
            BusyError: The database is away; what was not told is told at the next look.
        """
        now = self._bot.world.clock.now()
        await self._check()
        if self._alarms is None:
            self._alarms = restored(await self._standing())
        seen, pulse = await self._observe(now)
        self._measure(seen, pulse, now)
        found = [*symptoms_of(seen, self._alarms.known, now), *await self._others(now)]
        self._alarms, news = settle(self._alarms, found, now)
        for alert, calm_s in news:
            accepted = await self._own.tell(alert)
            await self._record_silence(alert)
            self._alarms = noted(self._alarms, alert, calm_s, now)
            log.warning(
                "about itself: %s is %s", alert.title, alert.status,
                extra={"incident": " ".join(accepted.incidents)},
            )  # fmt: skip
        self._count_alarms(self._alarms)
        telemetry.last_look.set(now.timestamp())

    async def _standing(self) -> list[Alert]:
        """Return what an earlier process said about the bot and did not take back."""
        store, found = self._bot.store, list[Alert]()
        for status in ("open", "resolved"):
            where = Filter(service=SELF, status=status, limit=MAX_OWN)
            for row in await store.incidents.page(where):
                firing = (await store.log.state(row.id)).incident.firing
                found += [alert for alert in firing if alert.source == SELF]
        return found

    async def _observe(self, now: datetime) -> tuple[Observed, Pulse]:
        bot, store, settings = self._bot, self._bot.store, self._bot.world.settings
        house = await bot.household.refresh()
        pulse = await store.pulse.feel(self._posting.names, now)
        last = await store.hearings.last()
        routes = self._routes()
        retried = {name: f"{count} of its conversations are being tried again"
                   for name, count in pulse.failing.items()}  # fmt: skip
        return Observed(
            started_at=self._started_at,
            ears=tuple(
                Ear(one.source, one.route, one.silent_after_s, last.get((one.source, one.route)))
                for one in routes.expected()
            ),
            broken={**retried, **self._posting.hurt()},
            waiting=store.writer.waiting,
            queue_max=settings.queue_max,
            due_since=pulse.due_since,
            oversized=house.oversized,
            problem=bot.library.problem or self._routes.problem,
            drift=drifted(house.standard, settings.eval_floor) if settings.eval_schedule else "",
        ), pulse

    async def _others(self, now: datetime) -> list[Symptom]:
        return [symptom for look in self._also for symptom in await look(now)]

    async def _record_silence(self, alert: Alert) -> None:
        """Note in the house who fell silent, and who speaks again."""
        if alert.labels.get("alertname") != SILENT or alert.starts_at is None:
            return
        source, _, route = alert.labels.get("subject", "").partition("/")
        silent = SourceSilent(source=source, route=route, since=alert.starts_at)
        heard = SourceHeard(source=source, route=route)
        fact = silent if alert.status == "firing" else heard
        await self._bot.store.log.record(HOUSE, lambda _state: Draft(ACTOR, (fact,)))

    async def _check(self) -> None:
        """Show on the meter what readiness says; it answers also when the database does not."""
        for check, (well, _) in (await self._health()).items():
            telemetry.check_ok.labels(check).set(well)

    def _measure(self, seen: Observed, pulse: Pulse, now: datetime) -> None:
        telemetry.due_lag.set(_age_s(pulse.due_since, now))
        for status, waiting in pulse.proposals.items():
            telemetry.proposals_open.labels(status).set(waiting.count)
            telemetry.proposal_age.labels(status).set(_age_s(waiting.since, now))
        for channel in self._posting.names:
            telemetry.channel_broken.labels(channel).set(channel in seen.broken)
        telemetry.last_heard.clear()
        telemetry.silent_after.clear()
        for ear in seen.ears:
            heard_at = max(ear.heard_at or seen.started_at, seen.started_at)
            telemetry.last_heard.labels(ear.source, ear.route).set(heard_at.timestamp())
            telemetry.silent_after.labels(ear.source, ear.route).set(ear.silent_after_s)
        at = self._bot.household.house.checkpointed_at
        telemetry.last_checkpoint.set(at.timestamp() if at is not None else 0)

    def _count_alarms(self, alarms: Alarms) -> None:
        telemetry.self_alarms.clear()
        for told in alarms.told.values():
            telemetry.self_alarms.labels(told.alert.labels.get("alertname", "")).inc()


def _forget_gauges() -> None:
    """Show nothing that is seen no more: what one process leaves behind would fire alerts."""
    for gauge in (
        telemetry.check_ok,
        telemetry.proposals_open,
        telemetry.proposal_age,
        telemetry.channel_broken,
        telemetry.last_heard,
        telemetry.silent_after,
        telemetry.self_alarms,
    ):
        gauge.clear()
    telemetry.due_lag.set(0)


def _age_s(since: datetime | None, now: datetime) -> float:
    return max((now - since).total_seconds(), 0.0) if since is not None else 0.0
