"""The program that is killed: a whole bot on one file, and the people and systems around it."""

import asyncio
import json
import sys
from contextlib import AsyncExitStack
from datetime import datetime
from pathlib import Path
from unittest import mock

import httpx
from pydantic import BaseModel, ConfigDict, SecretStr

from bot.app.bot import Bot, World, open_bot
from bot.app.entrances import inbox_of, intake_of
from bot.app.routes import RouteShelf
from bot.engine import embedded
from bot.engine.postgres import dispatcher, term
from bot.errors import ConfigError
from bot.incident.reducer import State, fold
from bot.incident.views import ProposalView
from bot.ports import Outcome, Reply
from bot.settings import Settings
from tests.crash import scene
from tests.crash.dying import INCIDENT, Death, arm

LOOK_S = 0.01
LIFE_S = 60.0
TOLD = "told"
QUICK = (
    (embedded, "SWEEP_S", 2 * LOOK_S),
    (dispatcher, "DUE_S", 5 * LOOK_S),
    (dispatcher, "RESCUE_S", 0.2),
    (dispatcher, "STALL_S", 3.0),
    (term, "HEARTBEAT_S", 0.5),
    (term, "STALL_S", 3.0),
    (term, "MARGIN_S", 1.0),
)
"""A life is short, and the one before must be known to have ended."""


class Config(BaseModel):
    """One run. `folder` holds the knowledge and what the outside remembers, `url` the log."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    folder: Path
    url: str
    target: str
    start: datetime
    death: Death | None = None


class Surroundings:
    """Monitoring, the deploy system and a human; what they got an answer to is theirs to keep.

    They act while the bot rests, and send or say again whatever was not answered before a death.
    """

    def __init__(self, config: Config, bot: Bot) -> None:
        self._config = config
        self._bot = bot
        world = bot.world
        routes = RouteShelf(bot.library, world.secret, world.settings.allow_insecure_webhook)
        self._intake = intake_of(bot, routes)
        self._inbox = inbox_of(bot, "http://127.0.0.1")
        self._memory = config.folder / TOLD
        self._told = set(self._memory.read_text().split()) if self._memory.exists() else set[str]()

    async def until_closed(self) -> None:
        """Live until the incident is closed and the bot rests."""
        while True:
            await asyncio.sleep(LOOK_S)
            if self._bot.dispatcher.busy or await self._is_due():
                continue
            state = fold(await self._bot.store.log.load(INCIDENT))
            if state.incident.status == "closed":
                return
            await self._act(state)

    async def _is_due(self) -> bool:
        """Tell whether something waits to be driven, as after a death that others must notice."""
        return bool(await self._bot.store.log.due(self._bot.world.clock.now()))

    async def _act(self, state: State) -> None:
        start = self._config.start
        if "deploy" not in self._told:
            headers = _bearer("TRIAGE_HOOK_CHANGE")
            await self._intake.change("default", headers, scene.deploy(start))
            self._answered("deploy")
        elif "firing" not in self._told:
            await self._alert("firing")
        for view in state.incident.proposals.values():
            await self._decide(view)
            settled = view.status in {"succeeded", "failed"} and view.verify_due_at is None
            if settled and "resolved" not in self._told:
                await self._alert("resolved")

    async def _alert(self, status: str) -> None:
        headers = _bearer("TRIAGE_HOOK_ALERTMANAGER")
        body = scene.alerts(self._config.start, status)
        await self._intake.hook("alertmanager", "default", headers, body)
        self._answered(status)

    async def _decide(self, view: ProposalView) -> None:
        name = f"P-{view.proposal.id}"
        if "approve" not in self._told:
            outcome = await self._say(f"approve {name}")
            assert outcome.kind in {"done", "already"}, outcome
            self._answered("approve")
        elif view.status == "unknown":
            async with httpx.AsyncClient(timeout=LIFE_S) as browser:
                seen = (await browser.get(f"{self._config.target}/state")).json()
            verdict = "worked" if seen["version"] == scene.GOOD else "failed"
            told = f"reconcile {name} {verdict} the checkout says {json.dumps(seen)}"
            outcome = await self._say(told)
            assert outcome.kind == "done", outcome
            self._answered("reconcile")

    async def _say(self, text: str) -> Outcome:
        said = Reply(f"web:{scene.PERSON}", "web", "", "command", person=scene.PERSON, text=text)
        return await self._inbox.reply(said)

    def _answered(self, word: str) -> None:
        self._told.add(word)
        with self._memory.open("a") as memory:
            memory.write(f"{word}\n")


def _bearer(secret: str) -> dict[str, str]:
    return {
        "authorization": f"Bearer {scene.SECRETS[secret]}",
        "content-type": "application/json",
    }


async def live(config: Config) -> None:
    """Start as the bot starts, live until the incident is closed, end as the bot ends."""
    settings = Settings(
        DATABASE_URL=SecretStr(config.url),  # pyright: ignore[reportCallIssue]
        runbooks=config.folder / "knowledge",
        signing_key_file=config.folder / "triagebot.key",
        debounce_s=0,
        close_after_s=0,
    )
    clock = scene.QuickClock(config.start)
    world = World(settings, clock, lambda name: scene.SECRETS.get(name, ""))
    async with AsyncExitStack() as stack:
        bot = await open_bot(stack, world)
        await bot.begin()
        sweeping = asyncio.create_task(bot.dispatcher.run())
        async with asyncio.timeout(LIFE_S):
            await Surroundings(config, bot).until_closed()
        bot.drive.stopping = True
        await bot.dispatcher.stop(LIFE_S)
        await sweeping


def run(path: str) -> int:
    """Live as the file says; 2 and the reason when the bot cannot start."""
    config = Config.model_validate_json(Path(path).read_bytes())
    arm(config.death, config.folder, config.url)
    for module, name, seconds in QUICK:
        mock.patch.object(module, name, seconds).start()
    try:
        asyncio.run(live(config))
    except ConfigError as error:
        sys.stderr.write(f"{error}\n")
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(run(sys.argv[1]))
