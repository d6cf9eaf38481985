"""Whatever a provider does, one request ends in an error of ours that says what to do."""

import asyncio
from dataclasses import replace

import pytest

from bot.agent.exchange import ModelError
from bot.incident.facts_run import FallbackKind
from tests.bot.agent.llm.asking import KEY, STEP, a_prompt, opened, scripted
from tests.llm_server import (
    breaks_off,
    chats,
    drops,
    fails,
    floods,
    mumbles,
    overflows,
    redirects,
    says,
    stalls,
)
from tests.llm_wire import Turn
from tests.peers import free_port

BOTH = ["openai:gpt-5-mini", "anthropic:claude-opus-5"]
FAILURES: dict[str, tuple[Turn, FallbackKind, str]] = {
    "429": (fails(429), "rate_limited", r"asks us to slow down \(HTTP 429\)"),
    "529": (fails(529), "overloaded", r"is overloaded \(HTTP 529\)"),
    "503": (fails(503), "overloaded", r"is overloaded \(HTTP 503\)"),
    "500": (fails(500), "overloaded", r"failed \(HTTP 500\)"),
    "401": (fails(401), "refused", r"does not let us in; check \w+_(BASE_URL|API_KEY) and"),
    "403": (fails(403), "refused", r"check .*API_KEY.* \(HTTP 403\)"),
    "404": (fails(404, "no model x"), "refused", r"check LLM_MODEL, .*\(HTTP 404\): no model x"),
    "400": (fails(400, "bad\nschema"), "refused", r"check LLM_MODEL and LLM_OUTPUT.*: bad schema"),
    "402": (fails(402), "refused", r"no quota or credit left"),
    "413": (fails(413), "invalid", r"context is too long"),
    "too long": (overflows(), "invalid", r"context is too long"),
    "dropped": (drops(), "unreachable", r"is it running\? check"),
    "broken off": (breaks_off(), "unreachable", r"broke off"),
    "mumbled": (mumbles(), "invalid", r"a shape nobody can read"),
    "no object": (Turn(raw=b"[]"), "invalid", r"a shape nobody can read"),
    "a page": (Turn(raw=b"<html>hello</html>"), "invalid", r"a shape nobody can read"),
    "empty": (says(" "), "invalid", r"answered nothing"),
    "cut short": (says(STEP, stop="length"), "invalid", r"1200 tokens; raise LLM_OUTPUT_TOKENS"),
    "filtered": (says(STEP, stop="filter"), "invalid", r"the provider's filter"),
    "moved": (redirects("http://127.0.0.1:9/v1"), "refused", r"redirect, which is not followed"),
    "flooded": (floods(3_000_000), "invalid", r"more than 2097152 bytes"),
    "compressed": (
        Turn(raw=b"\x1f\x8b", headers={"content-encoding": "gzip"}),
        "refused",
        r"compressed although asked not to",
    ),
}


async def failed(setting: str, turn: Turn) -> ModelError:
    """Return what the first model of the setting made of the turn, asked once."""
    async with scripted(setting, turn) as (model, server):
        with pytest.raises(ModelError) as caught:
            await model.members[0].ask(a_prompt(), "", 30)
    assert len(server.asked) == 1, "the SDK sent it again"
    return caught.value


@pytest.mark.parametrize("setting", BOTH)
@pytest.mark.parametrize("name", FAILURES)
async def test_f11_a_failure_has_a_kind_and_says_what_to_look_at(setting: str, name: str) -> None:
    turn, kind, words = FAILURES[name]
    error = await failed(setting, turn)
    assert error.kind == kind
    assert str(error).startswith(f"{setting} ")
    with pytest.raises(ModelError, match=words):
        raise error
    assert error.too_long == ("too long" in words)
    assert len(str(error)) < 400


@pytest.mark.parametrize("setting", BOTH)
async def test_the_wait_a_provider_asks_for_is_told(setting: str) -> None:
    assert (await failed(setting, fails(429, retry_after_s=7))).retry_after_s == 7
    assert (await failed(setting, fails(429))).retry_after_s is None


@pytest.mark.parametrize("setting", BOTH)
async def test_f10_an_answer_that_cannot_be_used_costs_what_it_cost(setting: str) -> None:
    error = await failed(setting, says(STEP, stop="length", output_tokens=1200))
    assert (error.usage.input_tokens, error.usage.output_tokens) == (1500, 1200)
    assert error.usage.micro_usd
    error = await failed(setting, fails(500))
    assert (error.usage.requests, error.usage.input_tokens) == (1, 0)
    assert error.usage.micro_usd is None


@pytest.mark.parametrize("setting", BOTH)
async def test_f07_a_key_that_the_provider_repeats_is_in_no_message_and_no_exchange(
    setting: str,
) -> None:
    error = await failed(setting, fails(401, f"Incorrect API key: {KEY}"))
    assert "Incorrect API key: [secret]" in str(error)
    assert KEY not in str(error.exchange)
    assert error.exchange
    assert error.__cause__ is None
    assert error.__suppress_context__


@pytest.mark.parametrize("setting", BOTH)
async def test_f11_a_model_that_does_not_answer_in_time_is_slow(setting: str) -> None:
    async with scripted(setting, stalls()) as (model, _):
        with pytest.raises(ModelError, match=r"did not answer within 0\.2 s") as caught:
            await model.members[0].ask(a_prompt(), "", 0.2)
    assert caught.value.kind == "slow"


async def test_a_request_that_is_cancelled_ends_as_cancelled() -> None:
    async with scripted("openai:gpt-5-mini", stalls()) as (model, server):
        asking = asyncio.create_task(model.ask(a_prompt(), "", 30))
        await server.until_asked()
        asking.cancel()
        with pytest.raises(asyncio.CancelledError):
            await asking


async def test_f11_an_address_where_nobody_listens_is_unreachable() -> None:
    env = {"OPENAI_BASE_URL": f"http://127.0.0.1:{free_port()}/v1"}
    async with opened("openai:smollm2", env) as model:
        with pytest.raises(ModelError, match="is it running") as caught:
            await model.ask(a_prompt(), "", 30)
    assert caught.value.kind == "unreachable"


@pytest.mark.parametrize("setting", BOTH)
async def test_f04_words_instead_of_the_schema_come_back_as_they_are(setting: str) -> None:
    for output in ("native", "tool"):
        async with scripted(setting, chats("Hello!"), output=output) as (model, _):
            assert (await model.ask(a_prompt(), "", 30)).text == "Hello!"


async def test_what_cannot_be_stored_is_taken_out_of_the_exchange() -> None:
    turn = replace(mumbles(), raw=b'{"a": "\\u0000x\\ud800", "b": NaN, "c": 1e999}')
    error = await failed("openai:gpt-5-mini", turn)
    assert isinstance(error.exchange, dict)
    assert error.exchange["reply"] == {"a": "x?", "b": None, "c": None}
