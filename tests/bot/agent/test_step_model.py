"""The Mind over a language model: validated, repaired, checked (F-04, F-05, F-07, F-09)."""

import json
from collections.abc import Sequence

import pytest

from bot.agent.budget import Budget
from bot.agent.exchange import ModelError
from bot.agent.step_model import REPAIRS, LlmMind
from bot.incident.facts_run import FallbackKind, Usage
from bot.incident.steps import CallTools, Conclude, ProposeAction, Step
from tests.bot.agent.minds import (
    MODEL,
    context,
    failing,
    nothing_against,
    settings,
)
from tests.bot.agent.stage import (
    FOUND,
    LOOKING,
    NO_STEP,
    OFFERS,
    PROMPTS,
    SEEN,
    Stage,
    count,
    ending,
    finding,
    proposing,
)
from tests.fakes import FakeClock


async def test_a_reply_by_the_schema_becomes_a_step_that_is_accounted_for() -> None:
    stage = Stage(FOUND)
    choice = await stage.choose()
    step = choice.step
    assert isinstance(step, Conclude)
    assert (step.outcome, step.findings[0].confidence) == ("cause_found", "high")
    assert (choice.by, choice.fallback, choice.dropped) == (MODEL, "", ())
    assert choice.prompt == PROMPTS.style("generalist").digest
    assert choice.receipt is not None
    assert choice.receipt.window_tokens == 100_000
    assert choice.usage == Usage(
        input_tokens=1000, output_tokens=50, requests=1, micro_usd=300, model=""
    )
    (row,) = stage.book.rows.values()
    assert (row.incident, row.effect_id, row.model) == ("INC-1", "r1s1", MODEL)
    assert (row.outcome, row.input_tokens, row.output_tokens) == ("ok", 1000, 50)
    assert row.micro_usd == 300
    assert row.estimated_tokens == stage.speaker.prompts[0].estimated_tokens


async def test_f12_the_exchange_holds_exactly_what_was_sent_and_answered() -> None:
    stage = Stage(NO_STEP, FOUND)
    exchange = json.loads((await stage.choose()).exchange)
    assert [one["request"]["volatile"] for one in exchange] == stage.told
    assert [one["reply"] for one in exchange] == [NO_STEP, json.dumps(FOUND)]


@pytest.mark.parametrize(
    ("line", "kind"),
    [(FOUND, Conclude), (LOOKING, CallTools), (proposing(), ProposeAction)],
)
async def test_f04_every_kind_of_step_is_one_of_the_closed_world(
    line: object, kind: type[Step]
) -> None:
    assert isinstance((await Stage(line).choose()).step, kind)


WRONG: dict[str, object] = {
    "another kind": NO_STEP,
    "prose": "I think you should roll back.",
    "nothing": "",
    "a list": "[]",
    "null": '{"step": null}',
    "a version nobody knows": proposing("v99"),
    "evidence that is not there": ending(finding("x", "e7")),
    "a key too few": {"step": {"kind": "conclude", "outcome": "cause_found", "summary": "x"}},
    "cut off": json.dumps(FOUND)[:-10],
    "what the provider calls invalid": failing("invalid"),
}


@pytest.mark.parametrize("wrong", WRONG.values(), ids=WRONG.keys())
async def test_f04_an_invalid_reply_is_repaired_and_the_prompt_does_not_grow(
    wrong: object,
) -> None:
    before = count("triage_llm_repairs_total")
    stage = Stage(wrong, wrong, FOUND)
    choice = await stage.choose()
    assert isinstance(choice.step, Conclude)
    assert choice.usage.repairs == REPAIRS
    assert choice.usage.requests == 3
    assert count("triage_llm_repairs_total") == before + 2
    first, second, third = stage.told
    assert len(first) < len(second) == len(third)  # the error once, and no reply
    assert PROMPTS.style("generalist").words["refused"] in second


@pytest.mark.parametrize("wrong", [NO_STEP, "prose"])
async def test_f04_after_two_repairs_there_is_no_step(wrong: str) -> None:
    stage = Stage(wrong)
    with pytest.raises(ModelError, match="no valid Step in 3 tries") as raised:
        await stage.choose()
    assert raised.value.kind == "invalid"
    assert len(stage.speaker.prompts) == REPAIRS + 1
    assert raised.value.usage.input_tokens == 3000
    assert isinstance(raised.value.exchange, list)
    assert len(raised.value.exchange) == 3


async def test_f04_what_the_menu_refuses_is_repaired_with_its_words() -> None:
    stage = Stage(LOOKING, FOUND)

    def refusal(step: Step) -> str:
        return "http_probe is resting" if isinstance(step, CallTools) else ""

    choice = await stage.choose(refusal=refusal)
    assert isinstance(choice.step, Conclude)
    assert "http_probe^is^resting" in stage.told[1]


async def test_why_the_loop_refused_the_last_step_is_in_the_first_prompt() -> None:
    stage = Stage(FOUND)
    await stage.choose(context(*SEEN.results, tools=OFFERS, repair="no such job"))
    assert "no^such^job" in stage.told[0]


async def test_f05_claims_are_held_against_the_evidence_and_what_goes_is_told() -> None:
    before = count("triage_claims_dropped_total")
    choice = await Stage(ending(finding("v42 is broken", "e1"), finding("mallory did it"))).choose()
    assert isinstance(choice.step, Conclude)
    assert [(one.claim, one.confidence) for one in choice.step.findings] == [
        ("v42 is broken", "medium")
    ]
    assert choice.dropped == ("“mallory did it” cites no evidence",)
    assert count("triage_claims_dropped_total") == before + 1


async def test_f07_f09_the_words_of_the_model_are_cleaned_before_they_are_a_step() -> None:
    token = "ghp_" + "a1B2c3D4e5F6g7H8i9J0" + "k1L2m3N4o5P6q7R8"
    said = f"\u202ev42 is broken: {token} https://evil.test/x https://wiki.example.test/y"
    choice = await Stage(ending(finding(said, "e1", "e2"), summary=said)).choose()
    text = choice.step.model_dump_json()
    for gone in (token, "evil.test", "\u202e"):
        assert gone not in text
    assert "wiki.example.test/y" in text
    assert token not in choice.exchange.decode()


async def test_a_step_of_addresses_alone_says_nothing_and_is_repaired() -> None:
    stage = Stage(ending(finding("v42 is broken", "e1"), summary="\u200b"), FOUND)
    assert isinstance((await stage.choose()).step, Conclude)
    assert len(stage.speaker.prompts) == 2


@pytest.mark.parametrize("kind", ["rate_limited", "overloaded", "unreachable", "refused", "slow"])
async def test_f11_a_model_that_cannot_answer_is_not_asked_again_in_this_step(
    kind: FallbackKind,
) -> None:
    before = count("triage_llm_requests_total", outcome=kind)
    stage = Stage(NO_STEP, failing(kind, retry_after_s=9.0))
    with pytest.raises(ModelError) as raised:
        await stage.choose()
    assert (raised.value.kind, raised.value.retry_after_s) == (kind, 9.0)
    assert stage.book.outcomes == ["ok", kind]
    assert raised.value.usage.input_tokens == 1000
    assert count("triage_llm_requests_total", outcome=kind) == before + 1


@pytest.mark.parametrize("kind", ["refused", "invalid"])
async def test_a_context_that_is_too_long_is_halved_once(kind: FallbackKind) -> None:
    long = failing(kind, too_long=True)
    stage = Stage(long, FOUND)
    choice = await stage.choose()
    assert choice.receipt is not None
    assert choice.receipt.window_tokens == 50_000
    assert choice.usage.repairs == 0
    stage = Stage(long)
    with pytest.raises(ModelError):
        await stage.choose()
    assert len(stage.speaker.prompts) == 2


async def test_a_context_whose_half_does_not_fit_either_is_too_long() -> None:
    stage = Stage(failing("refused", too_long=True))
    stage.speaker.window = None
    made = settings()
    mind = LlmMind(stage.speaker, PROMPTS, Budget(stage.book, FakeClock(), made), made)
    with pytest.raises(ModelError, match="it is refused") as raised:
        await mind.choose(SEEN, nothing_against)
    assert raised.value.too_long
    assert len(stage.speaker.prompts) == 1


async def test_repairs_and_halving_share_one_deadline() -> None:
    stage = Stage(NO_STEP, deadline_s=30)

    def later() -> None:
        stage.clock.at += 20

    stage.speaker.during = later
    with pytest.raises(ModelError, match="the time for this Step is used up") as raised:
        await stage.choose()
    assert raised.value.kind == "slow"
    assert stage.speaker.deadlines == [30, 10]


async def test_a_model_whose_window_is_not_known_is_given_the_smallest_prompt() -> None:
    stage = Stage(FOUND)
    stage.speaker.window = None
    made = settings()
    mind = LlmMind(stage.speaker, PROMPTS, Budget(stage.book, FakeClock(), made), made)
    choice = await mind.choose(SEEN, nothing_against)
    assert choice.receipt is not None
    assert choice.receipt.window_tokens == 0
    assert await mind.next_step(SEEN) == choice.step


async def test_an_unknown_specialist_is_an_error_that_says_so() -> None:
    with pytest.raises(Exception, match="no prompt of a specialist 'poet'"):
        await Stage(FOUND).choose(context(tools=OFFERS, specialist="poet"))


@pytest.mark.parametrize("known", [[], [0.9] * 10])
async def test_what_is_expected_follows_what_was_reported_of_late(known: Sequence[float]) -> None:
    stage = Stage(failing("slow"))
    stage.book.known = list(known)
    with pytest.raises(ModelError):
        await stage.choose()
    (row,) = stage.book.rows.values()
    ratio = 0.9 if known else 1.3
    assert row.input_tokens == pytest.approx(row.estimated_tokens * ratio + 50, abs=1)
