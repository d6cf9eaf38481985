"""Azure, Google and Bedrock through their real SDKs, against a server that answers as they do."""

import json
from collections.abc import Mapping
from typing import Any, cast

import pytest

from bot.agent.exchange import ModelError
from bot.agent.llm.one_model import OneModel
from bot.incident.facts_run import FallbackKind
from tests.bot.agent.llm.asking import KEY, STEP, a_prompt, opened
from tests.counting import security_events
from tests.llm_server import LanguageServer, drops, fails, language_server, says
from tests.llm_wire import Turn

GOOGLE = {
    "candidates": [
        {"content": {"role": "model", "parts": [{"text": STEP}]}, "finishReason": "STOP"}
    ],
    "usageMetadata": {
        "promptTokenCount": 1500,
        "cachedContentTokenCount": 1200,
        "candidatesTokenCount": 60,
        "totalTokenCount": 1560,
    },
    "modelVersion": "gemini-2.5-flash",
}
BEDROCK = {
    "output": {"message": {"role": "assistant", "content": [{"text": STEP}]}},
    "stopReason": "end_turn",
    "usage": {
        "inputTokens": 300,
        "cacheReadInputTokens": 1200,
        "outputTokens": 60,
        "totalTokens": 1560,
    },
    "metrics": {"latencyMs": 10},
}
CLAUDE = "bedrock:anthropic.claude-opus-5-v1:0"
ANSWERS: dict[str, Turn] = {
    "azure:gpt-5-mini": says(STEP),
    "google:gemini-2.5-flash": Turn(raw=json.dumps(GOOGLE).encode()),
    CLAUDE: Turn(raw=json.dumps(BEDROCK).encode()),
}


def led_to(server: LanguageServer) -> Mapping[str, str]:
    here = server.anthropic
    return {
        "AZURE_OPENAI_ENDPOINT": here,
        "AZURE_OPENAI_API_KEY": KEY,
        "OPENAI_API_VERSION": "2025-04-01",
        "GOOGLE_API_KEY": KEY,
        "GOOGLE_GEMINI_BASE_URL": here,
        "AWS_REGION": "eu-west-1",
        "AWS_ACCESS_KEY_ID": "AKIA-example",
        "AWS_SECRET_ACCESS_KEY": KEY,
        "AWS_ENDPOINT_URL_BEDROCK_RUNTIME": here,
    }


@pytest.mark.parametrize("setting", ANSWERS)
async def test_f12_each_provider_answers_and_its_exchange_is_kept_without_the_key(
    setting: str,
) -> None:
    async with (
        language_server(ANSWERS[setting]) as server,
        opened(setting, led_to(server)) as model,
    ):
        reply = await model.ask(a_prompt(), "\nNOTE", 30)
    (asked,) = server.asked
    assert json.loads(reply.text) == json.loads(STEP)
    usage = reply.usage
    assert (usage.input_tokens, usage.cached_tokens, usage.output_tokens) == (1500, 1200, 60)
    assert isinstance(reply.exchange, dict)
    assert reply.exchange["request"] == asked.body
    assert reply.exchange["status"] == 200
    kept = json.dumps(reply.exchange)
    assert KEY not in kept
    assert [kept.count(word) for word in ("SYSTEM", "RUNBOOK", "HISTORY")] == [1, 1, 1]
    assert kept.index("RUNBOOK") < kept.index("HISTORY\\nNOTE")
    signed = setting == CLAUDE
    assert (KEY in str(dict(asked.headers))) != signed
    assert KEY not in asked.path


@pytest.mark.parametrize("setting", ANSWERS)
@pytest.mark.parametrize(
    ("turn", "kind", "requests"),
    [
        (fails(429, "slow down"), "rate_limited", 1),
        (fails(503, "later"), "overloaded", 1),
        (fails(500, "oh"), "overloaded", 1),
        (fails(403, f"no {KEY}"), "refused", 1),
        (drops(), "unreachable", 2),
        (Turn(raw=b"<html>"), "invalid", 1),
    ],
)
async def test_f11_each_provider_fails_in_our_words_and_is_not_asked_again_behind_our_back(
    setting: str, turn: Turn, kind: FallbackKind, requests: int
) -> None:
    async with language_server(turn) as server, opened(setting, led_to(server)) as model:
        with pytest.raises(ModelError) as caught:
            await model.ask(a_prompt(), "", 30)
    assert caught.value.kind == kind
    assert len(server.asked) == requests
    assert caught.value.usage.requests == requests
    assert KEY not in str(caught.value)
    assert KEY not in str(caught.value.exchange)


async def test_f02_bedrock_is_stopped_before_it_asks_another_server() -> None:
    before = security_events("egress")
    async with (
        language_server(ANSWERS[CLAUDE]) as server,
        language_server(says("")) as other,
        opened(CLAUDE, led_to(server)) as model,
    ):
        (member,) = model.members
        assert isinstance(member, OneModel)
        client = cast("Any", member.model).client

        def lead_astray(request: Any, **_: object) -> None:  # noqa: ANN401 - botocore has no types
            request.url = f"{other.anthropic}/model/x/converse"

        client.meta.events.register("request-created.bedrock-runtime", lead_astray)
        with pytest.raises(ModelError, match="is not its address") as caught:
            await member.ask(a_prompt(), "", 30)
    assert caught.value.kind == "refused"
    assert server.asked == other.asked == []
    assert security_events("egress") == before + 1
