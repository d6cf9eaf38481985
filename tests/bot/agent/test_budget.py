"""What models may cost (F-10), over the real book."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import AsyncExitStack
from datetime import timedelta
from pathlib import Path

import pytest

from bot.agent.budget import INCIDENT_DAYS, Budget
from bot.agent.exchange import ModelError
from bot.agent.llm_settings import LlmSettings
from bot.incident.facts_run import Usage
from bot.ports import ModelCall
from bot.store.store import Store
from tests.bot.agent.minds import MODEL, Book, context, settings
from tests.fakes import DATABASES, T0, FakeClock, open_store

DONE = Usage(input_tokens=900, output_tokens=100, micro_usd=250)


@pytest.fixture
async def store(tmp_path: Path) -> AsyncGenerator[Store]:
    async with open_store(tmp_path, FakeClock()) as opened:
        yield opened


def budget(store: Store, **limits: object) -> Budget:
    return Budget(store.model_calls, FakeClock(), made(**limits))


def made(**limits: object) -> LlmSettings:
    unlimited = {
        "incident_input_tokens": 0,
        "incident_output_tokens": 0,
        "hour_tokens": 0,
        "day_tokens": 0,
    }
    return settings(**{**unlimited, **limits})


async def spend(
    store: Store, *, incident: str = "INC-1", ago_s: float = 0, usage: Usage = DONE, name: str = "x"
) -> None:
    call = ModelCall(
        id=f"{name}-{incident}-{ago_s}",
        incident=incident,
        effect_id="r1s1",
        model=MODEL,
        at=T0 - timedelta(seconds=ago_s),
        estimated_tokens=800,
        input_tokens=usage.input_tokens,
        output_tokens=usage.output_tokens,
        micro_usd=usage.micro_usd,
    )
    await store.model_calls.add(call)


async def refused(made: Budget, expected: int = 1000, incident: str = "INC-1") -> str:
    """Why another request may not be made; "" when it may."""
    try:
        await made.begin(context(incident=incident), MODEL, 800, expected)
    except ModelError as error:
        return str(error) if error.kind == "budget" else f"not of the budget: {error}"
    return ""


@pytest.mark.usefixtures("each_database")
async def test_f10_a_request_is_in_the_book_before_it_is_sent_and_what_came_replaces_it(
    store: Store,
) -> None:
    made = budget(store, input_usd=2)
    call = await made.begin(context(), MODEL, 800, 1000)
    assert (call.outcome, call.input_tokens, call.micro_usd) == ("slow", 1000, 2000)
    assert (call.incident, call.effect_id, call.at) == ("INC-1", "r1s1", T0)
    before = await store.model_calls.spent(T0)
    assert (before.calls, before.input_tokens, before.output_tokens) == (1, 1000, 0)
    assert list(await store.model_calls.ratios(MODEL)) == []  # an estimate teaches nothing
    await made.end(call, DONE, "ok")
    after = await store.model_calls.spent(T0)
    assert (after.calls, after.input_tokens, after.output_tokens) == (1, 900, 100)
    assert after.micro_usd == 250
    assert list(await store.model_calls.ratios(MODEL)) == [900 / 800]


async def test_f10_a_slow_call_of_which_nothing_was_heard_stays_as_estimated(store: Store) -> None:
    made = budget(store)
    call = await made.begin(context(), MODEL, 800, 1000)
    await made.end(call, Usage(), "slow")
    assert (await store.model_calls.spent(T0)).input_tokens == 1000


async def test_f10_a_server_that_does_not_count_is_counted_by_estimate(store: Store) -> None:
    made = budget(store)
    call = await made.begin(context(), MODEL, 800, 1000)
    await made.end(call, Usage(), "ok")
    assert (await store.model_calls.spent(T0)).input_tokens == 1000
    assert list(await store.model_calls.ratios(MODEL)) == []


async def test_f10_a_request_that_cost_nothing_counts_nothing(store: Store) -> None:
    made = budget(store, incident_usd=1)
    call = await made.begin(context(), MODEL, 800, 1000)
    await made.end(call, Usage(), "unreachable")
    spent = await store.model_calls.spent(T0)
    assert (spent.calls, spent.input_tokens, spent.unpriced) == (1, 0, 0)
    assert await refused(made) == ""


@pytest.mark.parametrize(
    ("limits", "words"),
    [
        ({"incident_input_tokens": 1899}, "LLM_INCIDENT_INPUT_TOKENS is 1,899: 900 input tokens"),
        ({"incident_output_tokens": 1299}, "LLM_INCIDENT_OUTPUT_TOKENS is 1,299: 100 output"),
        ({"hour_tokens": 1999}, "no model is asked again before 13:00 UTC"),
        ({"day_tokens": 1999}, "LLM_DAY_TOKENS is 1,999: 1,000 tokens are spent and this request"),
        ({"incident_usd": 0.0005}, "LLM_INCIDENT_USD is $0.00: $0.0003 are spent"),
        ({"day_usd": 0.0005}, "LLM_DAY_USD"),
    ],
    ids=str,
)
async def test_f10_each_limit_is_checked_before_the_request_estimate_included(
    store: Store, limits: dict[str, object], words: str
) -> None:
    await spend(store)
    tight = budget(store, **limits)
    assert words in await refused(tight)
    assert (await store.model_calls.spent(T0 - timedelta(days=1))).input_tokens == 900
    wider = {
        name: value * 1.1 if isinstance(value, float) else 2000 for name, value in limits.items()
    }
    assert await refused(budget(store, **{**limits, **wider})) == ""


async def test_f10_an_incidents_limit_is_its_own_and_the_hour_and_day_are_everybodys(
    store: Store,
) -> None:
    await spend(store, incident="INC-2")
    assert await refused(budget(store, incident_input_tokens=1500)) == ""
    assert "LLM_HOUR_TOKENS" in await refused(budget(store, hour_tokens=1500), 600)


async def test_f10_a_new_hour_and_a_new_day_begin_at_zero(store: Store) -> None:
    await spend(store, ago_s=1)  # 11:59:59
    assert await refused(budget(store, hour_tokens=1000)) == ""
    assert "LLM_DAY_TOKENS" in await refused(budget(store, day_tokens=1000))
    await spend(store, ago_s=13 * 3600, usage=Usage(input_tokens=9**9), name="yesterday")
    assert await refused(budget(store, day_tokens=3000)) == ""


async def test_f10_an_incident_that_lasts_for_days_is_counted_as_one(store: Store) -> None:
    await spend(store, ago_s=(INCIDENT_DAYS - 1) * 86400)
    assert "LLM_INCIDENT" in await refused(budget(store, incident_input_tokens=1500))


async def test_f10_a_limit_of_one_token_is_no_model_call_at_all(store: Store) -> None:
    assert "LLM_INCIDENT_INPUT_TOKENS is 1:" in await refused(
        budget(store, incident_input_tokens=1), 2
    )
    assert (await store.model_calls.spent(T0)).calls == 0


async def test_f10_one_answer_may_always_be_made_however_low_the_output_limit(store: Store) -> None:
    low = budget(store, incident_output_tokens=50, output_tokens=1200)
    assert await refused(low) == ""
    await spend(store, usage=Usage(output_tokens=1))
    assert "LLM_INCIDENT_OUTPUT_TOKENS is 50: 1 output tokens are spent" in await refused(low)


async def test_f10_a_dollar_limit_without_a_price_stops_after_the_first_answer(
    store: Store,
) -> None:
    limited = budget(store, day_usd=5)
    assert await refused(limited) == ""
    await spend(store, usage=Usage(input_tokens=10, micro_usd=None))
    assert await refused(limited) == (
        "a dollar limit is set, but what test:model costs is not known: set LLM_INPUT_USD and "
        "LLM_OUTPUT_USD, or take LLM_INCIDENT_USD and LLM_DAY_USD away"
    )
    assert await refused(budget(store, day_usd=5, input_usd=1, output_usd=1)) == ""


@pytest.mark.usefixtures("each_database")
async def test_f10_two_processes_share_one_budget_and_never_go_beyond_it(tmp_path: Path) -> None:
    """Each has its own store over one database and reaches for the last tokens at once."""
    async with AsyncExitStack() as stack:
        first = second = await stack.enter_async_context(open_store(tmp_path))
        if tmp_path in DATABASES:  # a SQLite file has one bot
            second = await stack.enter_async_context(open_store(tmp_path))
        clock, limits = FakeClock(), made(hour_tokens=10_000)
        processes = [Budget(one.model_calls, clock, limits) for one in (first, second)]
        words = await asyncio.gather(
            *(refused(processes[n % 2], 900, f"INC-{n}") for n in range(30))
        )
        spent = await first.model_calls.spent(T0)
    granted = words.count("")
    assert 8 <= granted <= 11
    assert spent.input_tokens == 900 * granted <= 10_000


@pytest.mark.parametrize("when", ["read", "add"])
async def test_f10_a_book_that_is_away_is_no_model(when: str) -> None:
    book = Book(away=True)
    closed = Budget(book, FakeClock(), made(hour_tokens=1 if when == "read" else 0))
    assert "the book of model calls cannot be read or written" in await refused(closed)
    with pytest.raises(ModelError, match="the database is away"):
        await closed.ratios(MODEL)
