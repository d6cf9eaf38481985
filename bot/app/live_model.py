"""The model that LLM_MODEL names, and the whole menu, where no bot runs: to evaluate, to fork."""

from contextlib import AsyncExitStack

from bot.agent.exchange import LanguageModel
from bot.agent.llm_settings import LlmSettings
from bot.app.check import NoChanges
from bot.app.clock import SystemClock
from bot.app.library import FolderLibrary
from bot.app.llm_check import load_llm_settings
from bot.app.minding import priced
from bot.app.toolset import install_of, needs
from bot.engine.menu import Menu
from bot.engine.slices import EVIDENCE_READ
from bot.settings import Settings, secret
from tools.read import READ_TOOLS
from tools.write import ACTIONS


async def live_model(stack: AsyncExitStack) -> tuple[LanguageModel | None, LlmSettings]:
    """Return the model, None when none is named, and its settings; nothing is sent to it yet.

    Raises:
        ConfigError: A setting of the model will not do; the message says what to mend.
    """
    from bot.agent.llm.opening import open_language_model

    settings = load_llm_settings()
    if not settings.model.strip():
        return None, settings
    return await stack.enter_async_context(open_language_model(settings, secret)), priced(settings)


def whole_menu(settings: Settings) -> Menu:
    """Return the menu of every tool there is, configured or not, with the team's knowledge.

    Raises:
        ConfigError: The knowledge folder cannot be read.
    """
    library = FolderLibrary(settings.runbooks)
    given = needs(library.file, lambda _name: "", NoChanges(), SystemClock())
    tools = (*READ_TOOLS.values(), *ACTIONS.values(), EVIDENCE_READ)
    return Menu(tools, install_of(given, library))
