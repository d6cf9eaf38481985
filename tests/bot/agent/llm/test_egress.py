"""The client of a model reaches the address that was configured, and nothing else (F-02)."""

import logging

import httpx2
import pytest
from pydantic_ai.models.openai import OpenAIChatModel

from bot.agent.exchange import ModelError
from bot.agent.llm.one_model import OneModel
from bot.agent.llm.wire import StrayError, one_server
from tests.bot.agent.llm.asking import KEY, STEP, a_prompt, opened, scripted, variables
from tests.counting import security_events
from tests.llm_server import language_server, redirects, says
from tests.peers import free_port


@pytest.mark.parametrize(
    "url",
    [
        "http://127.0.0.1:{other}/v1/chat",
        "https://127.0.0.1:{port}/v1/chat",
        "http://localhost:{port}/v1/chat",
        "http://user:pw@169.254.169.254/latest?token=s3cret",
    ],
)
async def test_f02_a_request_to_another_server_is_not_sent(
    url: str, caplog: pytest.LogCaptureFixture
) -> None:
    before = security_events("egress")
    async with language_server(says(STEP)) as server, one_server() as (client, transport):
        transport.address = server.openai
        with pytest.raises(StrayError, match="which is not its address; nothing was sent"):
            await client.post(url.format(port=server.port, other=free_port()))
        body = {"model": "any", "messages": list[str]()}
        answer = await client.post(f"{server.openai}/chat/completions", json=body)
        assert answer.status_code == 200
    assert len(server.asked) == 1
    assert security_events("egress") == before + 1
    (line,) = [record for record in caplog.records if record.levelno >= logging.ERROR]
    assert line.getMessage().startswith("SECURITY")
    assert "s3cret" not in line.getMessage()
    assert "pw@" not in line.getMessage()


async def test_f02_a_redirect_is_not_followed_and_the_prompt_stays_here() -> None:
    async with language_server(says(STEP)) as elsewhere:
        to = f"{elsewhere.openai}/chat/completions"
        async with scripted("openai:gpt-5-mini", redirects(to)) as (model, _):
            with pytest.raises(ModelError, match="redirect"):
                await model.ask(a_prompt(), "", 30)
    assert elsewhere.asked == []


async def test_f02_a_proxy_of_the_environment_is_not_used(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "http_proxy", "all_proxy"):
        monkeypatch.setenv(name, f"http://127.0.0.1:{free_port()}")
    async with scripted("anthropic:claude-opus-5", says(STEP)) as (model, server):
        await model.ask(a_prompt(), "", 30)
    assert len(server.asked) == 1


async def test_f02_an_sdk_that_is_led_elsewhere_ends_as_refused() -> None:
    async with (
        language_server(says(STEP)) as server,
        opened("openai:smollm2", variables(server)) as model,
    ):
        (member,) = model.members
        assert isinstance(member, OneModel)
        assert isinstance(member.model, OpenAIChatModel)
        member.model.client.base_url = httpx2.URL(f"http://127.0.0.1:{free_port()}/v1/")
        with pytest.raises(ModelError, match="is not its address") as caught:
            await member.ask(a_prompt(), "", 30)
    assert caught.value.kind == "refused"
    assert caught.value.exchange is None, "nothing was sent"
    assert server.asked == []


async def test_the_key_goes_in_a_header_and_nowhere_else() -> None:
    async with scripted("openai:gpt-5-mini", says(STEP)) as (model, server):
        await model.ask(a_prompt(), "", 30)
    (asked,) = server.asked
    assert asked.headers["authorization"] == f"Bearer {KEY}"
    assert asked.headers["accept-encoding"] == "identity"
    assert KEY not in asked.path
    assert KEY.encode() not in asked.raw
