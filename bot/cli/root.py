"""Every command and its help; each one is thin and lives in the file of its kind."""

import sys

import typer

from bot.cli import local, remote, running
from bot.errors import BotError, ConfigError
from bot.incident.commands import WORDS


def exit_with(code: int | None) -> None:
    """End the process with what the command returned."""
    raise typer.Exit(code or 0)


app = typer.Typer(
    result_callback=exit_with,
    name="triagebot",
    help="Self-hosted incident triage in chat, with human approvals.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)
audit_app = typer.Typer(help="The event log as audit log.", no_args_is_help=True)
runbook_app = typer.Typer(help="Runbooks.", no_args_is_help=True)
app.add_typer(audit_app, name="audit")
app.add_typer(runbook_app, name="runbook")

app.command("serve")(running.serve)
app.command("demo")(running.demo)
app.command("check")(running.check)
app.command("migrate")(running.migrate)
app.command("parse")(local.parse)
app.command("list")(local.list_incidents)
app.command("show")(local.show)
app.command("replay")(local.replay)
audit_app.command("verify")(local.audit_verify)
runbook_app.command("lint")(local.runbook_lint)
app.command("fire")(remote.fire)

LOCAL = frozenset({"help", "list", "show", "link", "timeline"})
for word in WORDS:
    if word.name not in LOCAL:
        app.command(
            word.name,
            help=f"{word.does[0].upper()}{word.does[1:]}: {word.usage}"
            + (f" ({word.later})" if word.later else ""),
            context_settings={"ignore_unknown_options": True},
        )(remote.command_of(word.name))


def run_command() -> int:
    """Run the command the arguments name and return the exit code; errors are for humans."""
    try:
        app()
    except ConfigError as error:
        print(f"triagebot: {error}", file=sys.stderr)
        return 2
    except BotError as error:
        print(f"triagebot: {error}", file=sys.stderr)
        return 1
    return 0
