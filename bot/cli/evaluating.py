"""Commands that evaluate: play scenarios, make one of an incident, show what a change decides."""

import asyncio
import json
import sys
from collections.abc import Iterable
from contextlib import AsyncExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from pydantic import JsonValue
from typer.core import TyperGroup

from bot.cli.remote import hook_variables
from bot.errors import InputError, NotFoundError
from bot.settings import Settings, load_settings

if TYPE_CHECKING:  # a command that evaluates nothing need not pay for it
    from bot.evaluation.running import SuiteResult
    from bot.incident.events import Event

Folder = Annotated[Path, typer.Argument(help="A folder of scenarios, or one scenario's.")]
Model = Annotated[
    str, typer.Option(help="planner, configured (as LLM_MODEL says), or cassette:FILE.")
]
Json = Annotated[bool, typer.Option("--json", help="Every number, as JSON.")]


class Suites(TyperGroup):
    """`triagebot eval DIR` without a word of its own: whatever is no command is a folder."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:  # noqa: ANN401 - typer's own
        """Read `eval DIR` as `eval run DIR`."""
        if args and args[0] not in {*self.list_commands(ctx), "--help"}:
            args = ["run", *args]
        return super().parse_args(ctx, args)


app = typer.Typer(cls=Suites, help="Whether the bot still decides right.", no_args_is_help=True)


@app.command("run")
def run(
    folder: Folder,
    model: Model = "planner",
    repeat: Annotated[int, typer.Option(min=1, max=100, help="Play each so many times.")] = 1,
    record: Annotated[
        Path | None, typer.Option(help="Write what the model says into this cassette.")
    ] = None,
    keep: Annotated[
        Path | None, typer.Option(help="Keep each play's database there, to replay it.")
    ] = None,
    *,
    as_json: Json = False,
) -> int:
    """Play every scenario of DIR and score it. Touches no database and no real system.

    Exit code 1 when one fails. With --repeat those that do not go the same way each time are named.
    """
    from bot.evaluation.cassette import ACCEPT, write_cassette
    from bot.evaluation.choosers import Models, open_choosers
    from bot.evaluation.report import report_json, report_lines
    from bot.evaluation.running import run_suite
    from bot.evaluation.suite import read_suite

    settings = _settings()
    cases = read_suite(folder)

    async def played() -> "SuiteResult":
        async with AsyncExitStack() as stack:
            choosers = await open_choosers(stack, model)
            if record is not None and not isinstance(choosers, Models):
                raise InputError("--record needs --model configured, and LLM_MODEL to name one")
            result = await run_suite(cases, settings, choosers, repeat, keep)
            if record is not None and isinstance(choosers, Models):
                write_cassette(record, choosers.cassette(ACCEPT))
            return result

    result = asyncio.run(played())
    _show(report_lines(result), report_json(result), as_json=as_json)
    return 1 if result.failed else 0


@app.command("record")
def record_incident(
    incident: Annotated[str, typer.Argument(help="Incident id, such as INC-42.")],
    folder: Annotated[
        Path | None, typer.Argument(help="Suite to put it into; default: print it.")
    ] = None,
) -> int:
    """Make a scenario of a real incident: its alert, what the tools answered, what was concluded.

    Secrets are taken out. It is a draft until a human says what is right. Reads the database beside
    a running bot and writes nothing to it.
    """
    from bot.cli.local import ask
    from bot.evaluation.recording import scenario_text, write_scenario

    name = incident.upper()

    async def made(store: Any) -> str:  # noqa: ANN401 - the store has no floor here
        events = await store.log.load(name)
        if not events:
            raise NotFoundError(f"there is no {name}")
        return await scenario_text(events, store.evidence)

    text = ask(made)
    if folder is None:
        print(text, end="")
    else:
        print(f"{write_scenario(folder, name, text)}: read it, and mend what it expects")
    return 0


@app.command("diff")
def diff(
    folder: Folder,
    runbooks: Annotated[Path | None, typer.Option(help="The changed knowledge folder.")] = None,
    prompts: Annotated[Path | None, typer.Option(help="The changed folder of prompts.")] = None,
    model: Annotated[str, typer.Option(help="The other model, as for `eval DIR`.")] = "configured",
    *,
    as_json: Json = False,
) -> int:
    """Print which scenarios of DIR decide differently once runbooks, prompts or model change.

    It compares with what is configured now. Exit code 1 when one that passed fails then.
    """
    from bot.evaluation.choosers import open_choosers
    from bot.evaluation.diffing import difference_json, difference_lines, differences
    from bot.evaluation.running import run_suite
    from bot.evaluation.suite import read_suite

    settings = _settings()
    changed = settings.model_copy(update={"runbooks": runbooks}) if runbooks else settings
    cases = read_suite(folder)

    async def both() -> "tuple[SuiteResult, SuiteResult]":
        async with AsyncExitStack() as stack:
            before = await run_suite(cases, settings, await open_choosers(stack, "configured"))
            other = await open_choosers(stack, model, prompts)
            return before, await run_suite(cases, changed, other)

    before, after = asyncio.run(both())
    found = differences(before, after)
    lines = difference_lines(found, before, after)
    _show(lines, difference_json(found, before, after), as_json=as_json)
    worse = any(one.before.passed and not one.after.passed for one in found)
    return 1 if worse else 0


def asked_again(events: "list[Event]", since: int, model: str, prompts: Path | None) -> int:
    """Print where a thread would be decided differently now; 0 also when it would."""
    from bot.evaluation.forking import ask_again, fork_lines

    forked = asyncio.run(ask_again(events, since, _settings(), model, prompts))
    print("\n".join(fork_lines(forked)))
    return 0


def _show(lines: Iterable[str], value: JsonValue, *, as_json: bool) -> None:
    print(json.dumps(value, indent=2) if as_json else "\n".join(lines))


def _settings() -> Settings:
    from bot.logs import start_logging

    start_logging("error", lambda text: text, sys.stderr)
    return load_settings(hook_variables())
