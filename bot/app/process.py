"""The life of the process: listen, run, and end in order on SIGTERM within 25 s (G-02)."""

import asyncio
import ctypes
import gc
import logging
import os
import signal
import socket
from collections.abc import Callable, Coroutine, Generator
from contextlib import contextmanager, suppress
from typing import Any, TypeVar

import uvicorn
from starlette.types import ASGIApp

from bot.app.protocol import BoundedProtocol
from bot.errors import ConfigError

log = logging.getLogger(__name__)
T = TypeVar("T")
STOP_SIGNALS = (signal.SIGTERM, signal.SIGINT)
CONNECTIONS_S = 3
M_ARENA_MAX = -8
"""What glibc's `mallopt` calls the number of heaps."""
GIVE_BACK_S = 2.0
COLLECT_AFTER = 50_000
"""New objects that make the collector look at the youngest."""


class QuietServer(uvicorn.Server):
    """uvicorn without its own signal handlers: they re-raise the signal, and ours must not."""

    @contextmanager
    def capture_signals(self) -> Generator[None]:
        """Leave the signals to `Stop`."""
        yield


class Stop:
    """The wish to end: set once by a signal; a second signal ends the process at once."""

    def __init__(self) -> None:
        self.event = asyncio.Event()

    def __call__(self) -> bool:
        """Return True once the process is stopping."""
        return self.event.is_set()

    def listen(self) -> None:
        """Take SIGTERM and SIGINT of this process."""
        loop = asyncio.get_running_loop()
        for number in STOP_SIGNALS:
            loop.add_signal_handler(number, self._heard, number)

    def _heard(self, number: int) -> None:
        if self.event.is_set():
            os._exit(128 + number)
        log.info("stopping: taking no new work")
        self.event.set()


def spare_collector() -> None:
    """Let the garbage collector skip what lives as long as the process, and come less often.

    As it is, each full collection walks every imported module, for a tenth of a second, and a
    storm of alerts causes several a second.
    """
    gc.freeze()
    gc.set_threshold(COLLECT_AFTER, 20, 50)


def spare_memory() -> None:
    """Let all threads take memory from one heap, where the C library can be told to (glibc).

    As it is, each keeps a heap of its own, and what a burst needed in one is of no use to the
    others and never given back. To be called before there are threads.
    """
    with suppress(OSError, AttributeError):
        ctypes.CDLL(None).mallopt(M_ARENA_MAX, 1)


async def give_back(stopping: asyncio.Event) -> None:
    """Give memory that a burst left behind back to the system, every few seconds until stopping.

    Elsewhere than on glibc there is nobody to ask.
    """
    trim = getattr(ctypes.CDLL(None), "malloc_trim", None)
    while not stopping.is_set():
        if trim is not None:
            await asyncio.to_thread(trim, 0)
        with suppress(TimeoutError):
            await asyncio.wait_for(stopping.wait(), GIVE_BACK_S)


def run_loop(main: Coroutine[Any, Any, T]) -> T:
    """Run `main` on uvloop where there is one, on asyncio's own loop elsewhere."""
    try:
        from uvloop import new_event_loop
    except ImportError:
        return asyncio.run(main)
    with asyncio.Runner(loop_factory=new_event_loop) as runner:
        return runner.run(main)


def bound_socket(host: str, port: int) -> socket.socket:
    """Return a listening socket.

    Raises:
        ConfigError: The address is taken or not ours.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    made = socket.socket(family, socket.SOCK_STREAM)
    try:
        made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        made.bind((host, port))
        made.listen(2048)
    except OSError as error:
        made.close()
        raise ConfigError(
            f"cannot listen on {host}:{port} ({error.strerror}); set PORT to a free one"
        ) from None
    made.set_inheritable(False)
    return made


def url_of(sock: socket.socket) -> str:
    """Return the http URL of a listening socket, as reached from this machine."""
    host, port = sock.getsockname()[:2]
    shown = "127.0.0.1" if host in {"0.0.0.0", "::"} else host  # noqa: S104 - compared, not bound
    return f"http://[{shown}]:{port}" if ":" in shown else f"http://{shown}:{port}"


class WebServer:
    """Serves one ASGI application on one socket until told to stop."""

    def __init__(self, app: ASGIApp, sock: socket.socket) -> None:
        self._sock = sock
        self._server = QuietServer(
            uvicorn.Config(
                app,
                http=BoundedProtocol,
                ws="none",
                loop="none",
                log_config=None,
                access_log=False,
                lifespan="off",
                server_header=False,
                proxy_headers=False,
                timeout_graceful_shutdown=CONNECTIONS_S,
            )
        )

    async def run(self, ready: Callable[[], None]) -> None:
        """Serve; `ready` is called once requests are answered.

        Raises:
            ConfigError: The server could not start.
        """
        serving = asyncio.create_task(self._server.serve(sockets=[self._sock]))
        while not self._server.started:
            if serving.done():
                serving.result()
                raise ConfigError("the web server ended before it had started; see the log")
            await asyncio.sleep(0.005)
        ready()
        await serving

    def stop(self) -> None:
        """Answer what was asked, take nothing new, then end `run`."""
        self._server.should_exit = True
