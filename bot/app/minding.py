"""Opens whoever chooses the Steps: the planner alone, or a model with the planner behind it.

The model writes the scribe's words too, on the same budget.
"""

import logging
import time
from collections.abc import Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from bot.agent.llm_settings import LlmSettings
from bot.app.role import Role
from bot.errors import ConfigError
from bot.incident.briefing import brief
from bot.incident.state import State
from bot.knowledge.planner import RunbookPlanner
from bot.knowledge.routes import GENERALIST
from bot.ports import Clock, Library, Mind, ModelCalls, Scribe, StepModel
from bot.settings import Settings
from bot.shelf import Needs
from tools.configured import configured

if TYPE_CHECKING:  # nothing of a model is imported before one is named
    from bot.agent.budget import Budget
    from bot.agent.exchange import LanguageModel, ModelReply, Prompt
    from bot.agent.scribe import Keep

log = logging.getLogger(__name__)
SCRIBE = "scribe"
"""The effect id of a scribe's request in the book of calls."""
RULE_BASED = "rule-based: the planner chooses every Step (LLM_MODEL names a model)"


@dataclass(frozen=True, slots=True)
class Means:
    """What a mind is made from. `settings` are the bot's own; the model's are among the secrets."""

    settings: Settings
    given: Needs
    calls: ModelCalls
    clock: Clock
    library: Library


@dataclass(frozen=True, slots=True)
class Minds:
    """Who chooses the Steps, and how its words for a postmortem come about; None: they do not."""

    chooser: StepModel | Mind
    scribe: "Callable[[Keep], Scribe] | None" = None


async def open_mind(stack: AsyncExitStack, means: Means, role: Role) -> Minds:
    """Return the planner, or the model that LLM_MODEL names with the planner behind it.

    Without a model, and in a process that drives nothing, nothing of one is imported. The stack
    closes what was opened.

    Raises:
        ConfigError: A setting of the model will not do; the message says what to mend.
    """
    settings = configured(LlmSettings, means.given)
    if not role.drives:
        return Minds(RunbookPlanner())
    if not settings.model.strip():
        log.info("Steps are chosen %s", RULE_BASED)
        return Minds(RunbookPlanner())
    return await _relay(stack, settings, means)


async def _relay(stack: AsyncExitStack, settings: LlmSettings, means: Means) -> Minds:
    from bot.agent.budget import Budget
    from bot.agent.llm.opening import open_language_model
    from bot.agent.prompt_files import read_prompts
    from bot.agent.relay import Relay
    from bot.agent.step_model import LlmMind

    secret = means.given.secret
    model = await stack.enter_async_context(open_language_model(settings, secret))
    if model is None:
        return Minds(RunbookPlanner())
    if problems := limit_problems(settings):
        raise ConfigError("\n".join(problems))
    settings = priced(settings)
    budget = Budget(means.calls, means.clock, settings)
    hosts = known_hosts(means.settings, means.library)
    mind = LlmMind(model, read_prompts(), budget, settings, hosts=hosts)
    log.info("Steps are chosen by %s, and by the planner when it cannot", model.name)
    return Minds(Relay(mind, settings), partial(_scribe, model, budget, settings))


def _scribe(
    model: "LanguageModel", budget: "Budget", settings: LlmSettings, keep: "Keep"
) -> Scribe:
    """Return the scribe, whose requests are in the same book and under the same limits."""
    from bot.agent.accounting import Accountant, Errand
    from bot.agent.prompt_files import read_prompts
    from bot.agent.scribe import DEADLINE_S, LlmScribe
    from bot.agent.tokens import ratio_of
    from bot.agent.window import Room

    accountant, style = Accountant(model, budget, time.monotonic), read_prompts().style(GENERALIST)

    async def ask(state: State, prompt: "Prompt") -> "ModelReply":
        context = replace(brief(state, (), 1), effect_id=SCRIBE)
        window = model.window or settings.window_tokens
        room = Room(window, ratio_of(await budget.ratios(model.name)))
        errand = Errand(context, style, room, time.monotonic() + DEADLINE_S)
        return await accountant.ask(errand, prompt, "")

    return LlmScribe(model, keep=keep, ask=ask)


def limit_problems(settings: LlmSettings) -> list[str]:
    """Return what is wrong with the limits of a model, if one is named; a line each."""
    if not settings.model.strip():
        return []
    problems = [
        "LLM_INPUT_USD, LLM_OUTPUT_USD: set both, for a dollar limit is set and no price of "
        f"{name} is known; or take LLM_INCIDENT_USD and LLM_DAY_USD away"
        for name in _unpriced(settings)
    ]
    if settings.patience_s > settings.deadline_s:
        problems.append(
            f"LLM_PATIENCE_S: {settings.patience_s:g} is more than LLM_DEADLINE_S "
            f"({settings.deadline_s:g}); lower it"
        )
    most, answer = settings.incident_output_tokens, settings.output_tokens
    if most and most < answer:
        problems.append(
            f"LLM_INCIDENT_OUTPUT_TOKENS: {most} is less than one answer may have "
            f"(LLM_OUTPUT_TOKENS is {answer}); raise it, or lower that"
        )
    return problems


def priced(settings: LlmSettings) -> LlmSettings:
    """Return settings with the listed prices where dollars are limited and no price is set.

    So a request is known to cost something before it is sent, and when nothing is heard of it.
    """
    if not (settings.incident_usd or settings.day_usd) or settings.input_usd or settings.output_usd:
        return settings
    from bot.agent.llm.listed import highest_usd
    from bot.agent.llm.named import model_names

    dollars = highest_usd(model_names(settings.model))
    return settings.model_copy(update={"input_usd": dollars[0], "output_usd": dollars[1]})


def _unpriced(settings: LlmSettings) -> list[str]:
    """Return the models of which no price is known though dollars are limited."""
    if not (settings.incident_usd or settings.day_usd):
        return []
    if settings.input_usd and settings.output_usd:
        return []
    from bot.agent.llm.listed import is_listed
    from bot.agent.llm.named import model_names

    return [str(one) for one in model_names(settings.model) if not is_listed(one)]


def known_hosts(settings: Settings, library: Library) -> Callable[[], frozenset[str]]:
    """Return a look at whose addresses a model may write: the bot's own, the services' links'."""
    own = {settings.public_url.host or ""} if settings.public_url else set[str]()

    def hosts() -> frozenset[str]:
        links = (link.url for one in library.catalogue.services for link in one.links)
        return frozenset(own | {urlsplit(url).hostname or "" for url in links}) - {""}

    return hosts
