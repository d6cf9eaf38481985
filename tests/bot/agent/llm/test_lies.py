"""A server that counts wrong, names itself at length, or answers what nobody can keep."""

import pytest

from bot.agent.exchange import ModelError, ModelReply
from bot.agent.llm.one_model import MODEL_CHARS, MOST_MICRO_USD, MOST_TOKENS
from bot.incident.facts_run import StepChosen
from bot.incident.steps import Conclude
from tests.bot.agent.llm.asking import STEP, a_prompt, scripted
from tests.llm_server import Turn, fails, floods, mumbles, says, stalls


async def told(*script: Turn, setting: str = "openai:gpt-5-mini") -> ModelReply:
    async with scripted(setting, *script) as (model, _):
        return await model.ask(a_prompt(), "", 20)


async def failed(
    *script: Turn, setting: str = "openai:gpt-5-mini", seconds: float = 20
) -> ModelError:
    async with scripted(setting, *script) as (model, _):
        with pytest.raises(ModelError) as caught:
            await model.ask(a_prompt(), "", seconds)
    return caught.value


def kept(reply: ModelReply) -> str:
    """The Step as the thread keeps it: this is what must not fail."""
    chosen = StepChosen(
        effect_id="r1s1", step=Conclude(summary="x"), by="openai:any", usage=reply.usage
    )
    return chosen.model_dump_json()


async def test_f10_a_count_that_fits_no_book_is_cut_to_the_most_there_can_be() -> None:
    reply = await told(says(STEP, input_tokens=10**30, cached_tokens=10**30, output_tokens=10**30))
    assert reply.usage.input_tokens == MOST_TOKENS
    assert reply.usage.cached_tokens == MOST_TOKENS
    assert reply.usage.output_tokens == MOST_TOKENS
    assert reply.usage.micro_usd == MOST_MICRO_USD


@pytest.mark.filterwarnings("ignore:Failed to extract usage")
@pytest.mark.parametrize("setting", ["openai:gpt-5-mini", "anthropic:claude-opus-5"])
async def test_f10_a_negative_count_gives_nothing_back(setting: str) -> None:
    reply = await told(
        says(STEP, input_tokens=-5, cached_tokens=0, output_tokens=-9), setting=setting
    )
    assert (reply.usage.input_tokens, reply.usage.output_tokens) == (0, 0)


@pytest.mark.parametrize("name", ["a\0b\ud800", "x" * 100_000])
async def test_a_name_that_a_server_gives_itself_can_always_be_kept(name: str) -> None:
    reply = await told(says(STEP, model=name))
    assert len(reply.usage.model) <= MODEL_CHARS
    assert "\\u0000" not in kept(reply)


async def test_the_words_of_a_refusal_can_always_be_kept() -> None:
    error = await failed(fails(400, "a\0b\ud800c"))
    chosen = StepChosen(
        effect_id="r1s1", step=Conclude(summary="x"), by="planner", fallback_why=str(error)
    )
    assert "\\u0000" not in chosen.model_dump_json()


@pytest.mark.parametrize("turn", [mumbles(), floods(3 * 1024 * 1024), Turn(raw=b"<html>")])
async def test_f10_an_answer_nobody_can_read_may_have_cost_something(turn: Turn) -> None:
    assert (await failed(turn)).unheard == 1


async def test_f10_a_model_that_says_nothing_may_have_cost_something() -> None:
    assert (await failed(stalls(), seconds=0.2)).unheard == 1


@pytest.mark.parametrize("status", [400, 401, 429, 500, 529])
async def test_f10_an_error_of_the_provider_costs_nothing(status: int) -> None:
    assert (await failed(fails(status))).unheard == 0


async def test_of_a_huge_answer_only_the_beginning_is_kept() -> None:
    reply = await told(says(f"[{'1,' * 500_000}1]"))
    assert isinstance(reply.exchange, dict)
    assert len(str(reply.exchange["reply"])) <= 5000
