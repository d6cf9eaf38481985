"""Opens the tools that are configured and closes them at the end."""

from collections.abc import Callable, Sequence
from contextlib import AsyncExitStack
from datetime import datetime, timedelta
from typing import TextIO, cast

from pydantic import JsonValue

from bot.app.scope import scoped
from bot.engine.toolbox import OpenAction, OpenRead, Toolbox
from bot.incident.model import Change
from bot.ports import Changes, Clock, EvidenceStore
from bot.shelf import Action, Needs, ReadTool
from tools.read import READ_TOOLS
from tools.write import ACTIONS


def needs(
    file: Callable[[str], JsonValue],
    secret: Callable[[str], str],
    changes: Changes,
    clock: Clock,
    console: TextIO | None = None,
) -> Needs:
    """Return what adapters are handed: files, secrets, changes, the time, and a terminal."""

    async def recent(service: str, window_s: float) -> Sequence[Change]:
        return await changes.recent(service, clock.now() - timedelta(seconds=window_s))

    def now() -> datetime:
        return clock.now()

    return Needs(folder=file, secret=secret, changes=recent, now=now, console=console)


async def open_tools(
    stack: AsyncExitStack, given: Needs, evidence: EvidenceStore, clock: Clock
) -> Toolbox:
    """Return the toolbox of what is configured here.

    Raises:
        ConfigError: A tool is half configured; the message says what to set.
    """
    reads: dict[str, OpenRead] = {}
    actions: dict[str, OpenAction] = {}
    for tool in READ_TOOLS.values():
        opened = await stack.enter_async_context(tool.open(scoped(given, tool)))
        if opened is not None:
            reads[tool.name] = OpenRead(tool, cast("ReadTool", opened))
    for tool in ACTIONS.values():
        opened = await stack.enter_async_context(tool.open(scoped(given, tool)))
        if opened is not None:
            actions[tool.name] = OpenAction(tool, cast("Action", opened))
    return Toolbox(reads, actions, evidence, clock)
