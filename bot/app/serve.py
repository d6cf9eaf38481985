"""`triagebot serve`, `web` and `worker`: opens everything, serves it, and ends in order (G-02)."""

import asyncio
import logging
import sys
from collections.abc import Callable, Coroutine, Mapping, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass
from functools import partial
from socket import socket
from typing import Any

from bot import telemetry
from bot.app.access import SealedSessions
from bot.app.auditing import Auditing
from bot.app.bot import Bot, World, open_bot
from bot.app.clock import SteadyClock
from bot.app.crew import duties_of, run_duties
from bot.app.entrances import inbox_of, intake_of, links_of, pen_of, totp_of
from bot.app.health import Health
from bot.app.keeping import Keeper
from bot.app.posting import Posting, open_posting
from bot.app.process import (
    Stop,
    WebServer,
    bound_socket,
    give_back,
    run_loop,
    spare_collector,
    spare_memory,
    url_of,
)
from bot.app.role import SERVE, Role, check_role
from bot.app.routes import RouteShelf
from bot.app.token import given_token, operator_token
from bot.engine.duty import Duty
from bot.intake.sources import SOURCES
from bot.intake.tokens import ApiTokens
from bot.knowledge.redact import redact
from bot.logs import start_logging
from bot.settings import Settings, secret
from bot.version import VERSION, revision, version_line
from bot.web.doors import Door, Doors, Standing
from bot.web.server import build, build_vitals
from bot.web.session import digest_of

log = logging.getLogger(__name__)
EFFECTS_S = 15.0
"""How long running effects may finish after SIGTERM; an action is never cut off earlier."""
LAST_S = 5.0
"""How long messages in flight, open requests and duties may take after that."""


Besides = Callable[[Bot], Mapping[str, Duty]]
"""Returns more of what one process of all does at a time, by name."""


@dataclass(frozen=True, slots=True)
class Listening:
    """What whoever started the bot may want to know."""

    url: str
    operator_token: str
    first_run_token: str


def serve_until_stopped(
    settings: Settings,
    announce: Callable[[Listening], None],
    role: Role = SERVE,
    besides: Besides | None = None,
) -> int:
    """Run until SIGTERM or SIGINT; return 0. `announce` is called once requests are answered.

    `besides` are duties that do not belong to the bot itself.

    Raises:
        ConfigError: It cannot start; the message says what to mend.
    """
    spare_memory()
    start_logging(settings.log_level, lambda text: redact(text).text)
    return run_loop(_serve(settings, announce, role, besides))


async def _serve(
    settings: Settings,
    announce: Callable[[Listening], None],
    role: Role,
    besides: Besides | None,
) -> int:
    stop = Stop()
    stop.listen()

    def ready(listening: Listening) -> None:
        spare_collector()
        log.info("%s (%s) listens on %s", version_line(), role.name, listening.url)
        announce(listening)

    with bound_socket(settings.host, settings.port) as sock:
        world = World(settings, SteadyClock(), secret, sys.stderr)
        await run_bot(world, sock, stop, ready, role, besides)
    log.info("stopped")
    return 0


async def run_bot(
    world: World,
    sock: socket,
    stop: Stop,
    ready: Callable[[Listening], None],
    role: Role = SERVE,
    besides: Besides | None = None,
) -> None:
    """Open everything, serve on `sock` until `stop`, and close everything in order.

    Raises:
        ConfigError: It cannot start; the message says what to mend.
    """
    settings = world.settings
    check_role(role, settings)
    token, is_new = operator_token(settings) if role.answers else (given_token(settings), False)
    url = str(settings.public_url).rstrip("/") if settings.public_url else url_of(sock)
    running = Listening(url, token, world.clock.token(20) if is_new else "")
    async with AsyncExitStack() as stack:
        bot = await open_bot(stack, world, role)
        telemetry.queue_depth.set_function(lambda: bot.store.writer.waiting)
        telemetry.queue_limit.set(settings.queue_max)
        posting = await open_posting(stack, bot, url)
        keeper = Keeper(bot.store, world.clock, settings, bot.key)
        doors = _doors(bot, posting, keeper, running, stop)
        server = WebServer(build(doors) if role.answers else build_vitals(doors), sock)
        duties = {**duties_of(bot, posting, keeper), **(besides(bot) if besides else {})}
        await _run(bot, posting, duties, server, stop, partial(ready, running))


async def _run(
    bot: Bot,
    posting: Posting,
    duties: Mapping[str, Duty],
    server: WebServer,
    stop: Stop,
    ready: Callable[[], None],
) -> None:
    over = asyncio.Event()
    await bot.begin()
    parts: Sequence[Coroutine[Any, Any, None]] = (
        bot.dispatcher.run(),
        bot.library.watch(bot.store.log, stop.event),
        run_duties(bot, duties, over),
        bot.weather.run(stop.event, posting.wake),
        give_back(stop.event),
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
    over.set()
    await asyncio.wait({*tasks, ending}, timeout=LAST_S)
    for task in tasks:
        task.cancel()
    for result in await asyncio.gather(*tasks, return_exceptions=True):
        if isinstance(result, Exception):
            raise result


def _doors(bot: Bot, posting: Posting, keeper: Keeper, running: Listening, stop: Stop) -> Doors:
    store, world = bot.store, bot.world
    routes = RouteShelf(bot.library, world.secret, world.settings.allow_insecure_webhook)
    intake = intake_of(bot, routes)
    first = running.first_run_token

    def standing() -> Standing:
        return Standing(
            version=VERSION,
            revision=revision(),
            read_only=bot.read_only,
            doors=tuple(
                Door(one.source, one.route, one.auth, one.closed) for one in routes().all()
            ),
            channels=posting.names,
            policy_digest=bot.library.policy.digest,
            knowledge_revision=bot.library.revision,
            problems=tuple(filter(None, (bot.library.problem, routes.problem))),
            storm=bot.weather.storm.line,
        )

    return Doors(
        log=store.log,
        incidents=store.incidents,
        evidence=store.evidence,
        sessions=SealedSessions(store.sessions, bot.key),
        clock=world.clock,
        inbox=inbox_of(bot, running.url),
        hook=intake.hook,
        change=intake.change,
        library=bot.library,
        house=bot.household.refresh,
        scores=store.scores,
        cards=posting.cards,
        standing=standing,
        health=Health(bot, routes, posting.hurt, lambda: keeper.problem),
        subscribe=bot.ticks.subscribe,
        settings=world.settings,
        operator_token=running.operator_token,
        first_run_digest=digest_of(first) if first else "",
        stopping=stop,
        sources=frozenset(SOURCES),
        step_up=totp_of(bot),
        auditor=Auditing(store, world.settings, bot.key, keeper),
        full=store.writer.full,
        links=links_of(bot, running.url),
        tokens=ApiTokens(pen_of(bot), world.clock),
    )
