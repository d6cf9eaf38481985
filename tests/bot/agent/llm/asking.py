"""A small prompt with a strict schema, and models opened against a scripted server."""

from collections.abc import AsyncGenerator, Mapping
from contextlib import asynccontextmanager

from pydantic import JsonValue

from bot.agent.exchange import Prompt
from bot.agent.llm.chain import Chain
from bot.agent.llm.opening import open_language_model
from bot.agent.llm_settings import LlmSettings
from bot.incident.facts_run import Receipt
from tests.llm_server import LanguageServer, Scripted, language_server

STEP = '{"step": {"intent": "look", "times": 2, "why": "logs"}}'
KEY = "sk-canary-0123456789"

SCHEMA: Mapping[str, JsonValue] = {
    "type": "object",
    "properties": {"step": {"anyOf": [{"$ref": "#/$defs/Look"}, {"$ref": "#/$defs/Stop"}]}},
    "required": ["step"],
    "additionalProperties": False,
    "$defs": {
        "Look": {
            "type": "object",
            "properties": {
                "intent": {"type": "string", "enum": ["look"]},
                "times": {"type": "integer", "minimum": 1, "maximum": 4},
                "why": {"type": "string", "maxLength": 300},
            },
            "required": ["intent", "times", "why"],
            "additionalProperties": False,
        },
        "Stop": {
            "type": "object",
            "properties": {
                "intent": {"type": "string", "enum": ["stop"]},
                "because": {"anyOf": [{"type": "string"}, {"type": "null"}]},
            },
            "required": ["intent", "because"],
            "additionalProperties": False,
        },
    },
}


def a_prompt(volatile: str = "HISTORY", *, estimated_tokens: int = 100) -> Prompt:
    """Return a prompt whose parts say which they are."""
    return Prompt(
        system="SYSTEM",
        stable="RUNBOOK",
        volatile=volatile,
        schema=SCHEMA,
        digest="d" * 64,
        estimated_tokens=estimated_tokens,
        receipt=Receipt(estimated_tokens=estimated_tokens, window_tokens=400_000),
    )


def variables(server: LanguageServer, **more: str) -> dict[str, str]:
    """Return what the environment would hold: both wires lead to the server."""
    return {
        "OPENAI_API_KEY": KEY,
        "OPENAI_BASE_URL": server.openai,
        "ANTHROPIC_API_KEY": KEY,
        "ANTHROPIC_BASE_URL": server.anthropic,
        "VLLM_BASE_URL": server.openai,
    } | more


@asynccontextmanager
async def opened(
    setting: str, env: Mapping[str, str], **settings: float | str
) -> AsyncGenerator[Chain]:
    """Yield what LLM_MODEL opens in that environment."""
    declared = LlmSettings.model_validate({"model": setting, **settings})
    async with open_language_model(declared, lambda name: env.get(name, "")) as model:
        assert model is not None
        yield model


@asynccontextmanager
async def scripted(
    setting: str, *script: Scripted, **settings: float | str
) -> AsyncGenerator[tuple[Chain, LanguageServer]]:
    """Yield the model of the setting and the server that plays the script to it."""
    async with (
        language_server(*script) as server,
        opened(setting, variables(server), **settings) as model,
    ):
        yield model, server
