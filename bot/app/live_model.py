"""Opens the model that LLM_MODEL names, where no bot runs: to evaluate it, or to ask it again."""

from contextlib import AsyncExitStack

from bot.agent.exchange import LanguageModel
from bot.agent.llm_settings import LlmSettings
from bot.app.check import NoChanges
from bot.app.clock import SystemClock
from bot.app.toolset import needs
from bot.settings import secret
from tools.configured import configured


async def live_model(stack: AsyncExitStack) -> tuple[LanguageModel | None, LlmSettings]:
    """Return the model, None when none is named, and its settings; nothing is sent to it yet.

    Raises:
        ConfigError: A setting of the model will not do; the message says what to mend.
    """
    from bot.agent.llm.opening import open_language_model

    given = needs(lambda _name: {}, secret, NoChanges(), SystemClock())
    settings = configured(LlmSettings, given)
    if not settings.model.strip():
        return None, settings
    return await stack.enter_async_context(open_language_model(settings, secret)), settings
