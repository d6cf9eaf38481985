"""Plays one scenario through the real loop, in a temporary folder, on a clock that is moved."""

import tempfile
import time
from collections.abc import Callable, Sequence
from contextlib import AsyncExitStack, ExitStack
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path

from pydantic import SecretStr

from bot.app.bot import Bot, StandIns, World, open_bot
from bot.app.entrances import inbox_of
from bot.app.example import source_named
from bot.errors import BotError, ConfigError
from bot.evaluation.recorded import Script, toolbox_of
from bot.evaluation.scenario import AlertGiven, ChangeGiven, Happening, Scenario
from bot.evaluation.stillness import MovedClock, Quiet
from bot.evaluation.suite import Trial, lay_out
from bot.incident.deadlines import deadlines
from bot.incident.events import Event
from bot.incident.grouping import grouped
from bot.incident.model import Alert, Change
from bot.incident.reducer import State, fold
from bot.intake.redaction import Mask
from bot.knowledge.redact import Redactor
from bot.ports import Delivery, Mind, Reply, StepModel
from bot.settings import Settings

ModelOf = Callable[[Bot], StepModel | Mind]
KEY = "5c" * 32
"""Seals what a scenario's people decide; it protects nothing, and goes with the folder."""
MOVES = 200
"""So often the clock is moved in one scenario at most."""
PATIENCE = timedelta(minutes=10)
"""An alarm that is further off than this is waited for only where the scenario says so."""
URL = "http://triagebot.invalid"


@dataclass(frozen=True, slots=True)
class Played:
    """What came of one scenario; `events` and `state` are those of its first incident.

    `missed` are the calls that nothing was recorded for. `faults` say what went wrong with the
    play itself. `seconds` is what it took here.
    """

    case: Trial
    events: tuple[Event, ...]
    state: State
    incidents: tuple[str, ...]
    missed: tuple[str, ...] = ()
    faults: tuple[str, ...] = ()
    seconds: float = 0.0


async def play(case: Trial, settings: Settings, model: ModelOf, keep: Path | None = None) -> Played:
    """Play the case with the team's knowledge and limits of `settings`.

    `keep` is an empty folder where the knowledge and the database stay, to be looked at.

    Raises:
        ConfigError: The knowledge or the scenario's webhook will not do, or `keep` is not empty.
    """
    begun = time.perf_counter()
    with ExitStack() as places:
        folder = _place(places, keep)
        lay_out(settings.runbooks, case, folder / "knowledge")
        clock, quiet, script = MovedClock(case.scenario.at), Quiet(), Script(case.scenario)
        world = World(_settings(settings, folder), clock, lambda _name: "")
        async with AsyncExitStack() as stack:
            instead = StandIns(lambda given, bot: toolbox_of(given, bot, script), model, quiet)
            bot = await open_bot(stack, world, instead=instead)
            await bot.household.refresh()
            stage = _Stage(case.scenario, bot, clock, quiet, script)
            try:
                await stage.perform()
            except ConfigError:
                raise
            except BotError as error:
                stage.faults.append(str(error))
            events = await bot.store.log.load(stage.incident) if stage.incidents else []
    return Played(
        case,
        tuple(events),
        fold(events),
        tuple(stage.incidents),
        tuple(script.missed),
        tuple(stage.faults),
        time.perf_counter() - begun,
    )


def _place(places: ExitStack, keep: Path | None) -> Path:
    if keep is None:
        made = tempfile.TemporaryDirectory(prefix="triagebot-eval-")
        return Path(places.enter_context(made))
    keep.mkdir(parents=True, exist_ok=True)
    if any(keep.iterdir()):
        raise ConfigError(f"{keep}: is not empty; name another folder to keep plays in")
    return keep


@dataclass
class _Stage:
    """The bot of one scenario, and what happens to it."""

    scenario: Scenario
    bot: Bot
    clock: MovedClock
    quiet: Quiet
    script: Script
    incidents: list[str] = field(default_factory=list[str])
    faults: list[str] = field(default_factory=list[str])
    moves: int = 0
    deliveries: int = 0
    ends: bool = False

    @property
    def incident(self) -> str:
        return self.incidents[0]

    async def perform(self) -> None:
        scenario = self.scenario
        await self._changes(scenario.changes)
        meanwhile = [one for one in scenario.happens if one.after_reads]
        self.script.on_read = lambda reads: self._meanwhile(meanwhile, reads)
        await self._begin()
        if not self.incidents:
            self.faults.append("the webhook tells of no alert that fires, so there is no incident")
            return
        await self._rest()
        for one in scenario.happens:
            if not one.after_reads:
                self.clock.move(self.clock.now() + timedelta(seconds=one.after_s))
                await self._happen(one)
                await self._rest()
        self.ends = True
        await self._rest()
        for one in meanwhile:
            self.faults.append(
                f"only {self.script.reads} reads were made, so {_told(one)} never was"
            )

    async def _meanwhile(self, waiting: list[Happening], reads: int) -> None:
        for one in [one for one in waiting if one.after_reads <= reads]:
            waiting.remove(one)
            await self._happen(one)

    async def _begin(self) -> None:
        webhook = self.scenario.webhook
        if webhook is None:
            await self._alerts([_alert(one, self.clock.now()) for one in self.scenario.alerts])
            return
        parsed = source_named(webhook.source).parse(webhook.body, {})
        await self._alerts(parsed.alerts, parsed.group_key, parsed.truncated)

    async def _alerts(self, alerts: Sequence[Alert], key: str = "", truncated: int = 0) -> None:
        def service_of(alert: Alert) -> str:
            found = self.bot.library.catalogue.service_of(alert)
            return found.name if found is not None else ""

        mask = Mask(Redactor)
        groups = [mask.group(one) for one in grouped(alerts, key, truncated, service_of)]
        self.deliveries += 1
        source = alerts[0].source if alerts else "alertmanager"
        name = f"eval-{self.deliveries}"
        delivery = Delivery(name, source, "default", f"each:{name}", self.clock.now(), {}, b"")
        accepted = await self.bot.store.deliveries.accept(delivery, groups)
        self.incidents += [one for one in accepted.incidents if one not in self.incidents]

    async def _changes(self, changes: Sequence[ChangeGiven]) -> None:
        if not changes:
            return
        now = self.clock.now()
        told = [
            Change(
                id=f"change-{number}",
                source="eval/default",
                at=now - timedelta(minutes=one.minutes_ago),
                **one.model_dump(exclude={"minutes_ago"}),
            )
            for number, one in enumerate(changes, start=1)
        ]
        delivery = Delivery("eval-changes", "change", "default", "eval-changes", now, {}, b"")
        await self.bot.store.deliveries.accept_change(delivery, told)

    async def _happen(self, one: Happening) -> None:
        if one.resolved:
            firing = (await self.bot.store.log.state(self.incident)).incident.firing
            now = self.clock.now()
            gone = {"status": "resolved", "ends_at": now}
            await self._alerts([alert.model_copy(update=gone) for alert in firing], self._key)
        elif one.alerts:
            await self._alerts([_alert(given, self.clock.now()) for given in one.alerts])
        else:
            await self._say(one)

    @property
    def _key(self) -> str:
        """The group key of what came by a webhook; alerts that were given group themselves."""
        webhook = self.scenario.webhook
        return "" if webhook is None else source_named(webhook.source).parse(
            webhook.body, {}
        ).group_key  # fmt: skip

    async def _say(self, one: Happening) -> None:
        text = one.say.replace("INC", self.incident) if one.say else ""
        if one.answer:
            text = f"answer {self.incident} {one.answer}"
        elif one.approve or one.deny:
            views = (await self.bot.store.log.state(self.incident)).incident.proposals.values()
            waiting = [view.proposal.id for view in views if view.status == "pending"]
            if not waiting:
                self.faults.append(f"no proposal waits, so {_told(one)} never was")
                return
            text = f"deny P-{waiting[-1]} {one.deny}" if one.deny else f"approve P-{waiting[-1]}"
        reply = Reply(f"web:{one.by}", "web", "", "command", person=one.by, text=text)
        outcome = await inbox_of(self.bot, URL).reply(reply)
        if outcome.kind == "refused":
            self.faults.append(f"{_told(one)} was refused: {outcome.text}")

    async def _rest(self) -> None:
        """Drive, and move the clock from alarm to alarm, until only humans could go on."""
        while True:
            while self.quiet.woken:
                incident = next(iter(self.quiet.woken))
                del self.quiet.woken[incident]
                await self.bot.drive(incident)
            at = await self._alarm()
            if at is None or self.moves >= MOVES:
                return
            self.moves += 1
            self.clock.move(at)
            self.quiet.woken |= dict.fromkeys(self.incidents)

    async def _alarm(self) -> datetime | None:
        now = self.clock.now()
        found: list[datetime] = []
        for incident in self.incidents:
            state = await self.bot.store.log.state(incident)
            if goes_on(state, ends=self.ends):
                due = deadlines(state, now, self.bot.limits())
                found += [at for at in due if now < at <= now + PATIENCE]
        return min(found, default=None)


def goes_on(state: State, *, ends: bool) -> bool:
    """Tell whether the bot has something to do yet that no human has to allow.

    Only where a scenario `ends` is a resolved incident waited for until it closes.
    """
    asks = any(view.status == "open" for view in state.incident.questions.values())
    if state.incident.status == "resolved" or state.phase in {"act", "verify"}:
        return ends or state.phase in {"act", "verify"}
    return state.phase in {"prefetch", "investigate"} and not asks


def _alert(given: AlertGiven, now: datetime) -> Alert:
    alert = Alert.model_validate(given.model_dump())
    return alert if alert.starts_at else alert.model_copy(update={"starts_at": now})


def _told(one: Happening) -> str:
    said = one.model_dump(exclude_defaults=True, exclude={"after_s", "after_reads", "by"})
    return f"`{next(iter(said), '')}`"


def _settings(settings: Settings, folder: Path) -> Settings:
    return settings.model_copy(
        update={
            "database_url": SecretStr(f"sqlite:///{folder}/eval.db"),
            "runbooks": folder / "knowledge",
            "signing_key": SecretStr(KEY),
            "read_only": False,
            "console": False,
            "checkpoints": None,
        }
    )
