"""Models in a row: who is asked next, how long each has, and what is said of it."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field

import pytest

from bot.agent.exchange import ModelError, ModelReply, Prompt
from bot.agent.llm import chain
from bot.agent.llm.chain import Chain
from bot.incident.facts_run import FallbackKind, Usage
from bot.telemetry import REGISTRY
from tests.bot.agent.llm.asking import STEP, a_prompt, scripted
from tests.llm_server import drops, fails, overflows, says, stalls

MOVE_ON: list[FallbackKind] = ["slow", "rate_limited", "overloaded", "refused"]
PAIR = "openai:gpt-5-mini,anthropic:claude-opus-5"


@dataclass
class Player:
    """A LanguageModel that plays errors and texts in order, and notes how long it was given."""

    name: str
    turns: Sequence[ModelError | str]
    window: int | None = None
    given: list[float] = field(default_factory=list[float])

    async def ask(self, prompt: Prompt, note: str, deadline_s: float) -> ModelReply:
        turn = self.turns[len(self.given)]
        self.given.append(deadline_s)
        if isinstance(turn, ModelError):
            raise turn
        return ModelReply(turn, Usage(input_tokens=10, requests=1, model=self.name), {})


def an_error(
    kind: FallbackKind, *, wait_s: float | None = None, tokens: int = 0, too_long: bool = False
) -> ModelError:
    error = ModelError(f"it is {kind}", kind, retry_after_s=wait_s, too_long=too_long)
    error.usage = Usage(requests=1, input_tokens=tokens, output_tokens=tokens)
    error.exchange = {"of": kind}
    return error


@pytest.mark.parametrize("kind", MOVE_ON)
async def test_f11_the_next_model_is_asked_when_one_cannot_answer(kind: FallbackKind) -> None:
    first, second = Player("a:1", [an_error(kind, wait_s=1)]), Player("b:2", ["{}"])
    reply = await Chain([first, second]).ask(a_prompt(), "", 30)
    assert len(first.given) == 1
    assert reply.usage.model == "b:2"
    assert reply.usage.requests == 2
    assert reply.exchange == {"passed_over": [{"kind": kind, "why": f"it is {kind}"}]}


async def test_name_and_window_are_those_of_the_first() -> None:
    both = Chain([Player("a:1", [], 8000), Player("b:2", [], 4000)])
    assert (both.name, both.window) == ("a:1", 8000)


async def test_f04_an_answer_that_cannot_be_used_is_not_asked_of_another() -> None:
    first, second = Player("a:1", [an_error("invalid", tokens=9)]), Player("b:2", ["{}"])
    with pytest.raises(ModelError) as caught:
        await Chain([first, second]).ask(a_prompt(), "", 30)
    assert caught.value.kind == "invalid"
    assert caught.value.usage.output_tokens == 9
    assert second.given == []


async def test_a_model_that_others_stand_behind_has_half_of_the_time() -> None:
    first, second = Player("a:1", [an_error("slow")]), Player("b:2", ["{}"])
    await Chain([first, second]).ask(a_prompt(), "", 30)
    assert 10 < first.given[0] <= 15
    assert 20 < second.given[0] <= 30


async def test_a_broken_connection_is_tried_once_more_and_no_more() -> None:
    alone = Player("a:1", [an_error("unreachable"), "{}"])
    reply = await Chain([alone]).ask(a_prompt(), "", 30)
    assert reply.usage.requests == 2
    alone = Player("a:1", [an_error("unreachable"), an_error("unreachable"), "{}"])
    with pytest.raises(ModelError):
        await Chain([alone]).ask(a_prompt(), "", 30)
    assert len(alone.given) == 2


async def test_a_broken_connection_is_not_tried_again_without_time() -> None:
    alone = Player("a:1", [an_error("unreachable"), "{}"])
    with pytest.raises(ModelError):
        await Chain([alone]).ask(a_prompt(), "", 0.9)
    assert len(alone.given) == 1


@pytest.mark.parametrize("kind", ["rate_limited", "overloaded"])
async def test_the_wait_that_is_asked_for_is_kept_only_where_it_fits(
    kind: FallbackKind, monkeypatch: pytest.MonkeyPatch
) -> None:
    slept: list[float] = []

    async def sleep(seconds: float) -> None:
        slept.append(seconds)

    monkeypatch.setattr(asyncio, "sleep", sleep)
    alone = Player("a:1", [an_error(kind, wait_s=4), "{}"])
    await Chain([alone]).ask(a_prompt(), "", 30)
    assert slept == [4]
    for wait_s in (29.5, None):
        alone = Player("a:1", [an_error(kind, wait_s=wait_s), "{}"])
        with pytest.raises(ModelError) as caught:
            await Chain([alone]).ask(a_prompt(), "", 30)
        assert caught.value.retry_after_s == wait_s
    assert slept == [4]


async def test_a_prompt_that_no_longer_fits_passes_a_later_model_over() -> None:
    first = Player("a:1", [an_error("slow")], 8000)
    second, third = Player("b:2", ["{}"], 4000), Player("c:3", ["{}"], None)
    prompt = a_prompt(estimated_tokens=5000)
    reply = await Chain([first, second, third]).ask(prompt, "", 30)
    assert reply.usage.model == "c:3"
    assert "b:2 has too small a window" in str(reply.exchange)


async def test_when_none_answers_the_kind_is_the_first_ones_and_every_reason_is_told() -> None:
    first = Player("a:1", [an_error("rate_limited", wait_s=9)])
    second = Player("b:2", [an_error("refused", too_long=True)])
    with pytest.raises(ModelError, match=r"^it is rate_limited; it is refused$") as caught:
        await Chain([first, second]).ask(a_prompt(), "", 30)
    error = caught.value
    assert (error.kind, error.retry_after_s, error.too_long) == ("rate_limited", 9, True)
    assert error.usage.requests == 2
    assert error.exchange == {
        "of": "rate_limited",
        "passed_over": [{"kind": "refused", "why": "it is refused"}],
    }


async def test_f11_an_overloaded_vendor_is_followed_by_another_vendor() -> None:
    async with scripted(PAIR, fails(529), says(STEP)) as (model, server):
        reply = await model.ask(a_prompt(), "", 30)
    assert [asked.wire for asked in server.asked] == ["openai", "anthropic"]
    assert reply.usage.model == "claude-opus-5"
    assert reply.usage.micro_usd == 3600, "priced as what answered"
    assert isinstance(reply.exchange, dict)
    assert reply.exchange["model"] == "anthropic:claude-opus-5"
    assert "openai:gpt-5-mini is overloaded" in str(reply.exchange["passed_over"])


async def test_f11_a_vendor_that_says_nothing_leaves_time_for_the_next(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(chain, "SHARE", 0.01)
    async with scripted(PAIR, stalls(), says(STEP)) as (model, _):
        reply = await model.ask(a_prompt(), "", 30)
    assert reply.usage.model == "claude-opus-5"
    assert "openai:gpt-5-mini did not answer within 0.3 s" in str(reply.exchange)


async def test_a_dropped_connection_is_mended_by_the_same_model() -> None:
    async with scripted(PAIR, drops(), says(STEP)) as (model, server):
        reply = await model.ask(a_prompt(), "", 30)
    assert [asked.wire for asked in server.asked] == ["openai", "openai"]
    assert reply.usage.requests == 2


async def test_f10_a_context_that_is_too_long_says_so_when_none_takes_it() -> None:
    async with scripted("openai:gpt-5-mini", overflows()) as (model, _):
        with pytest.raises(ModelError) as caught:
            await model.ask(a_prompt(), "", 30)
    assert (caught.value.kind, caught.value.too_long) == ("invalid", True)


async def test_f12_a_reply_says_which_model_of_the_chain_it_is_of_and_each_try_is_counted() -> None:
    def tried(model: str) -> float:
        labels = {"model": model, "outcome": "overloaded"}
        return REGISTRY.get_sample_value("triage_llm_requests_total", labels) or 0.0

    before = tried("a:1")
    both = Chain([Player("a:1", [an_error("overloaded")]), Player("b:2", ["{}"])])
    assert (await both.ask(a_prompt(), "", 30)).by == "b:2"
    assert tried("a:1") == before + 1
    broken = an_error("invalid", tokens=9)
    both = Chain([Player("a:1", [an_error("overloaded")]), Player("b:2", [broken])])
    with pytest.raises(ModelError) as caught:
        await both.ask(a_prompt(), "", 30)
    assert caught.value.by == "b:2"
    assert tried("a:1") == before + 2


async def test_f10_what_failed_on_the_way_is_in_the_usage_and_what_was_not_told_is_counted() -> (
    None
):
    slow, empty = an_error("slow"), an_error("refused")
    slow.unheard, empty.usage = 1, Usage(requests=1, input_tokens=700)
    chain_of = Chain([Player("a:1", [slow]), Player("b:2", [empty]), Player("c:3", ["{}"])])
    reply = await chain_of.ask(a_prompt(), "", 30)
    assert (reply.usage.model, reply.usage.requests) == ("c:3", 3)
    assert reply.usage.input_tokens == 710
    assert reply.unheard == 1


async def test_f10_a_chain_that_is_silent_to_its_end_says_how_often() -> None:
    errors = [an_error("slow"), an_error("slow")]
    for one in errors:
        one.unheard = 1
    with pytest.raises(ModelError) as caught:
        await Chain([Player("a:1", errors[:1]), Player("b:2", errors[1:])]).ask(a_prompt(), "", 30)
    assert caught.value.unheard == 2
