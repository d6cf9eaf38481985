"""`triagebot serve`: opens everything, serves it, and ends in order (G-02)."""

import asyncio
import logging
import sys
from collections.abc import Callable, Coroutine, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass
from functools import partial
from socket import socket
from typing import Any

from bot import telemetry
from bot.app.bot import Bot, World, open_bot
from bot.app.clock import SystemClock
from bot.app.entrances import inbox_of, intake_of
from bot.app.health import Health
from bot.app.meter import Meter
from bot.app.posting import open_posting
from bot.app.process import Stop, WebServer, bound_socket, run_loop, spare_collector, url_of
from bot.app.routes import RouteShelf
from bot.app.token import operator_token
from bot.conversation.outbox import Outbox
from bot.intake.sources import SOURCES
from bot.knowledge.redact import redact
from bot.logs import start_logging
from bot.settings import Settings, secret
from bot.version import VERSION, revision, version_line
from bot.web.doors import Door, Doors, Standing
from bot.web.server import build
from bot.web.session import digest_of

log = logging.getLogger(__name__)
EFFECTS_S = 15.0
"""How long running effects may finish after SIGTERM; an action is never cut off earlier."""


@dataclass(frozen=True, slots=True)
class Listening:
    """What whoever started the bot may want to know."""

    url: str
    operator_token: str
    first_run_token: str


def serve_until_stopped(settings: Settings, announce: Callable[[Listening], None]) -> int:
    """Run until SIGTERM or SIGINT; return 0. `announce` is called once requests are answered.

    Raises:
        ConfigError: It cannot start; the message says what to mend.
    """
    start_logging(settings.log_level, lambda text: redact(text).text)
    return run_loop(_serve(settings, announce))


async def _serve(settings: Settings, announce: Callable[[Listening], None]) -> int:
    stop = Stop()
    stop.listen()

    def ready(listening: Listening) -> None:
        spare_collector()
        log.info("%s listens on %s", version_line(), listening.url)
        announce(listening)

    with bound_socket(settings.host, settings.port) as sock:
        await run_bot(World(settings, SystemClock(), secret, sys.stderr), sock, stop, ready)
    log.info("stopped")
    return 0


async def run_bot(
    world: World, sock: socket, stop: Stop, ready: Callable[[Listening], None]
) -> None:
    """Open everything, serve on `sock` until `stop`, and close everything in order.

    Raises:
        ConfigError: It cannot start; the message says what to mend.
    """
    settings = world.settings
    token, is_new = operator_token(settings.operator_token_file)
    url = str(settings.public_url).rstrip("/") if settings.public_url else url_of(sock)
    running = Listening(url, token, world.clock.token(20) if is_new else "")
    async with AsyncExitStack() as stack:
        bot = await open_bot(stack, world)
        telemetry.queue_depth.set_function(lambda: bot.store.writer.waiting)
        posting = await open_posting(stack, bot, url)
        server = WebServer(build(_doors(bot, posting, running, stop)), sock)
        await _run(bot, posting, server, stop, partial(ready, running))


async def _run(
    bot: Bot, posting: Outbox, server: WebServer, stop: Stop, ready: Callable[[], None]
) -> None:
    meter = Meter(bot.store.log, bot.store.incidents, bot.world.clock)
    bot.on_commit(meter.wake)
    await bot.begin()
    parts: Sequence[Coroutine[Any, Any, None]] = (
        bot.dispatcher.run(),
        bot.library.watch(bot.store.log, stop.event),
        meter.run(stop.event),
        posting.run(),
        server.run(ready),
    )
    tasks = [asyncio.create_task(part) for part in parts]
    ending = asyncio.create_task(stop.event.wait())
    await asyncio.wait({*tasks, ending}, return_when=asyncio.FIRST_COMPLETED)
    stop.event.set()
    bot.drive.stopping = True
    bot.ticks.stop()
    await bot.dispatcher.stop(EFFECTS_S)
    server.stop()
    await posting.stop()
    await ending
    results = await asyncio.gather(*tasks, return_exceptions=True)
    for result in results:
        if isinstance(result, BaseException):
            raise result


def _doors(bot: Bot, posting: Outbox, running: Listening, stop: Stop) -> Doors:
    store, world = bot.store, bot.world
    routes = RouteShelf(bot.library, world.secret, world.settings.allow_insecure_webhook)
    intake = intake_of(bot, routes)
    first = running.first_run_token

    def standing() -> Standing:
        return Standing(
            version=VERSION,
            revision=revision(),
            read_only=bot.read_only,
            doors=tuple(Door(one.source, one.route, one.auth) for one in routes().all()),
            channels=posting.names,
            policy_digest=bot.library.policy.digest,
            knowledge_revision=bot.library.revision,
            problems=tuple(filter(None, (bot.library.problem, routes.problem))),
        )

    return Doors(
        log=store.log,
        incidents=store.incidents,
        evidence=store.evidence,
        sessions=store.sessions,
        clock=world.clock,
        inbox=inbox_of(bot, running.url),
        hook=intake.hook,
        change=intake.change,
        library=bot.library,
        house=bot.household.refresh,
        cards=posting.cards,
        standing=standing,
        health=Health(bot, routes, posting.hurt),
        subscribe=bot.ticks.subscribe,
        settings=world.settings,
        operator_token=running.operator_token,
        first_run_digest=digest_of(first) if first else "",
        stopping=stop,
        sources=frozenset(SOURCES),
    )
