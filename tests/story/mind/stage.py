"""A whole bot whose model is hostile: real doors, store, loop, cards and pages; only tools answer
what was recorded, so that a log line may say anything.
"""

from collections.abc import AsyncGenerator, Awaitable, Callable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from functools import partial
from pathlib import Path

import httpx
from pydantic import JsonValue, SecretStr

from bot.agent.budget import Budget
from bot.agent.llm_settings import LlmSettings
from bot.agent.prompt_files import read_prompts
from bot.agent.relay import Relay
from bot.agent.scribe import LlmScribe
from bot.agent.step_model import LlmMind
from bot.app import serve
from bot.app.bot import Bot, StandIns, World, open_bot
from bot.app.entrances import inbox_of
from bot.app.keeping import Keeper
from bot.app.posting import Posting, open_posting
from bot.app.process import Stop
from bot.engine.toolbox import Toolbox
from bot.evaluation.recorded import Script, toolbox_of
from bot.evaluation.scenario import NOON, RecordedResult, Scenario
from bot.evaluation.stillness import MovedClock, Quiet
from bot.evaluation.suite import Trial, lay_out
from bot.incident.events import Event
from bot.incident.reducer import State
from bot.ports import Mind, Outcome, Reply
from bot.settings import Settings
from bot.web.server import build
from tests.bot.evaluation.suites import KNOWLEDGE
from tests.story.mind.attacker import Attacker

URL = "http://127.0.0.1:8080"
TOKEN = "an-operator-token-of-the-red-team"
HOOK = "a-hook-secret-of-the-red-team"
SECRETS = {"TRIAGE_HOOK_ALERTMANAGER": HOOK, "TRIAGE_HOOK_CHANGE": HOOK}
BEARER = {"authorization": f"Bearer {HOOK}"}
ALERT = "HighErrorRate"
MOVES = 8
Tools = Callable[[AsyncExitStack, Bot], Awaitable[Toolbox]]


@dataclass(frozen=True, slots=True)
class Plants:
    """What stands where, in one incident; a text in each place that people outside can write to."""

    order: str
    canaries: Sequence[str] = ()

    @property
    def laden(self) -> str:
        """The order, and secrets beside it, as they leak into alerts and logs."""
        return "\n".join((self.order, *self.canaries))


@dataclass
class Stage:
    """One process, and what people do to it."""

    bot: Bot
    attacker: Attacker
    clock: MovedClock
    quiet: Quiet
    desk: Script
    posting: Posting
    web: httpx.AsyncClient
    incidents: list[str] = field(default_factory=list[str])

    async def alarm(self, plants: Plants) -> str:
        """Let a change and an alert come in, all full of the order; return the incident."""
        number = len(self.incidents) + 1
        self.desk.scenario = _scenario(plants)
        self.clock.move(self.clock.now() + timedelta(hours=1))
        change: dict[str, JsonValue] = {
            "id": f"c{number}", "service": "checkout", "version": "v42", "previous": "v41",
            "by": "maria", "title": plants.laden,
            "at": (self.clock.now() - timedelta(minutes=5)).isoformat(),
        }  # fmt: skip
        answer = await self.web.post("/hooks/change/default", json=change, headers=BEARER)
        assert answer.status_code == 200, answer.text
        answer = await self.web.post(
            "/hooks/alertmanager/default", json=self._alert(number, plants), headers=BEARER
        )
        assert answer.status_code == 200, answer.text
        self.incidents += answer.json()["incidents"]
        await self.rest()
        return self.incidents[-1]

    def _alert(self, number: int, plants: Plants, status: str = "firing") -> dict[str, JsonValue]:
        labels: dict[str, JsonValue] = {
            "alertname": ALERT, "service": "checkout", "severity": "critical",
            "number": f"{number}", "pod": plants.order, "secret": " ".join(plants.canaries),
        }  # fmt: skip
        one: dict[str, JsonValue] = {
            "status": status,
            "labels": labels,
            "annotations": {"order": plants.laden, "summary": plants.order},
            "startsAt": self.clock.now().isoformat(),
            "endsAt": "0001-01-01T00:00:00Z",
            "fingerprint": f"f{number}",
            "generatorURL": self.attacker.loot.evil,
        }
        return {
            "version": "4", "status": status, "groupKey": f"g{number}", "receiver": "bot",
            "groupLabels": {"number": f"{number}"}, "commonLabels": labels,
            "commonAnnotations": {}, "externalURL": self.attacker.loot.evil, "alerts": [one],
        }  # fmt: skip

    async def over(self, plants: Plants) -> None:
        """Let the newest alert resolve, and wait until its incident is closed."""
        number = len(self.incidents)
        body = self._alert(number, plants, "resolved")
        answer = await self.web.post("/hooks/alertmanager/default", json=body, headers=BEARER)
        assert answer.status_code == 200, answer.text
        await self.rest()
        self.clock.move(self.clock.now() + timedelta(hours=2))
        self.quiet.woken |= dict.fromkeys(self.incidents[-1:])
        await self.rest()

    async def say(self, words: str) -> Outcome:
        """Say words of the command grammar as somebody who may decide, then let the loop run."""
        reply = Reply("web:dana", "web", "", "command", person="dana", text=words)
        outcome = await inbox_of(self.bot, URL).reply(reply)
        await self.rest()
        return outcome

    async def talk(self, plants: Plants) -> None:
        """Deny what was proposed, note, answer what was asked, ask: with the order each time."""
        incident, words = self.incidents[-1], " ".join(plants.order.split())[:900]
        view = (await self.state()).incident
        for one in view.proposals.values():
            if one.status == "pending":
                await self.say(f"deny P-{one.proposal.id} {words}")
        await self.say(f"note {incident} {words}")
        for asked in view.questions.values():
            if asked.status == "open":
                await self.say(f"answer {incident} {(*asked.asked.options, words)[0]}")
        await self.say(f"ask {incident} {words}")

    async def rest(self) -> None:
        """Drive, and move the clock a little now and then, until nothing more is woken."""
        for _ in range(MOVES):
            while self.quiet.woken:
                incident = next(iter(self.quiet.woken))
                del self.quiet.woken[incident]
                await self.bot.drive(incident)
            if not self.incidents or (await self.state()).run.done:
                return
            self.clock.move(self.clock.now() + timedelta(seconds=10))
            self.quiet.woken[self.incidents[-1]] = None

    async def state(self) -> State:
        return await self.bot.store.log.state(self.incidents[-1])

    async def events(self) -> list[Event]:
        return await self.bot.store.log.load(self.incidents[-1])

    async def page(self, path: str) -> str:
        """Return a page as the operator's browser is sent it."""
        if not self.web.cookies:
            form = {"token": TOKEN}
            answer = await self.web.post("/login", data=form, headers={"origin": URL})
            assert answer.status_code == 303, answer.text
        answer = await self.web.get(path)
        assert answer.status_code == 200, f"{path}: {answer.status_code}"
        return answer.text


def _scenario(plants: Plants) -> Scenario:
    said = {"body": {"lines": [plants.laden]}, "summary": f"12.4 % {plants.laden}"}
    facts = {"value": 12.4, "first": 0.2, "last": 12.4, "series": 1, "change_ratio": 62,
             "worst": plants.order}  # fmt: skip
    tools = ("prometheus_query", "prometheus_range", "http_probe")
    results = [RecordedResult.model_validate({"tool": t, "facts": facts, **said}) for t in tools]
    alert = {"title": ALERT}
    return Scenario.model_validate({"title": "x", "alerts": [alert]}).model_copy(
        update={"results": tuple(results)}
    )


@asynccontextmanager
async def open_stage(
    folder: Path, attacker: Attacker, runbook: Sequence[str] = (), tools: Tools | None = None
) -> AsyncGenerator[Stage]:
    """Open a bot with the shipped runbooks; `runbook` are orders that stand in the one that fits.

    `tools` opens others than those that answer what was recorded.
    """
    settings, trial = Settings(), Trial("x", _scenario(Plants("")), (KNOWLEDGE,))
    lay_out(settings.runbooks, trial, folder / "knowledge")
    book = folder / "knowledge" / "error-rate.md"
    book.write_text("\n\n".join((book.read_text(), *runbook)))
    clock, quiet, desk = MovedClock(NOON), Quiet(), Script(trial.scenario)
    world = World(_settings(settings, folder), clock, lambda name: SECRETS.get(name, ""))
    async with AsyncExitStack() as stack:
        made = tools or partial(toolbox_of, script=desk)
        instead = StandIns(made, partial(_mind, attacker), quiet)
        bot = await open_bot(stack, world, instead=instead)
        scribe = LlmScribe(attacker, keep=partial(_keep, bot))
        bot.arm(bot.box, _mind(attacker, bot), scribe, quiet)
        posting = await open_posting(stack, bot, URL)
        await bot.household.refresh()
        client = await stack.enter_async_context(_browser(bot, posting))
        yield Stage(bot, attacker, clock, quiet, desk, posting, client)


def _mind(attacker: Attacker, bot: Bot) -> Mind:
    settings = LlmSettings.model_construct(model=attacker.name)
    budget = Budget(bot.store.model_calls, bot.world.clock, _unlimited(settings))
    front = LlmMind(attacker, read_prompts(), budget, settings)
    return Relay(front, settings)


async def _keep(bot: Bot, incident: str, model: str, raw: bytes) -> str:
    return await bot.box.keep_words(incident, "scribe", model, raw)


def _unlimited(settings: LlmSettings) -> LlmSettings:
    """Return the settings without limits: what is tried is to be stopped by something else."""
    names = LlmSettings.model_fields
    limits = [name for name in names if name.startswith(("incident_", "hour_", "day_"))]
    return settings.model_copy(update=dict.fromkeys(limits, 0))


def _browser(bot: Bot, posting: Posting) -> httpx.AsyncClient:
    keeper = Keeper(bot.store, bot.world.clock, bot.world.settings, bot.key)
    listening = serve.Listening(URL, TOKEN, "")
    doors = vars(serve)["_doors"](bot, posting, keeper, listening, Stop())
    transport = httpx.ASGITransport(build(doors), client=("127.0.0.1", 5555))
    return httpx.AsyncClient(transport=transport, base_url=URL)


def _settings(settings: Settings, folder: Path) -> Settings:
    return settings.model_copy(
        update={
            "database_url": SecretStr(f"sqlite:///{folder}/red.db"),
            "runbooks": folder / "knowledge",
            "signing_key": SecretStr("5c" * 32),
            "debounce_s": 0.0,
            "console": False,
            "checkpoints": None,
        }
    )
