"""Opens the models that LLM_MODEL names; before one is named, no provider's package is imported."""

from collections.abc import AsyncGenerator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from typing import TYPE_CHECKING

from bot.agent.llm.chain import Chain
from bot.agent.llm.named import EXTRAS, ModelName, model_names
from bot.agent.llm_settings import LlmSettings
from bot.errors import ConfigError

if TYPE_CHECKING:
    from bot.agent.llm.one_model import OneModel


@asynccontextmanager
async def open_language_model(
    settings: LlmSettings, secret: Callable[[str], str]
) -> AsyncGenerator[Chain | None]:
    """Yield the LanguageModel that is configured, or None; nothing is sent before it is asked.

    Args:
        settings: What LLM_… says.
        secret: The value of a provider's variable by its name; "" when unset.

    Raises:
        ConfigError: A provider is unknown or not installed, or a variable of its own is missing.
    """
    names = model_names(settings.model)
    if not names:
        yield None
        return
    async with AsyncExitStack() as stack:
        yield Chain([await _opened(stack, name, settings, secret) for name in names])


async def _opened(
    stack: AsyncExitStack, named: ModelName, settings: LlmSettings, secret: Callable[[str], str]
) -> "OneModel":
    try:
        from bot.agent.llm.one_model import OneModel
        from bot.agent.llm.price import Price
        from bot.agent.llm.providers import build_model
        from bot.agent.llm.wire import one_server

        client, transport = await stack.enter_async_context(one_server())
        built = build_model(named, secret, client)
    except ImportError as error:
        extra = EXTRAS[named.provider]
        raise ConfigError(
            f"LLM_MODEL names {named}, and what it needs is not installed ({error.name}): "
            f"pip install 'triagebot[{extra}]'"
        ) from None
    transport.address = built.model.base_url or ""
    profile = built.model.profile
    native = settings.output == "native" and profile.get("supports_json_schema_output", False)
    return OneModel(
        name=str(named),
        window=profile.get("context_window") or settings.window_tokens or None,
        model=built.model,
        output="native" if native else "tool",
        output_tokens=settings.output_tokens,
        price=Price(settings.input_usd, settings.output_usd),
        look_at=built.look_at,
        secrets=built.words,
        is_guarded=built.is_guarded,
    )
