"""Commands that only read: the database (read-only), the knowledge folder, a file."""

import asyncio
import json
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Annotated, Any, Literal, TypeVar

import typer

from bot.cli.evaluating import asked_again
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


def replay(  # noqa: PLR0913 - each option is a way to look at the same thread
    incident: Annotated[str, typer.Argument(help="Incident id, such as INC-42, or house.")],
    step: Annotated[int, typer.Option(min=0, help="Only this Step, counted from 1.")] = 0,
    since: Annotated[
        int, typer.Option("--from", min=0, help="Ask again from behind this event on.")
    ] = 0,
    model: Annotated[
        str, typer.Option(help="With --from: planner, configured, or a cassette:FILE.")
    ] = "configured",
    prompts: Annotated[
        Path | None, typer.Option(help="With --from: a folder of other prompts.")
    ] = None,
    *,
    exchange: Annotated[
        bool, typer.Option("--exchange", help="With --step: the exact request and reply.")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object a line.")] = False,
) -> int:
    """Print an incident's events and the state they fold to. Changes nothing.

    With --step it prints one Step in full; with --from it asks the model again, gives it what the
    tools answered then, and prints where it decides differently. Exit code 1 when there is no such
    incident.
    """
    from bot.app.replaying import replay_lines
    from bot.app.step_text import step_lines

    if exchange and not step:
        raise InputError("--exchange needs --step N: one Step has one exchange")
    if step:
        print("\n".join(ask(lambda store: step_lines(store, incident, step, exchange=exchange))))
        return 0
    events = ask(lambda store: store.log.load(incident))
    if not events:
        raise NotFoundError(f"there is no {incident}")
    if since:
        return asked_again(events, since, model, prompts)
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
