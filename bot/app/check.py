"""`triagebot check`: the effective configuration and every problem with its mend."""

import asyncio
from contextlib import AsyncExitStack, suppress
from pathlib import Path

from pydantic import JsonValue

from bot.agent.llm_settings import LlmSettings
from bot.app.clock import SystemClock
from bot.app.database import examine_database
from bot.app.key import check_key
from bot.app.llm_check import inspect_model, load_llm_settings, model_rows
from bot.app.minding import limit_problems
from bot.app.readiness import gate_problems
from bot.app.role import ROLES, SERVE, WORKER, Role, check_role
from bot.app.routes import routes_of
from bot.app.scope import scoped
from bot.app.token import given_token
from bot.app.toolset import needs
from bot.engine.slices import EVIDENCE_READ
from bot.errors import ConfigError
from bot.incident.model import Change
from bot.incident.stepup import FOOTER
from bot.knowledge import lint
from bot.knowledge.library import Knowledge
from bot.knowledge.reach import turns_of_nobody, unheard, unreachable
from bot.knowledge.routes import route_problems, toolless
from bot.settings import (
    SHIPPED_RUNBOOKS,
    Settings,
    effective,
    environment,
    load_settings,
    secret,
    variable,
)
from bot.shelf import NOTHING_FITS, Needs
from bot.store.folder import Folder
from bot.version import version_line
from channels import CHANNELS
from tools.configured import configured
from tools.read import READ_TOOLS
from tools.write import ACTIONS


class NoChanges:
    """A `ports.Changes` for when nothing runs: there are none."""

    async def recent(self, service: str, since: object, limit: int = 20) -> list[Change]:
        """Return no change."""
        _ = service, since, limit
        return []


def configuration(role: str = SERVE.name) -> tuple[list[str], bool]:
    """Return what to print, and whether the bot can start as it is, in this role."""
    lines = [version_line(), ""]
    try:
        settings = load_settings(declared_variables())
        rows = [*effective(settings), *model_rows(load_llm_settings()), *_adapter_rows()]
        lines += [f"  {name:<32} {value}".rstrip() for name, value, _ in rows]
        check_role(_role(role), settings)
        given_token(settings)
        check_key(settings, makes=_role(role) is SERVE)
        problems, notes = _inspect(settings)
        if role == WORKER.name and settings.public_url is None:
            notes.append(
                "TRIAGE_PUBLIC_URL is not set: links of this worker's cards lead to itself"
            )
    except ConfigError as error:
        problems, notes = str(error).splitlines(), []
    lines.append("")
    lines.extend(f"note     {note}" for note in notes)
    lines.extend(f"problem  {problem}" for problem in problems)
    lines.append("check: the bot can start" if not problems else "check: mend the problems above")
    return lines, not problems


def _role(name: str) -> Role:
    if name not in ROLES:
        raise ConfigError(f"--role: there is no {name}; there are {', '.join(ROLES)}")
    return ROLES[name]


def _adapter_rows() -> list[tuple[str, str, str]]:
    """Return the settings of every adapter whose values will do; why others will not is told."""
    rows: list[tuple[str, str, str]] = []
    given = needs(lambda _: {}, secret, NoChanges(), SystemClock())
    declared = (*READ_TOOLS.values(), *ACTIONS.values(), *CHANNELS.values())
    for kind in dict.fromkeys(one.settings for one in declared if one.settings is not None):
        with suppress(ConfigError):
            rows += effective(configured(kind, given))
    return list(dict.fromkeys(rows))


def _inspect(settings: Settings) -> tuple[list[str], list[str]]:
    knowledge = Folder(settings.runbooks).load()
    given = offline(knowledge)
    routes = routes_of(knowledge, secret, settings.allow_insecure_webhook)
    lacking, opened = asyncio.run(_open_each(given))
    database, unfit = examine_database(settings)
    llm = load_llm_settings()
    amiss, model = asyncio.run(inspect_model(llm))
    problems = [
        *lint_knowledge(knowledge, given),
        *lacking,
        *gate_problems(knowledge),
        *unfit,
        *amiss,
        *limit_problems(llm),
    ]
    every = sorted({*READ_TOOLS, *ACTIONS})
    there = ", ".join(name for name in every if name in opened)
    absent = ", ".join(name for name in every if name not in opened) or "none"
    notes = [
        *database,
        *model,
        f"tools configured: {there}",
        f"tools left out for want of their address: {absent}",
        *routes.problems(),
        *unreachable(knowledge.policy, knowledge.people),
        *turns_of_nobody(knowledge.people),
        *unheard(knowledge.policy, {*CHANNELS, "api"}),
        *(
            one
            for one in toolless(knowledge.routes, {*READ_TOOLS} & {*opened})
            if one not in problems
        ),
    ]
    if not any(rule.allow for rule in knowledge.policy.rules):
        notes.append("READ-ONLY: policy.yaml enables no action; a rule that allows one does")
    if settings.accept_chat_only_high:
        notes.append(FOOTER)
    if settings.read_only:
        notes.append("READ-ONLY: TRIAGE_READ_ONLY is set; no action starts whatever policy says")
    notes.extend(_unscheduled(settings, llm))
    return problems, notes


def _unscheduled(settings: Settings, llm: LlmSettings) -> list[str]:
    """Return why the model is not tried on scenarios though it should be; nothing stops for it."""
    if not settings.eval_schedule:
        return []
    lacking = "TRIAGE_EVAL_SCHEDULE is set, and nothing is tried:"
    if settings.evals is None or not settings.evals.is_dir():
        return [f"{lacking} TRIAGE_EVALS names no folder of scenarios"]
    return [] if llm.model.strip() else [f"{lacking} LLM_MODEL names no model"]


async def _open_each(given: Needs) -> tuple[list[str], list[str]]:
    """Open every tool once, one by one: what each lacks, and which are configured."""
    problems: list[str] = []
    opened: list[str] = []
    for tool in (*READ_TOOLS.values(), *ACTIONS.values()):
        async with AsyncExitStack() as stack:
            try:
                if await stack.enter_async_context(tool.open(scoped(given, tool))) is not None:
                    opened.append(tool.name)
            except ConfigError as error:
                problems.append(f"{tool.name}: {error}")
    return problems, opened


def offline(knowledge: Knowledge) -> Needs:
    """Return what tools are handed when nothing runs: the files and the environment."""
    return needs(knowledge.file, secret, NoChanges(), SystemClock())


def lint_knowledge(knowledge: Knowledge, given: Needs) -> list[str]:
    """Return every problem of runbooks and routes against the tools and jobs there are."""
    infos = {
        tool.name: lint.ToolInfo(tool.kind, _schema_of(tool.name, given), tool.facts)
        for tool in (*READ_TOOLS.values(), *ACTIONS.values())
    }
    services = {service.name for service in knowledge.catalogue.services}
    tools = {*infos, EVIDENCE_READ.name}
    return [
        *lint.problems(knowledge.runbooks, infos, knowledge.jobs),
        *route_problems(knowledge.routes, tools, services, knowledge.runbooks),
        *toolless(knowledge.routes, {*READ_TOOLS}),
    ]


def _schema_of(name: str, given: Needs) -> dict[str, JsonValue]:
    tool = READ_TOOLS.get(name) or ACTIONS[name]
    if tool.schema is not None:
        closed = tool.schema(given)
        if closed != NOTHING_FITS:  # else a runbook could name nothing: its shape still counts
            return closed
    return tool.args.model_json_schema()


def lint_folder(path: Path) -> list[str]:
    """Return every problem of the runbooks in a knowledge folder.

    Raises:
        ConfigError: A file is broken; the message names every one.
    """
    knowledge = Folder(path).load()
    return lint_knowledge(knowledge, offline(knowledge))


def declared_variables() -> set[str]:
    """Return the environment variables that the knowledge folder's hooks declare.

    When the folder cannot be read, every name that is set may be one of them: no name is called
    unknown, and whoever loads the folder next says what is wrong with it.
    """
    try:
        knowledge = Folder(Path(secret(variable("runbooks")) or SHIPPED_RUNBOOKS)).load()
        insecure = secret(variable("allow_insecure_webhook"))
        return set(routes_of(knowledge, secret, insecure).variables())
    except ConfigError:
        return set(environment())
