"""Commands about the policy: explain who may decide, try a table of cases, lint. Change nothing."""

import asyncio
from datetime import datetime
from pathlib import Path
from typing import Annotated

import typer

from bot.cli.remote import hook_variables
from bot.errors import InputError
from bot.settings import load_settings

FolderOption = Annotated[
    Path | None, typer.Option("--folder", help="Knowledge folder; default: TRIAGE_RUNBOOKS.")
]


def explain_decision(
    proposal: Annotated[str, typer.Argument(help="P-7F3K, or the first characters of an id.")],
    person: Annotated[str, typer.Argument(help="A name of people.yaml.")],
    channel: Annotated[
        str, typer.Option(help="Decided through it; default: one that counts.")
    ] = "",
    at: Annotated[str, typer.Option(help="When, as 2026-01-05T03:00:00Z; default: now.")] = "",
    *,
    deny: Annotated[bool, typer.Option("--deny", help="Ask about a denial.")] = False,
) -> int:
    """Say whether PERSON may decide PROPOSAL, by which rule, and what is missing.

    Exit code 0 for yes, 1 for no. Reads the database and the folder; a bot may run beside it.
    """
    from bot.app.explaining import Question, explain

    question = Question(proposal, person, channel, _time(at), "deny" if deny else "approve")
    lines, yes = asyncio.run(explain(load_settings(hook_variables()), question))
    print("\n".join(lines))
    return 0 if yes else 1


def try_cases(
    file: Annotated[Path, typer.Argument(help="A YAML file of cases.")],
    folder: FolderOption = None,
) -> int:
    """Try every case of FILE on the policy; exit code 1 prints each that fails.

    The file holds `cases:`, a list such as

    - {name: sre alone, action: "job_run:rollback", service: checkout, environment: production,
    risk: medium, person: dana, expect: allow, rule: sre may roll back}

    `risk` is what the action's own code says; `targets`, `preview: false`, `undo: false` and the
    service's tier raise it as the policy says (`expect_risk: high` checks it). `expect` is allow,
    refuse, or needs 1. Also: approved (names, before), requested_by, edited_by, channel, at, and
    verdict (deny).
    """
    from bot.app.policy_table import tried

    lines, held = tried(file, _folder(folder))
    print("\n".join(lines))
    return 0 if held else 1


def lint(
    folder: Annotated[
        Path | None, typer.Argument(help="Knowledge folder; default: TRIAGE_RUNBOOKS.")
    ] = None,
) -> int:
    """Check policy.yaml and people.yaml: no rule for nothing, no action half declared.

    Exit code 1 lists every problem, 2 a file that cannot be read. `check` says the same.
    """
    from bot.app.policy_table import linted

    lines, sound = linted(_folder(folder))
    print("\n".join(lines))
    return 0 if sound else 1


def _folder(given: Path | None) -> Path:
    return given or load_settings(hook_variables()).runbooks


def _time(text: str) -> datetime | None:
    if not text:
        return None
    try:
        at = datetime.fromisoformat(text)
    except ValueError:
        raise InputError(f"--at: {text[:40]!r} is no time; write 2026-01-05T03:00:00Z") from None
    if at.tzinfo is None:
        raise InputError(f"--at: {text} names no time zone; write {text}Z, or +01:00")
    return at
