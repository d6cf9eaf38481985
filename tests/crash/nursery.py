"""Starts victims quickly: imports the bot once, then forks a fresh process for each run.

Reads the path of a configuration a line; answers with the child's pid, then how it ended. A
victim's output goes to `output` beside its configuration.
"""

import gc
import importlib
import os
import ssl
import sys
import traceback
from pathlib import Path
from unittest import mock

from tests.crash.victim import run

LATER = ("alembic.command", "httpcore")
"""What the bot imports only when it is used, which each victim does."""


def _child(path: str) -> int:
    output = os.open(Path(path).parent / "output", os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    for stream in (1, 2):
        os.dup2(output, stream)
    try:
        return run(path)
    except BaseException:  # noqa: BLE001 - the child must not become a second nursery
        traceback.print_exc()
        return 1


def _tell(number: int) -> None:
    sys.stdout.write(f"{number}\n")
    sys.stdout.flush()


def main() -> None:
    """Serve until the other end hangs up."""
    for name in LATER:
        importlib.import_module(name)
    gc.freeze()
    mock.patch.object(ssl.SSLContext, "load_verify_locations").start()  # all is plain HTTP here
    for line in sys.stdin:
        pid = os.fork()
        if pid == 0:
            code = _child(line.strip())
            sys.stderr.flush()
            os._exit(code)
        _tell(pid)
        _, status = os.waitpid(pid, 0)
        _tell(os.waitstatus_to_exitcode(status))


if __name__ == "__main__":
    main()
