"""Starts programs quickly: imports the bot once, then forks a process for each start.

Reads an `Order` a line: a start is answered with the new pid, a look with how that process ended,
or `null` while it lives. When the other end hangs up, what still lives is killed.
"""

import gc
import importlib
import os
import signal
import ssl
import sys
import traceback
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from unittest import mock

from pydantic import BaseModel, ConfigDict

from bot.cli import main as triagebot

LATER = (
    "alembic.command",
    "bot.app.serve",
    "bot.cli.root",
    "bot.engine.postgres.dispatcher",
    "bot.engine.postgres.duties",
    "bot.store.postgresql",
    "httpcore",
    "uvicorn.protocols.http.httptools_impl",
    "uvloop",
)
"""What the bot imports only when it is used, which each process does."""


class Order(BaseModel):
    """Start `triagebot words…` in `home`, or, with a `pid`, tell how that process ended."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    words: tuple[str, ...] = ()
    home: Path = Path()
    output: str = ""
    env: Mapping[str, str] = {}
    pid: int = 0


def _child(order: Order) -> int:
    output = os.open(order.home / order.output, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    nothing = os.open(os.devnull, os.O_RDONLY)
    for stream, file in enumerate((nothing, output, output)):
        os.dup2(file, stream)
    os.chdir(order.home)
    os.environ.clear()
    os.environ.update(order.env)
    sys.argv = ["triagebot", *order.words]
    try:
        triagebot()
    except SystemExit as end:
        return end.code if isinstance(end.code, int) else int(end.code is not None)
    except BaseException:  # noqa: BLE001 - the child must not become a second nursery
        traceback.print_exc()
        return 1
    return 0


def _start(order: Order) -> int:
    pid = os.fork()
    if pid == 0:
        code = _child(order)
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)
    return pid


def main() -> None:
    """Serve until the other end hangs up."""
    for name in LATER:
        importlib.import_module(name)
    gc.freeze()
    mock.patch.object(ssl.SSLContext, "load_verify_locations").start()  # all is plain HTTP here
    living: set[int] = set()
    for line in sys.stdin:
        order = Order.model_validate_json(line)
        answer = "null"
        if not order.pid:
            pid = _start(order)
            living.add(pid)
            answer = str(pid)
        else:
            pid, status = os.waitpid(order.pid, os.WNOHANG)
            if pid:
                living.discard(pid)
                answer = str(os.waitstatus_to_exitcode(status))
        sys.stdout.write(f"{answer}\n")
        sys.stdout.flush()
    for pid in living:
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
        os.waitpid(pid, 0)


if __name__ == "__main__":
    main()
