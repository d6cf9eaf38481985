"""A small shop in its own process that a bad deploy breaks; it knows nothing of the bot's ways.

`python -m bot.demo.shop` prints `{"url": "http://127.0.0.1:PORT"}` once it listens, serves on the
loopback only, and ends on SIGTERM, on SIGINT, and when the process that started it is gone.
"""

import asyncio
import contextlib
import json
import logging
import os
import signal
import socket
import sys
from collections.abc import Callable, Coroutine, Generator

import httpx
import uvicorn
from pydantic import SecretStr
from starlette.applications import Starlette
from starlette.exceptions import HTTPException

from bot.demo import shop_alerts
from bot.demo.shop_doors import Doors
from bot.demo.shop_jobs import Jobs
from bot.demo.shop_metrics import Metrics, steady_clock
from bot.demo.shop_options import Options, ShopSettings, read_options
from bot.demo.shop_requests import refuse
from bot.demo.shop_traffic import CUSTOMERS, Courier, shop_around
from bot.demo.shop_versions import Versions
from bot.errors import BotError, ConfigError, InputError

HOST = "127.0.0.1"
CALL_TIMEOUT_S = 5.0

_log = logging.getLogger("shop")


class Shop:
    """The application, and what runs beside it; nothing runs until somebody starts `tasks`."""

    def __init__(self, options: Options, settings: ShopSettings, url: str) -> None:
        """Put the shop together; `url` is its own address without a slash at its end.

        Raises:
            ConfigError: A token is missing, or there is no version to start on.
        """
        self._options = options
        self._url = url
        clock = steady_clock()
        versions = Versions(options.history, options.bad)
        self._metrics = Metrics(clock, window_s=options.window_s)
        self._metrics.runs(versions.current)
        self._rule = shop_alerts.Rule(above=options.above, below=options.below, for_s=options.for_s)
        token = _token(settings.deploy_token, "SHOP_DEPLOY_TOKEN", "guard /deploy and /rollback")
        self._changes = self._alerts = None
        if options.change_url:
            bearer = _token(settings.change_token, "SHOP_CHANGE_TOKEN", "report to --change-url")
            self._changes = Courier(options.change_url, bearer)
        if options.alert_url:
            bearer = _token(settings.alert_token, "SHOP_ALERT_TOKEN", "alert to --alert-url")
            self._alerts = Courier(options.alert_url, bearer)
        doors = Doors(self._metrics, versions, clock, options.latency_s, options.below)
        jobs = Jobs(self._metrics, versions, clock, token, url, self._changes)
        self.app = Starlette(
            routes=[*doors.routes(), *jobs.routes()],
            exception_handlers={InputError: refuse, HTTPException: refuse},
        )

    def tasks(
        self, own: httpx.AsyncClient, out: httpx.AsyncClient
    ) -> list[Coroutine[None, None, None]]:
        """Return what must run beside the application, each until it is cancelled.

        Args:
            own: Client whose base URL is the shop, for its customers.
            out: Client for webhooks.
        """
        couriers = [courier for courier in (self._changes, self._alerts) if courier is not None]
        customers = CUSTOMERS if self._options.requests_per_s else 0
        rate = self._options.requests_per_s / CUSTOMERS
        return [
            self._sample(),
            self._watch(),
            *(courier.run(out) for courier in couriers),
            *(shop_around(own, requests_per_s=rate, first=first) for first in range(customers)),
        ]

    async def _sample(self) -> None:
        while True:
            self._metrics.sample()
            await asyncio.sleep(self._options.sample_s)

    async def _watch(self) -> None:
        """Evaluate the rule and send what it says."""
        while True:
            alarm = self._rule.evaluate(self._metrics.now())
            if alarm is not None:
                _log.warning("checkout: alert %s", "fires" if alarm.ends_at is None else "resolved")
                if self._alerts is not None:
                    runbook_url = self._options.runbook_url
                    self._alerts.send(
                        shop_alerts.webhook(alarm, shop_url=self._url, runbook_url=runbook_url)
                    )
            await asyncio.sleep(self._options.evaluate_s)


def _token(token: SecretStr | None, name: str, purpose: str) -> SecretStr:
    if token is None:
        raise ConfigError(f"{name} is not set: the shop needs it to {purpose}")
    return token


class _Server(uvicorn.Server):
    """uvicorn that leaves signals to us: its own way re-raises them, and the exit is not 0."""

    @contextlib.contextmanager
    def capture_signals(self) -> Generator[None]:
        """Capture nothing."""
        yield

    def stop(self) -> None:
        """Let `serve` return soon."""
        self.should_exit = True


async def serve(options: Options, settings: ShopSettings, say: Callable[[str], object]) -> None:
    """Run the shop until it is told to end, then return.

    Args:
        options: The command line.
        settings: The secrets.
        say: Is given the one line of JSON, with its line end, once the shop listens.

    Raises:
        ConfigError: A token is missing, or the port is taken.
    """
    parent_pid = options.parent_pid or os.getppid()
    with _listen(options.port) as listener:
        url = f"http://{HOST}:{listener.getsockname()[1]}"
        shop = Shop(options, settings, url)
        server = _Server(
            uvicorn.Config(
                shop.app,
                log_config=None,
                access_log=False,
                lifespan="off",
                timeout_graceful_shutdown=1,
            )
        )
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, server.stop)
        async with _client(url) as own, _client() as out, asyncio.TaskGroup() as group:
            beside = [
                *shop.tasks(own, out),
                _end_with_parent(parent_pid, options.parent_poll_s, server.stop),
            ]
            running = [group.create_task(task) for task in beside]
            say(json.dumps({"url": url}) + "\n")
            await server.serve(sockets=[listener])
            for task in running:
                task.cancel()


def _listen(port: int) -> socket.socket:
    """Return a listening socket, so that whoever reads the URL can connect at once."""
    try:
        return socket.create_server((HOST, port), backlog=256)
    except OSError as error:
        raise ConfigError(
            f"port {port} on {HOST} is not free; choose another --port, or 0 for any"
        ) from error


def _client(url: str = "") -> httpx.AsyncClient:
    """Return a client that ignores proxies: the shop speaks to this machine."""
    return httpx.AsyncClient(base_url=url, timeout=CALL_TIMEOUT_S, trust_env=False)


async def _end_with_parent(parent_pid: int, poll_s: float, stop: Callable[[], None]) -> None:
    """Call `stop` once somebody else is our parent: the one who started us is gone."""
    while True:
        await asyncio.sleep(poll_s)
        if os.getppid() != parent_pid:
            _log.warning("the process that started the shop is gone; closing")
            stop()
            return


def _say(line: str) -> None:
    sys.stdout.write(line)
    sys.stdout.flush()


def main() -> int:
    """Run the shop with this process's options and environment; return the exit code."""
    logging.basicConfig(stream=sys.stderr, level=logging.WARNING, format="shop: %(message)s")
    try:
        asyncio.run(serve(read_options(sys.argv[1:]), ShopSettings(), _say))
    except BotError as error:
        sys.stderr.write(f"shop: {error}\n")
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
