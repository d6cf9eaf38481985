"""Every command and its help; each one is thin and lives in the file of its kind."""

import sys

import typer

from bot.cli import audit, evaluating, llm, local, people, policy, remote, running, storage
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
db_app = typer.Typer(help="The database.", no_args_is_help=True)
runbook_app = typer.Typer(help="Runbooks.", no_args_is_help=True)
people_app = typer.Typer(help="People: links, accounts, API tokens.", no_args_is_help=True)
app.add_typer(people_app, name="people")
policy_app = typer.Typer(help="Who may decide what.", no_args_is_help=True)
app.add_typer(audit_app, name="audit")
app.add_typer(db_app, name="db")
app.add_typer(runbook_app, name="runbook")
app.add_typer(policy_app, name="policy")
app.add_typer(evaluating.app, name="eval")
llm_app = typer.Typer(help="The language model, where one is configured.", no_args_is_help=True)
app.add_typer(llm_app, name="llm")

app.command("serve")(running.serve)
app.command("web")(running.web)
app.command("worker")(running.worker)
app.command("demo")(running.demo)
app.command("check")(running.check)
app.command("migrate")(running.migrate)
app.command("backup")(storage.backup)
app.command("restore")(storage.restore)
db_app.command("stats")(storage.db_stats)
db_app.command("rebuild")(storage.db_rebuild)
app.command("parse")(local.parse)
app.command("list")(local.list_incidents)
app.command("show")(local.show)
app.command("timeline")(local.print_timeline)
app.command("postmortem")(local.print_postmortem)
app.command("stats")(local.stats)
app.command("replay")(local.replay)
audit_app.command("key")(audit.key)
audit_app.command("verify")(audit.verify)
audit_app.command("export")(audit.export)
audit_app.command("check-export")(audit.check_export)
runbook_app.command("lint")(local.runbook_lint)
people_app.command("list")(people.list_people)
people_app.command("link")(people.link)
people_app.command("unlink")(people.unlink)
people_app.command("token")(people.token)
people_app.command("revoke")(people.revoke)
policy_app.command("explain")(policy.explain_decision)
policy_app.command("test")(policy.try_cases)
policy_app.command("lint")(policy.lint)
llm_app.command("check")(llm.llm_check)
app.command("fire")(remote.fire)

LOCAL = frozenset({"help", "list", "show", "link", "timeline", "postmortem"})
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
