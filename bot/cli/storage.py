"""Commands about the database as a whole: backup, restore, db stats, db rebuild."""

import asyncio
from pathlib import Path
from typing import Annotated

import typer

from bot.cli.remote import hook_variables
from bot.settings import load_settings


def backup(
    file: Annotated[Path, typer.Argument(help="A new file; never overwritten.")],
) -> int:
    """Write a verified copy of the database to FILE, also beside a running bot.

    Exit code 1 when the copy is made but the log in it is not sound. On PostgreSQL it names the
    command to run instead, and exits with 2.
    """
    from bot.app.safekeeping import back_up

    lines, sound = back_up(load_settings(hook_variables()), file)
    for line in lines:
        print(line)
    return 0 if sound else 1


def restore(
    file: Annotated[Path, typer.Argument(help="What `triagebot backup` wrote.")],
    *,
    replace: Annotated[
        bool, typer.Option("--replace", help="Put the database that is there aside.")
    ] = False,
) -> int:
    """Make FILE the database of a stopped bot, which then starts paused.

    Nothing changes unless FILE is sound. On PostgreSQL it names the command to run instead.
    """
    from bot.app.clock import SystemClock
    from bot.app.safekeeping import bring_back

    lines, done = bring_back(load_settings(hook_variables()), SystemClock(), file, replace=replace)
    for line in lines:
        print(line)
    return 0 if done else 1


def db_stats() -> int:
    """Print rows, bytes and age of every table, and what retention would delete now."""
    from bot.app.clock import SystemClock
    from bot.app.database import reading, stats_lines

    settings, clock = load_settings(hook_variables()), SystemClock()

    async def run() -> list[str]:
        async with reading(settings, clock) as store:
            return await stats_lines(store, settings, clock)

    for line in asyncio.run(run()):
        print(line)
    return 0


def db_rebuild() -> int:
    """Make every list and index of a stopped bot anew from the event log."""
    from bot.app.clock import SystemClock
    from bot.app.database import rebuild_database

    print(asyncio.run(rebuild_database(load_settings(hook_variables()), SystemClock())))
    return 0
