"""What a language model is told for a postmortem, and what is made of its words."""

import contextlib
import hashlib
import json

import pytest

from bot.agent.briefed import briefed
from bot.agent.exchange import ModelError, ModelReply, Prompt
from bot.agent.prompt_files import SCRIBE_FILE
from bot.agent.said import LINK_LEFT_OUT
from bot.agent.scribe import HINT_CHARS, SUMMARY_CHARS, LlmScribe
from bot.errors import ToolError
from bot.incident import facts_alerts
from bot.incident.facts_run import Usage
from bot.incident.reducer import fold
from bot.incident.state import State
from tests.bot.incident.making import alert, opened, received, thread
from tests.bot.web import stories

USAGE = Usage(input_tokens=900, output_tokens=120, model="test-1")
GOOD = {"summary": "It broke.", "contributing": ["No canary."], "follow_ups": ["Add a canary."]}


class Told:
    """A LanguageModel that answers with one text, or raises, and keeps what it was asked."""

    name = "test:model"
    window: int | None = 8000

    def __init__(self, answer: object) -> None:
        self.answer = answer
        self.asked: list[tuple[Prompt, str, float]] = []

    async def ask(self, prompt: Prompt, note: str, deadline_s: float) -> ModelReply:
        self.asked.append((prompt, note, deadline_s))
        if isinstance(self.answer, Exception):
            raise self.answer
        text = self.answer if isinstance(self.answer, str) else json.dumps(self.answer)
        return ModelReply(text, USAGE, {"request": prompt.volatile, "reply": text})


def ended() -> State:
    return fold(stories.approved())


async def test_g52_a_scribe_asks_once_and_keeps_what_it_cost_and_by_what_words() -> None:
    model = Told(GOOD)
    kept: list[tuple[str, str, bytes]] = []

    async def keep(incident: str, name: str, raw: bytes) -> str:
        kept.append((incident, name, raw))
        return "9f2c11d07ab3e645"

    draft = await LlmScribe(model, keep=keep).write(ended())
    assert draft is not None
    assert (draft.summary, draft.contributing) == ("It broke.", ("No canary.",))
    assert (draft.by, draft.usage, draft.exchange) == ("test:model", USAGE, "9f2c11d07ab3e645")
    assert draft.prompt == hashlib.sha256(SCRIBE_FILE.read_bytes()).hexdigest()
    assert len(model.asked) == 1
    assert model.asked[0][2] < 10
    assert kept[0][:2] == ("INC-6", "test:model")
    assert json.loads(kept[0][2])[0]["reply"] == json.dumps(GOOD)


async def test_g52_the_prompt_has_the_record_and_a_closed_schema() -> None:
    model = Told(GOOD)
    await LlmScribe(model).write(ended())
    prompt = model.asked[0][0]
    assert prompt.system == SCRIBE_FILE.read_text()
    record = json.loads(prompt.volatile.partition("\n")[2])
    assert record["title"] == "checkout: 14.2 % of requests fail"
    assert record["judged_by_people"] == "right"
    assert record["actions"][0]["outcome"] == "succeeded"
    assert prompt.schema["additionalProperties"] is False
    assert 0 < prompt.estimated_tokens < 2000


async def test_f07_secrets_are_out_before_anything_leaves_and_before_anything_is_kept() -> None:
    secret = "ghp_" + "a1B2" * 9
    note = facts_alerts.NoteAdded(person="dana", text=f"the token was {secret}")
    state = fold(thread([opened(), received(), note]))
    model = Told({**GOOD, "summary": f"It used {secret} all day."})
    kept: list[bytes] = []

    async def keep(_incident: str, _name: str, raw: bytes) -> str:
        kept.append(raw)
        return "9f2c11d07ab3e645"

    draft = await LlmScribe(model, keep=keep).write(state)
    assert draft is not None
    assert secret not in model.asked[0][0].volatile
    assert secret not in draft.summary
    assert secret.encode() not in kept[0]
    assert "dana" not in model.asked[0][0].volatile


async def test_f07_the_exchange_is_kept_without_a_secret_that_the_model_made_up() -> None:
    secret, kept = "ghp_" + "a1B2" * 9, list[bytes]()

    async def keep(_incident: str, _name: str, raw: bytes) -> str:
        kept.append(raw)
        return "9f2c11d07ab3e645"

    await LlmScribe(Told({**GOOD, "summary": f"It used {secret}."}), keep=keep).write(ended())
    assert secret.encode() not in kept[0]
    assert b"It used" in kept[0]


@pytest.mark.parametrize(
    "address",
    ["https://evil.example/x", "www.evil.example", "//evil.example/x", "HTTP://EVIL.example",
     "mailto:a@evil.example"],
)  # fmt: skip
async def test_f09_addresses_are_taken_out(address: str) -> None:
    draft = await LlmScribe(
        Told({**GOOD, "summary": f"See {address} for more.", "follow_ups": [address]})
    ).write(ended())
    assert draft is not None
    assert draft.summary == f"See {LINK_LEFT_OUT} for more."
    assert draft.follow_ups == (LINK_LEFT_OUT,)


async def test_f09_nothing_unseen_is_in_a_draft() -> None:
    hidden = {**GOOD, "summary": "It \u202ebroke\u200b.\x07"}
    draft = await LlmScribe(Told(hidden)).write(ended())
    assert draft is not None
    assert draft.summary == "It broke."


async def test_f07_the_exchange_is_kept_without_secrets_and_whatever_characters_it_has() -> None:
    secret = "ghp_" + "a1B2" * 9
    kept: list[bytes] = []

    async def keep(_incident: str, _name: str, raw: bytes) -> str:
        kept.append(raw)
        return "9f2c11d07ab3e645"

    answer = json.dumps({**GOOD, "summary": f"It used {secret}."})
    model = Told(answer.replace("used", "used\ud800"))
    with contextlib.suppress(ToolError):  # whether half a character is an answer is another matter
        await LlmScribe(model, keep=keep).write(ended())
    draft = await LlmScribe(Told(answer), keep=keep).write(ended())
    assert draft is not None
    assert kept
    assert all(secret.encode() not in raw for raw in kept)


async def test_f09_what_no_reader_sees_is_taken_out() -> None:
    told = Told({**GOOD, "summary": "a\x1b[31mb\u202ec\u200bd", "follow_ups": ["\u200b\x00"]})
    draft = await LlmScribe(told).write(ended())
    assert draft is not None
    assert (draft.summary, draft.follow_ups) == ("a[31mbcd", ())


async def test_g52_what_a_scribe_writes_is_bounded() -> None:
    much = {
        "summary": "word \n" * 1000,
        "contributing": ["x" * 1000] * 9,
        "follow_ups": [" ", "", "one"],
    }
    draft = await LlmScribe(Told(much)).write(ended())
    assert draft is not None
    assert len(draft.summary) == SUMMARY_CHARS
    assert "\n" not in draft.summary
    assert [len(one) for one in draft.contributing] == [HINT_CHARS] * 3
    assert draft.follow_ups == ("one",)


async def test_g52_nothing_to_say_is_no_draft() -> None:
    nothing = {"summary": " ", "contributing": [], "follow_ups": [""]}
    assert await LlmScribe(Told(nothing)).write(ended()) is None


@pytest.mark.parametrize(
    ("answer", "where"),
    [("I think", "the top"), ({"summary": "x"}, "contributing"), ({**GOOD, "more": 1}, "more")],
)
async def test_g52_another_shape_is_an_error_that_repeats_nothing(
    answer: object, where: str
) -> None:
    with pytest.raises(ToolError, match=f"not in the shape asked for, at {where}"):
        await LlmScribe(Told(answer)).write(ended())


async def test_g52_a_model_that_is_down_is_an_error() -> None:
    with pytest.raises(ModelError):
        await LlmScribe(Told(ModelError("down", "overloaded"))).write(ended())


async def test_f10_who_asks_for_it_may_say_no_and_then_nothing_is_sent() -> None:
    model = Told(GOOD)

    async def ask(state: State, prompt: Prompt) -> ModelReply:
        assert (state.stream, prompt.estimated_tokens > 0) == ("INC-6", True)
        raise ModelError("LLM_DAY_TOKENS is 1", "budget")

    with pytest.raises(ModelError, match="LLM_DAY_TOKENS"):
        await LlmScribe(model, ask=ask).write(ended())
    assert model.asked == []


def test_g52_what_a_scribe_is_told_is_bounded_however_long_the_thread() -> None:
    storm = [
        alert(fingerprint=f"f{n}").model_copy(update={"title": "t" * 5000}) for n in range(500)
    ]
    notes = [facts_alerts.NoteAdded(person="dana", text="n" * 5000) for _ in range(500)]
    told = briefed(fold(thread([opened(), received(*storm), *notes])))
    assert len(json.dumps(told)) < 20_000


def test_g52_the_same_state_is_told_in_the_same_bytes() -> None:
    assert json.dumps(briefed(ended())) == json.dumps(briefed(ended()))
