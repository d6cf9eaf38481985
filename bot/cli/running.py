"""Commands that run or prepare the bot: serve, web, worker, demo, check, migrate."""

import sys
from typing import Annotated

import typer

from bot.cli.remote import hook_variables
from bot.settings import load_settings


def serve() -> int:
    """Run everything in one process: doors, loop, channels. Ends cleanly on SIGTERM."""
    return _start("serve")


def web() -> int:
    """Run only doors, pages and the API, beside workers. Needs PostgreSQL."""
    return _start("web")


def worker() -> int:
    """Run only the loop and the channels, beside web. Needs PostgreSQL; PORT has its vitals."""
    return _start("worker")


def _start(role: str) -> int:
    from bot.app.role import ROLES
    from bot.app.serve import Listening, serve_until_stopped

    settings, besides = load_settings(hook_variables()), None
    if settings.eval_schedule:  # else nothing of an evaluation is loaded
        from bot.evaluation.drift import duties as besides

    def announce(listening: Listening) -> None:
        if listening.first_run_token:
            print(
                "\n  First start. This link signs you in, once:\n"
                f"  {listening.url}/login#{listening.first_run_token}\n"
                f"  Later sign in with the token in {settings.operator_token_file}.\n",
                file=sys.stderr,
                flush=True,
            )

    return serve_until_stopped(settings, announce, ROLES[role], besides)


def demo(
    *,
    auto: Annotated[
        bool, typer.Option("--auto", help="Play the human too, over HTTP, and exit.")
    ] = False,
    port: Annotated[int, typer.Option(help="Port to listen on; 0 picks a free one.")] = 8080,
) -> int:
    """Show the whole story on a little shop that breaks: no key, no account, a temporary folder."""
    from bot.demo.story import tell

    return tell(auto=auto, port=0 if auto else port)


def check(
    role: Annotated[
        str, typer.Option(help="serve, web or worker: which of them is to start.")
    ] = "serve",
) -> int:
    """Print the effective configuration (redacted) and every problem with its mend.

    Exit code 0 when the bot can start as it is, 2 otherwise.
    """
    from bot.app.check import configuration as run

    lines, sound = run(role)
    for line in lines:
        print(line)
    return 0 if sound else 2


def migrate() -> int:
    """Bring the database to this version's schema; does nothing when it is there already."""
    from bot.app.database import migrate_database as run

    print(run(load_settings(hook_variables())))
    return 0
