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


@dataclass(frozen=True, slots=True)
class Named:
    """One model of one provider."""

    provider: str
    model: str

    def __str__(self) -> str:
        return f"{self.provider}:{self.model}"


def model_names(setting: str) -> tuple[Named, ...]:
    """Return the models of the setting in the order they are asked; none when it is empty.

    A model's own name may hold colons (`ollama:qwen3:8b`), but no comma.

    Raises:
        ConfigError: A part is not `provider:name`, nobody knows the provider, or a model is named
            twice.
    """
    found: list[Named] = []
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
        one = Named(provider, model)
        if one in found:
            raise ConfigError(f"LLM_MODEL: {one} stands there twice; once is enough")
        found.append(one)
    return tuple(found)
