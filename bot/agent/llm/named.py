"""What `LLM_MODEL` says: which models, of which providers, in which order."""

from dataclasses import dataclass
from difflib import get_close_matches

from bot.errors import ConfigError

EXTRAS = {
    "openai": "openai",
    "azure": "openai",
    "ollama": "openai",
    "vllm": "openai",
    "anthropic": "anthropic",
    "google": "google",
    "bedrock": "bedrock",
}
"""Every provider, and the extra of this package that brings what it needs."""

VARIABLES: dict[str, tuple[str, ...]] = {
    "openai": ("OPENAI_API_KEY", "OPENAI_BASE_URL"),
    "azure": ("AZURE_OPENAI_ENDPOINT", "AZURE_OPENAI_API_KEY", "OPENAI_API_VERSION"),
    "ollama": ("OLLAMA_BASE_URL", "OLLAMA_API_KEY"),
    "vllm": ("VLLM_BASE_URL", "VLLM_API_KEY"),
    "anthropic": ("ANTHROPIC_API_KEY", "ANTHROPIC_BASE_URL"),
    "google": ("GOOGLE_API_KEY", "GEMINI_API_KEY", "GOOGLE_GEMINI_BASE_URL"),
    "bedrock": (
        "AWS_REGION",
        "AWS_DEFAULT_REGION",
        "AWS_BEARER_TOKEN_BEDROCK",
        "AWS_ACCESS_KEY_ID",
        "AWS_SECRET_ACCESS_KEY",
        "AWS_SESSION_TOKEN",
        "AWS_ENDPOINT_URL_BEDROCK_RUNTIME",
    ),
}
"""What each provider reads, each also as `…_FILE`."""


@dataclass(frozen=True, slots=True)
class ModelName:
    """One model of one provider."""

    provider: str
    model: str

    def __str__(self) -> str:
        return f"{self.provider}:{self.model}"


def model_names(setting: str) -> tuple[ModelName, ...]:
    """Return the models of the setting in the order they are asked; none when it is empty.

    A model's own name may hold colons (`ollama:qwen3:8b`), but no comma.

    Raises:
        ConfigError: A part is not `provider:name`, nobody knows the provider, or a model is named
            twice.
    """
    found: list[ModelName] = []
    for part in setting.split(","):
        if not part.strip():
            continue
        provider, colon, model = (one.strip() for one in part.strip().partition(":"))
        if not colon or not provider or not model:
            raise ConfigError(f"LLM_MODEL: write provider:name, not {part.strip()[:80]!r}")
        if provider not in EXTRAS:
            near = get_close_matches(provider, EXTRAS, n=1)
            hint = f"did you mean {near[0]}?" if near else f"there are {', '.join(EXTRAS)}"
            raise ConfigError(f"LLM_MODEL: no provider is called {provider[:40]!r}; {hint}")
        one = ModelName(provider, model)
        if one in found:
            raise ConfigError(f"LLM_MODEL: {one} stands there twice; once is enough")
        found.append(one)
    return tuple(found)
