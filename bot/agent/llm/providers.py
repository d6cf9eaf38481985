"""How each provider's model is made from the provider's own usual variables; no request is sent.

Each import waits for its provider: an SDK takes a second to load, and may not be installed.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import Any
from urllib.parse import urlsplit

import httpx2
from pydantic_ai.models import Model

from bot.agent.llm.named import ModelName
from bot.errors import ConfigError

OPENAI = "https://api.openai.com/v1"
ANTHROPIC = "https://api.anthropic.com"
GOOGLE = "https://generativelanguage.googleapis.com"

Secret = Callable[[str], str]
"""A variable's value by its name, or that of the file which `NAME_FILE` names; "" when unset."""


@dataclass(frozen=True, slots=True)
class Built:
    """A model that can be asked.

    `words` are secrets that must never be seen, `look_at` the variables to look at when it does not
    answer. `is_guarded` False: its SDK does not use our client.
    """

    model: Model[Any] = field(repr=False)
    words: tuple[str, ...] = field(repr=False)
    look_at: str
    is_guarded: bool = True


def build_model(named: ModelName, secret: Secret, client: httpx2.AsyncClient) -> Built:
    """Return the model, whose requests go through `client` where its SDK can take one.

    Raises:
        ConfigError: A variable is missing or no address.
        ImportError: What the provider needs is not installed.
    """
    return _MAKERS[named.provider](named, secret, client)


def _openai(named: ModelName, secret: Secret, client: httpx2.AsyncClient) -> Built:
    if _address(secret("OPENAI_BASE_URL"), "OPENAI_BASE_URL"):
        return _compatible(named, secret, client, prefix="OPENAI")
    from pydantic_ai.models.openai import OpenAIChatModel
    from pydantic_ai.providers.openai import OpenAIProvider

    key = _needed(named, secret, "OPENAI_API_KEY")
    provider = OpenAIProvider(OPENAI, key, http_client=client)
    return Built(OpenAIChatModel(named.model, provider=provider), (key,), "OPENAI_API_KEY")


def _compatible(
    named: ModelName, secret: Secret, client: httpx2.AsyncClient, *, prefix: str
) -> Built:
    """Any server of OpenAI's wire: vLLM, Ollama, llama.cpp, a gateway. Many want no key."""
    from pydantic_ai.models.openai import OpenAIChatModel
    from pydantic_ai.providers.openai_compatible import OpenAICompatibleProvider

    at, key_at = f"{prefix}_BASE_URL", f"{prefix}_API_KEY"
    address = _address(_needed(named, secret, at), at)
    key = secret(key_at)
    provider = OpenAICompatibleProvider(
        named.provider, base_url=address, api_key=key or "none", http_client=client
    )
    model = OpenAIChatModel(named.model, provider=provider)
    return Built(model, (key,) if key else (), f"{at} and {key_at}")


def _azure(named: ModelName, secret: Secret, client: httpx2.AsyncClient) -> Built:
    from pydantic_ai.models.openai import OpenAIChatModel
    from pydantic_ai.providers.azure import AzureProvider

    at = "AZURE_OPENAI_ENDPOINT"
    address = _address(_needed(named, secret, at), at)
    key = _needed(named, secret, "AZURE_OPENAI_API_KEY")
    version = secret("OPENAI_API_VERSION")
    if not version and not address.rstrip("/").endswith("/v1"):
        raise ConfigError(
            f"LLM_MODEL names {named}, and OPENAI_API_VERSION is not set; set it, or end {at} with "
            "/openai/v1/"
        )
    provider = AzureProvider(
        azure_endpoint=address, api_version=version or None, api_key=key, http_client=client
    )
    model = OpenAIChatModel(named.model, provider=provider)
    return Built(model, (key,), f"{at} and AZURE_OPENAI_API_KEY")


def _anthropic(named: ModelName, secret: Secret, client: httpx2.AsyncClient) -> Built:
    from pydantic_ai.models.anthropic import AnthropicModel
    from pydantic_ai.providers.anthropic import AnthropicProvider

    at = "ANTHROPIC_BASE_URL"
    address = _address(secret(at), at) or ANTHROPIC
    key = _needed(named, secret, "ANTHROPIC_API_KEY")
    provider = AnthropicProvider(api_key=key, base_url=address, http_client=client)
    return Built(
        AnthropicModel(named.model, provider=provider), (key,), f"ANTHROPIC_API_KEY and {at}"
    )


def _google(named: ModelName, secret: Secret, client: httpx2.AsyncClient) -> Built:
    """The Gemini API with its key; Vertex AI and its service accounts are not offered."""
    from pydantic_ai.models.google import GoogleModel
    from pydantic_ai.providers.google import GoogleProvider

    at = "GOOGLE_GEMINI_BASE_URL"
    address = _address(secret(at), at) or GOOGLE
    key = secret("GEMINI_API_KEY") or _needed(named, secret, "GOOGLE_API_KEY")
    provider = GoogleProvider(api_key=key, base_url=address, http_client=client)
    return Built(GoogleModel(named.model, provider=provider), (key,), "GOOGLE_API_KEY")


def _bedrock(named: ModelName, secret: Secret, client: httpx2.AsyncClient) -> Built:
    """The Converse API of one region, which does not use our client."""
    from bot.agent.llm.bedrock import bedrock_model

    _ = client
    model, words = bedrock_model(named.model, secret)
    return Built(model, words, "AWS_REGION and the AWS keys", is_guarded=False)


def _needed(named: ModelName, secret: Secret, variable: str) -> str:
    value = secret(variable)
    if not value:
        raise ConfigError(
            f"LLM_MODEL names {named}, and {variable} is not set; set it, or {variable}_FILE"
        )
    return value


def _address(value: str, variable: str) -> str:
    """Return an address that requests may go to; "" when it is not set."""
    if not value:
        return ""
    try:
        url = urlsplit(value)
        is_sound = url.scheme in {"http", "https"} and bool(url.hostname) and url.port != 0
    except ValueError:
        is_sound = False
        url = None
    if not is_sound or url is None or url.username or url.query or url.fragment:
        raise ConfigError(
            f"{variable}: write an address like https://host/v1, without a name, a key or a query"
        )
    return value


_MAKERS: Mapping[str, Callable[[ModelName, Secret, httpx2.AsyncClient], Built]] = {
    "openai": _openai,
    "ollama": partial(_compatible, prefix="OLLAMA"),
    "vllm": partial(_compatible, prefix="VLLM"),
    "azure": _azure,
    "anthropic": _anthropic,
    "google": _google,
    "bedrock": _bedrock,
}
