"""Commands that evaluate: play scenarios, make one of an incident, show what a change decides."""

import asyncio
import json
import sys
from pathlib import Path
from typing import Annotated

import typer
from typer.core import TyperGroup

from bot.cli.remote import hook_variables
from bot.settings import Settings, load_settings

Folder = Annotated[Path, typer.Argument(help="A folder of scenarios, or one scenario's.")]
Model = Annotated[
    str, typer.Option(help="planner, configured (as LLM_MODEL says), or cassette:FILE.")
]
Json = Annotated[bool, typer.Option("--json", help="Every number, as JSON.")]


class Suites(TyperGroup):
    """`triagebot eval DIR` without a word of its own: whatever is no command is a folder."""

    def resolve_command(self, ctx: typer.Context, args: list[str]) -> object:  # pyright: ignore[reportIncompatibleMethodOverride]
        """Read `eval DIR` as `eval run DIR`."""
        known = self.list_commands(ctx)
        if args and args[0] not in known:
            args = ["run", *args]
        return super().resolve_command(ctx, args)


app = typer.Typer(cls=Suites, help="Whether the bot still decides right.", no_args_is_help=True)


@app.command("run")
def run(
    folder: Folder,
    model: Model = "planner",
    repeat: Annotated[int, typer.Option(min=1, max=100, help="Play each so many times.")] = 1,
    *,
    as_json: Json = False,
) -> int:
    """Play every scenario of DIR and score it. Touches no database and no real system.

    Exit code 1 when one fails. With --repeat those that do not go the same way each time are named.
    """
    from bot.evaluation.choosers import choosers
    from bot.evaluation.report import report_json, report_lines
    from bot.evaluation.running import run_suite
    from bot.evaluation.suite import read_suite

    settings = _settings()
    cases = read_suite(folder)
    result = asyncio.run(run_suite(cases, settings, choosers(model), repeat))
    if as_json:
        print(json.dumps(report_json(result), indent=2))
    else:
        print("\n".join(report_lines(result)))
    return 1 if result.failed else 0


def _settings() -> Settings:
    from bot.logs import start_logging

    start_logging("error", lambda text: text, sys.stderr)
    return load_settings(hook_variables())
