"""Starts victims quickly: imports the bot once, then forks a fresh process for each run.

Reads the path of a configuration a line; answers with the child's pid, then how it ended. A
victim's output goes to `output` beside its configuration.
"""

import os
import sys
import traceback
from pathlib import Path

import alembic.command as _warm  # what the first start of a database needs

from tests.crash.victim import run

assert _warm


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
