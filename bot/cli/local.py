"""Commands that only read: the database (read-only), the knowledge folder, a file."""

import asyncio
import json
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Annotated, Any, Literal, TypeVar

import typer

from bot.errors import ConfigError, InputError, NotFoundError
from bot.settings import load_settings

T = TypeVar("T")


def ask(question: Callable[[Any], Awaitable[T]]) -> T:
    """Return what `question` reads of the database, which is opened read-only for it."""
    from bot.app.clock import SystemClock
    from bot.app.database import reading
    from bot.cli.remote import hook_variables

    settings = load_settings(hook_variables())

    async def run() -> T:
        async with reading(settings, SystemClock()) as store:
            return await question(store)

    return asyncio.run(run())


def parse(
    source: Annotated[str, typer.Argument(help="Source, as in /hooks/SOURCE.")],
    file: Annotated[str, typer.Argument(help="A file holding the webhook's body, or -.")],
) -> int:
    """Print the Alerts a webhook body says, as a JSON array; [] when it is no alert.

    Exit code 2 and a reason for garbage. Sends nothing and needs no running bot.
    """
    from bot.app.example import parse_body

    try:
        raw = sys.stdin.buffer.read() if file == "-" else Path(file).read_bytes()
    except OSError as error:
        raise ConfigError(f"{file}: {error.strerror}") from None
    try:
        alerts = parse_body(source, raw)
    except InputError as error:
        print(f"triagebot: {error}", file=sys.stderr)
        return 2
    print(json.dumps([alert.model_dump(mode="json") for alert in alerts], indent=2))
    return 0


def list_incidents(
    status: Annotated[str, typer.Argument(help="open, resolved, closed or all.")] = "open",
) -> int:
    """Print incidents, newest first."""
    from bot.app.showing import row_line
    from bot.ports import Filter

    if status not in {"open", "resolved", "closed", "all"}:
        raise InputError("the status is one of: open, resolved, closed, all")
    wanted = "" if status == "all" else status
    rows = ask(lambda store: store.incidents.page(Filter(status=wanted, limit=100)))
    for row in rows:
        print(row_line(row))
    if not rows:
        print(f"No incident is {status}." if wanted else "There is no incident yet.")
    return 0


def show(
    name: Annotated[str, typer.Argument(help="INC-1 or P-7F3K.")],
) -> int:
    """Print an incident's cards, or one proposal's, as humans see them."""
    from bot.app.showing import show_text

    text = ask(lambda store: show_text(store, name))
    print(text)
    return 0


def print_timeline(
    incident: Annotated[str, typer.Argument(help="INC-1.")],
) -> int:
    """Print what happened in an incident, in order, as Markdown. It reads beside a running bot."""
    return _print_paper("timeline", incident)


def print_postmortem(
    incident: Annotated[str, typer.Argument(help="INC-1.")],
) -> int:
    """Print the draft of an incident's postmortem as Markdown: the same bytes for the same log.

    What only people know is left to them. It reads the log beside a running bot.
    """
    return _print_paper("postmortem", incident)


def _print_paper(kind: Literal["timeline", "postmortem"], incident: str) -> int:
    from bot.app.showing import paper_text
    from bot.cli.remote import hook_variables

    settings = load_settings(hook_variables())
    print(ask(lambda store: paper_text(store, settings, kind, incident)), end="")
    return 0


def stats(
    weeks: Annotated[int, typer.Option(min=1, max=520, help="ISO weeks, this one among them.")] = 8,
    *,
    as_json: Annotated[bool, typer.Option("--json", help="Every number, as JSON.")] = False,
) -> int:
    """Print how approvals go: agreement, time to decide, and what came of it.

    By action, channel, person and week. It reads the log beside a running bot.
    """
    from bot.app.clock import SystemClock
    from bot.app.scoreboard import scoreboard_json, scoreboard_lines

    board = ask(lambda store: store.scores.of_weeks(weeks, SystemClock().now()))
    if as_json:
        print(json.dumps(scoreboard_json(board), indent=2))
        return 0
    for line in scoreboard_lines(board, weeks):
        print(line)
    return 0


def replay(
    incident: Annotated[str, typer.Argument(help="Incident id, such as INC-42, or house.")],
    *,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object a line.")] = False,
) -> int:
    """Print an incident's events and the state they fold to. Changes nothing.

    Exit code 1 when there is no such incident.
    """
    from bot.app.replaying import replay_lines

    events = ask(lambda store: store.log.load(incident))
    if not events:
        raise NotFoundError(f"there is no {incident}")
    for line in replay_lines(events, as_json=as_json):
        print(line)
    return 0


def runbook_lint(
    folder: Annotated[
        Path | None, typer.Argument(help="Knowledge folder; default: TRIAGE_RUNBOOKS.")
    ] = None,
) -> int:
    """Check runbooks against the tools' schemas; exit code 1 lists every problem."""
    from bot.app.check import lint_folder
    from bot.cli.remote import hook_variables

    path = folder or load_settings(hook_variables()).runbooks
    problems = lint_folder(path)
    for problem in problems:
        print(problem)
    if not problems:
        print(f"{path}: every runbook fits the tools")
    return 1 if problems else 0
