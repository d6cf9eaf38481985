"""Opens the tools that are configured and closes them at the end."""

import logging
from collections.abc import Callable, Mapping, Sequence
from contextlib import AsyncExitStack
from dataclasses import replace
from datetime import datetime, timedelta
from typing import TextIO, cast

from pydantic import JsonValue

from bot.app.scope import scoped
from bot.engine.menu import Install
from bot.engine.toolbox import OpenAction, OpenRead, Toolbox
from bot.errors import ConfigError
from bot.incident.model import Change
from bot.ports import Changes, Clock, EvidenceStore, Library
from bot.shelf import NOTHING_FITS, Action, Needs, ReadTool
from tools.read import READ_TOOLS
from tools.write import ACTIONS

log = logging.getLogger(__name__)


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
    stack: AsyncExitStack,
    given: Needs,
    evidence: EvidenceStore,
    clock: Clock,
    library: Library | None = None,
) -> Toolbox:
    """Return the toolbox of what is configured here; without a library nothing is left out.

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
    return Toolbox(reads, actions, evidence, clock, install_of(given, library))


def install_of(given: Needs, library: Library | None) -> Install:
    """Return what this install says of its tools: schemas of its own files, and the allow-list.

    The agent's side holds it, so it knows of no secret.
    """
    files = replace(given, secret=_no_secret)
    tools = (*READ_TOOLS.values(), *ACTIONS.values())
    closers = {tool.name: tool.schema for tool in tools if tool.schema is not None}

    def schema_of(name: str) -> Mapping[str, JsonValue] | None:
        closer = closers.get(name)
        try:
            return None if closer is None else closer(files)
        except ConfigError:
            log.exception("%s is not offered: its file cannot be used", name)
            return NOTHING_FITS

    if library is None:
        return Install(schema_of)
    return Install(schema_of, lambda: library.routes.allow, lambda: library.revision)


def _no_secret(name: str) -> str:
    _ = name
    return ""
