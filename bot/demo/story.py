"""The demo: the whole story on a shop that breaks, with a human, or with `--auto` playing one."""

import asyncio
import logging
import sys
import tempfile
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path
from socket import socket
from typing import Any

import httpx
from pydantic import SecretStr

from bot.app.bot import World
from bot.app.clock import SteadyClock
from bot.app.process import Stop, bound_socket, run_loop, url_of
from bot.app.serve import Listening, run_bot
from bot.demo.stage import Tokens, running_shop, write_knowledge
from bot.errors import ConfigError
from bot.logs import start_logging
from bot.settings import Settings

log = logging.getLogger(__name__)
GOOD_S = 4.0
POLL_S = 0.2
AUTO_S = 110.0
BAD_VERSION = "v42"
OWNER, OTHER = "dana", "sam"


def tell(*, auto: bool, port: int) -> int:
    """Tell the story; return 0 when it ended well, 1 with the reason printed otherwise."""
    start_logging("error", lambda text: text, sys.stderr)
    try:
        return run_loop(_tell(auto=auto, port=port))
    except KeyboardInterrupt:
        return 130


async def _tell(*, auto: bool, port: int) -> int:
    tokens = Tokens.fresh()
    async with AsyncExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="triagebot-demo-")))
        sock = stack.enter_context(_socket(port))
        base = url_of(sock)
        shop = await stack.enter_async_context(running_shop(tokens, base))
        write_knowledge(folder / "knowledge", shop)
        settings = _settings(folder, sock, auto=auto)
        world = World(
            settings,
            SteadyClock(),
            lambda name: tokens.secret(name, prometheus=shop),
            sys.stdout,
        )
        stop = Stop()
        stop.listen()
        stage = Stage(base, shop, tokens, auto)
        return await _perform(world, sock, stop, stage)


@dataclass(frozen=True, slots=True)
class Stage:
    """Where everything is."""

    bot: str
    shop: str
    tokens: Tokens
    auto: bool


async def _perform(world: World, sock: socket, stop: Stop, stage: Stage) -> int:
    started: asyncio.Future[Listening] = asyncio.get_running_loop().create_future()
    serving = asyncio.create_task(run_bot(world, sock, stop, started.set_result))
    await asyncio.wait({serving, started}, return_when=asyncio.FIRST_COMPLETED)
    if not started.done():
        await serving
        return 1
    play = asyncio.create_task(_play(started.result(), stage, stop))
    await asyncio.wait({serving, play}, return_when=asyncio.FIRST_COMPLETED)
    ended_early = not play.done() and not stop()
    stop.event.set()
    play.cancel()
    await asyncio.gather(play, return_exceptions=True)
    await serving
    if ended_early:
        print("demo: the bot ended by itself")
        return 1
    return 0 if play.cancelled() else play.result()


async def _play(running: Listening, stage: Stage, stop: Stop) -> int:
    headers = {"authorization": f"Bearer {running.operator_token}"}
    async with httpx.AsyncClient(base_url=stage.bot, headers=headers, timeout=10) as operator:
        if not stage.auto:
            _invite(await _posted(operator, f"people/{OWNER}/link"), stage)
        await asyncio.sleep(GOOD_S)
        await _deploy(stage)
        if not stage.auto:
            await stop.event.wait()
            return 0
        try:
            async with asyncio.timeout(AUTO_S), AsyncExitStack() as stack:
                owner, other = [
                    await stack.enter_async_context(await _person(operator, stage, name))
                    for name in (OWNER, OTHER)
                ]
                return await Cast(owner, other).act()
        except TimeoutError:
            print(f"demo: not resolved within {AUTO_S:.0f} s")
            return 1


async def _person(operator: httpx.AsyncClient, stage: Stage, name: str) -> httpx.AsyncClient:
    """Return how a person speaks to the bot: with an API token of their own."""
    made = await _posted(operator, f"people/{name}/tokens", {"name": "demo", "days": 1})
    headers = {"authorization": f"Bearer {made['token']}"}
    return httpx.AsyncClient(base_url=stage.bot, headers=headers, timeout=10)


async def _posted(
    operator: httpx.AsyncClient, path: str, body: dict[str, str | int] | None = None
) -> dict[str, Any]:
    answer = await operator.post(f"/api/v1/{path}", json=body)
    answer.raise_for_status()
    return answer.json()


def _invite(link: dict[str, Any], stage: Stage) -> None:
    print(
        f"""
  1. Open {link["url"]} and sign in as Dana,
     who owns the shop. The link works once, within ten minutes.
  2. In a few seconds {BAD_VERSION} of a little shop ({stage.shop}/state) goes out and breaks it.
  3. Watch INC-1 on {stage.bot}/incidents: alert, deploy, runbook, findings, proposal.
  4. Click Approve: the bot rolls back, the shop recovers, the incident resolves and closes.
  5. Ctrl-C ends everything; nothing stays behind.
""",
        flush=True,
    )


async def _deploy(stage: Stage) -> None:
    async with httpx.AsyncClient(base_url=stage.shop, timeout=10) as shop:
        answer = await shop.post(
            "/deploy",
            json={"version": BAD_VERSION, "by": "dana"},
            headers={"authorization": f"Bearer {stage.tokens.rollback}"},
        )
        answer.raise_for_status()


class Cast:
    """Plays the humans over the same HTTP door everybody uses: the shop's owner, and another."""

    def __init__(self, owner: httpx.AsyncClient, other: httpx.AsyncClient) -> None:
        self._bot = owner
        self._other = other

    async def act(self) -> int:
        """Decide on the first proposal, wait until the incident closed, and print its timeline."""
        proposal = await self._proposal()
        if await self._approved(OTHER, self._other, proposal):
            print(f"demo: {OTHER} was allowed to approve, and does not own the shop")
            return 1
        if not await self._approved(OWNER, self._bot, proposal):
            print(f"demo: {OWNER} owns the shop, and was not allowed to approve")
            return 1
        incident = str(proposal["incident"])
        detail = await self._closed(incident)
        for event in detail["events"]:
            print(f"{event['seq']:>4}  {event['at'][11:19]}  {event['words']}")
        print(f"\n{detail['incident']['summary']}")
        view = detail["incident"]["proposals"][proposal["id"]]
        if view["status"] != "succeeded" or view["verified"] < 1:
            print(f"demo: the rollback is {view['status']}, {view['verified']} checks passed")
            return 1
        print(f"demo: {incident} resolved")
        return 0

    @staticmethod
    async def _approved(name: str, bot: httpx.AsyncClient, proposal: dict[str, Any]) -> bool:
        answer = await bot.post(
            f"/api/v1/proposals/{proposal['id']}/decision",
            json={"verdict": "approve", "digest": proposal["digest"], "revision": 1},
        )
        print(f"{f'{name}:':<6} approve P-{proposal['id']}  {proposal['title']}")
        print(f"bot:   {answer.json()['text']}")
        return answer.is_success

    async def _proposal(self) -> dict[str, Any]:
        while True:
            answer = await self._get("/api/v1/proposals?status=pending")
            if answer["proposals"]:
                return answer["proposals"][0]
            await asyncio.sleep(POLL_S)

    async def _closed(self, incident: str) -> dict[str, Any]:
        while True:
            detail = await self._get(f"/api/v1/incidents/{incident}?events=true")
            if detail["incident"]["status"] == "closed":
                return detail
            await asyncio.sleep(POLL_S)

    async def _get(self, path: str) -> dict[str, Any]:
        answer = await self._bot.get(path)
        answer.raise_for_status()
        return answer.json()


def _socket(port: int) -> socket:
    try:
        return bound_socket("127.0.0.1", port)
    except ConfigError:
        return bound_socket("127.0.0.1", 0)


def _settings(folder: Path, sock: socket, *, auto: bool) -> Settings:
    return Settings(
        DATABASE_URL=SecretStr(f"sqlite:///{folder}/demo.db"),  # pyright: ignore[reportCallIssue]
        HOST="127.0.0.1",  # pyright: ignore[reportCallIssue]
        PORT=sock.getsockname()[1],  # pyright: ignore[reportCallIssue]
        runbooks=folder / "knowledge",
        operator_token_file=folder / "token",
        signing_key_file=folder / "key",
        public_url=None,
        read_only=False,
        console=not auto,
        close_after_s=3,
        debounce_s=1,
    )
