"""Which models open with which variables; nothing is sent, and nothing loaded that is not named."""

import subprocess
import sys
from collections.abc import Mapping

import pytest

from bot.agent.llm.one_model import OneModel
from bot.agent.llm.opening import open_language_model
from bot.agent.llm_settings import LlmSettings
from bot.errors import ConfigError
from tests.bot.agent.llm.asking import KEY, opened

AWS = {
    "AWS_REGION": "eu-west-1",
    "AWS_ACCESS_KEY_ID": "AKIA-example",
    "AWS_SECRET_ACCESS_KEY": KEY,
}
AZURE = {"AZURE_OPENAI_ENDPOINT": "https://one.openai.azure.com", "AZURE_OPENAI_API_KEY": KEY}

SOUND: dict[str, tuple[Mapping[str, str], str]] = {
    "openai:gpt-5-mini": ({"OPENAI_API_KEY": KEY}, "https://api.openai.com/v1/"),
    "openai:smollm2": ({"OPENAI_BASE_URL": "http://llm:8000/v1"}, "http://llm:8000/v1/"),
    "ollama:qwen3:8b": ({"OLLAMA_BASE_URL": "http://llm:11434/v1"}, "http://llm:11434/v1/"),
    "vllm:big": ({"VLLM_BASE_URL": "http://llm/v1", "VLLM_API_KEY": KEY}, "http://llm/v1/"),
    "azure:gpt-5-mini": (
        AZURE | {"OPENAI_API_VERSION": "2025-04-01"},
        "https://one.openai.azure.com/openai/",
    ),
    "azure:gpt-5": (
        AZURE | {"AZURE_OPENAI_ENDPOINT": "https://one.openai.azure.com/openai/v1/"},
        "https://one.openai.azure.com/openai/v1/",
    ),
    "anthropic:claude-opus-5": ({"ANTHROPIC_API_KEY": KEY}, "https://api.anthropic.com"),
    "google:gemini-2.5-flash": (
        {"GOOGLE_API_KEY": KEY},
        "https://generativelanguage.googleapis.com/",
    ),
    "google:gemini-2.5-pro": (
        {"GEMINI_API_KEY": KEY, "GOOGLE_GEMINI_BASE_URL": "https://gateway.example"},
        "https://gateway.example",
    ),
    "bedrock:anthropic.claude-opus-5-v1:0": (
        AWS,
        "https://bedrock-runtime.eu-west-1.amazonaws.com",
    ),
    "bedrock:amazon.nova-lite-v1:0": (
        {"AWS_DEFAULT_REGION": "us-east-1", "AWS_BEARER_TOKEN_BEDROCK": KEY},
        "https://bedrock-runtime.us-east-1.amazonaws.com",
    ),
}
KNOWN = {
    "openai:gpt-5-mini": 400_000,
    "anthropic:claude-opus-5": 1_000_000,
    "google:gemini-2.5-flash": 1_048_576,
    "bedrock:amazon.nova-lite-v1:0": 300_000,
}


async def only(setting: str, env: Mapping[str, str], **settings: float | str) -> OneModel:
    """Return the one model that the setting opens; its connections are closed again."""
    async with opened(setting, env, **settings) as model:
        (member,) = model.members
        assert isinstance(member, OneModel)
        return member


@pytest.mark.parametrize("setting", SOUND)
async def test_each_provider_opens_with_its_usual_variables(setting: str) -> None:
    env, address = SOUND[setting]
    member = await only(setting, env)
    assert member.name == setting
    assert str(member.model.base_url).rstrip("/") == address.rstrip("/")
    assert KEY not in repr(member)


@pytest.mark.parametrize("setting", KNOWN)
async def test_a_window_that_is_known_is_taken_and_a_set_one_where_it_is_not(setting: str) -> None:
    env, _ = SOUND[setting]
    assert (await only(setting, env, window_tokens=9000)).window == KNOWN[setting]
    local, address = "openai:smollm2", {"OPENAI_BASE_URL": "http://llm:8000/v1"}
    assert (await only(local, address)).window is None
    assert (await only(local, address, window_tokens=9000)).window == 9000


async def test_a_model_that_takes_no_schema_is_handed_a_tool() -> None:
    env, _ = SOUND["bedrock:amazon.nova-lite-v1:0"]
    assert (await only("bedrock:amazon.nova-lite-v1:0", env)).output == "tool"
    assert (await only("bedrock:anthropic.claude-opus-5-v1:0", AWS)).output == "native"
    assert (await only("bedrock:anthropic.claude-opus-5-v1:0", AWS, output="tool")).output == "tool"


@pytest.mark.parametrize(
    ("setting", "env", "words"),
    [
        ("openai:x", {}, "OPENAI_API_KEY is not set; set it, or OPENAI_API_KEY_FILE"),
        ("ollama:x", {}, "OLLAMA_BASE_URL is not set"),
        ("anthropic:x", {}, "ANTHROPIC_API_KEY is not set"),
        ("google:x", {}, "GOOGLE_API_KEY is not set"),
        ("azure:x", {}, "AZURE_OPENAI_ENDPOINT is not set"),
        ("azure:x", AZURE, r"OPENAI_API_VERSION is not set.*/openai/v1/"),
        ("bedrock:x", {}, "set AWS_REGION and AWS_BEARER_TOKEN_BEDROCK"),
        ("bedrock:x", {"AWS_REGION": "r"}, "set AWS_BEARER_TOKEN_BEDROCK"),
        ("openai:x", {"OPENAI_BASE_URL": "llm:8000"}, "OPENAI_BASE_URL: write an address like"),
        ("openai:x", {"OPENAI_BASE_URL": f"https://u:{KEY}@llm/"}, "without a name, a key"),
        ("openai:x", {"OPENAI_BASE_URL": "https://llm:port/"}, "write an address"),
    ],
)
async def test_a_variable_that_is_missing_or_no_address_is_named(
    setting: str, env: Mapping[str, str], words: str
) -> None:
    with pytest.raises(ConfigError, match=words) as caught:
        await only(setting, env)
    assert KEY not in str(caught.value)


@pytest.mark.parametrize(
    ("setting", "module", "extra"),
    [
        ("openai:x", "pydantic_ai.models.openai", "openai"),
        ("ollama:x", "pydantic_ai.models.openai", "openai"),
        ("anthropic:x", "pydantic_ai.models.anthropic", "anthropic"),
        ("google:x", "pydantic_ai.models.google", "google"),
        ("bedrock:x", "bot.agent.llm.bedrock", "bedrock"),
    ],
)
async def test_a_missing_extra_says_what_to_install(
    setting: str, module: str, extra: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, module, None)
    env = {"OPENAI_API_KEY": KEY, "OLLAMA_BASE_URL": "http://llm/v1", "ANTHROPIC_API_KEY": KEY}
    with pytest.raises(ConfigError, match=rf"{module}.*pip install 'triagebot\[{extra}\]'"):
        await only(setting, env | {"GOOGLE_API_KEY": KEY})


async def test_without_a_model_there_is_none() -> None:
    async with open_language_model(LlmSettings(model=""), lambda _: "") as model:
        assert model is None


def test_a_start_without_a_model_loads_no_providers_package() -> None:
    code = (
        "import asyncio, sys, bot.app.bot, bot.app.check, bot.app.llm_check, bot.cli\n"
        "from bot.agent.llm.opening import open_language_model\n"
        "from bot.agent.llm_settings import LlmSettings\n"
        "async def main():\n"
        "    async with open_language_model(LlmSettings(model=''), str): pass\n"
        "asyncio.run(main())\n"
        "print(sorted({name.partition('.')[0] for name in sys.modules}))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    heavy = {"pydantic_ai", "openai", "anthropic", "google", "boto3", "botocore", "httpx2"}
    loaded = set(done.stdout.strip("[]\n").replace("'", "").split(", "))
    assert "bot" in loaded
    assert loaded & heavy == set()
