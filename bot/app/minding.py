"""Opens whoever chooses the Steps: the planner alone, or a model with the planner behind it."""

import logging
from collections.abc import Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass
from urllib.parse import urlsplit

from bot.agent.llm_settings import LlmSettings
from bot.app.role import Role
from bot.errors import ConfigError
from bot.knowledge.planner import RunbookPlanner
from bot.ports import Clock, Library, Mind, ModelCalls, StepModel
from bot.settings import Settings
from bot.shelf import Needs
from tools.configured import configured

log = logging.getLogger(__name__)
RULE_BASED = "rule-based: the planner chooses every Step (LLM_MODEL names a model)"


@dataclass(frozen=True, slots=True)
class Means:
    """What a mind is made from. `settings` are the bot's own; the model's are among the secrets."""

    settings: Settings
    given: Needs
    calls: ModelCalls
    clock: Clock
    library: Library


async def open_mind(stack: AsyncExitStack, means: Means, role: Role) -> StepModel | Mind:
    """Return the planner, or the model that LLM_MODEL names with the planner behind it.

    Without a model, and in a process that drives nothing, nothing of one is imported. The stack
    closes what was opened.

    Raises:
        ConfigError: A setting of the model will not do; the message says what to mend.
    """
    settings = configured(LlmSettings, means.given)
    if not role.drives:
        return RunbookPlanner()
    if not settings.model.strip():
        log.info("Steps are chosen %s", RULE_BASED)
        return RunbookPlanner()
    return await _relay(stack, settings, means)


async def _relay(stack: AsyncExitStack, settings: LlmSettings, means: Means) -> StepModel | Mind:
    from bot.agent.budget import Budget
    from bot.agent.llm.opening import open_language_model
    from bot.agent.prompt_files import read_prompts
    from bot.agent.relay import Relay
    from bot.agent.step_model import LlmMind

    secret = means.given.secret
    model = await stack.enter_async_context(open_language_model(settings, secret))
    if model is None:
        return RunbookPlanner()
    if problems := limit_problems(settings):
        raise ConfigError("\n".join(problems))
    budget = Budget(means.calls, means.clock, settings)
    hosts = known_hosts(means.settings, means.library)
    mind = LlmMind(model, read_prompts(), budget, settings, hosts=hosts)
    log.info("Steps are chosen by %s, and by the planner when it cannot", model.name)
    return Relay(mind, settings)


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
