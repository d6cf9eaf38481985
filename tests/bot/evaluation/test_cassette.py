from pathlib import Path

import pytest

from bot.agent.exchange import LanguageModel, ModelError, ModelReply, Prompt
from bot.errors import ConfigError
from bot.evaluation.cassette import (
    Cassette,
    Recorder,
    Tape,
    TapedReply,
    digests_of,
    read_cassette,
    replied,
    write_cassette,
)
from bot.incident.facts_run import Receipt


def prompt(volatile: str = "v") -> Prompt:
    receipt = Receipt(estimated_tokens=9, window_tokens=100)
    return Prompt("s", "t", volatile, {"type": "object"}, "d", 9, receipt)


def taped(*replies: TapedReply) -> Cassette:
    return Cassette(model="cassette:x", accept="accept it", scenarios={"one": replies})


def reply(said: object, volatile: str = "v") -> TapedReply:
    fields = {"prompt": digests_of(prompt(volatile), ""), "reply": said, "input_tokens": 7}
    return TapedReply.model_validate(fields)


async def test_each_prompt_gets_the_reply_it_got_before() -> None:
    tape = Tape(taped(reply({"step": 1}), reply("no JSON", "w")), "one")
    first = await tape.ask(prompt(), "", 1)
    second = await tape.ask(prompt("w"), "", 1)
    assert (first.text, second.text) == ('{"step": 1}', "no JSON")
    assert (first.usage.input_tokens, first.usage.requests) == (7, 1)
    assert tape.faults() == ()


@pytest.mark.parametrize(
    ("asked", "note", "said"),
    [
        (prompt("other"), "", "the prompt changed: volatile of request 1; accept it"),
        (prompt(), "again", "the prompt changed: note of request 1; accept it"),
    ],
)
async def test_another_prompt_is_answered_and_noted(asked: Prompt, note: str, said: str) -> None:
    tape = Tape(taped(reply({"step": 1})), "one")
    await tape.ask(asked, note, 1)
    assert tape.faults() == (said,)


async def test_a_cassette_that_is_over_is_an_unreachable_model_and_a_fault() -> None:
    tape = Tape(taped(), "one")
    with pytest.raises(ModelError) as error:
        await tape.ask(prompt(), "", 1)
    assert error.value.kind == "unreachable"
    assert tape.faults() == ("the cassette has no reply to request 1; accept it",)


async def test_replies_that_nobody_asked_for_are_a_fault() -> None:
    tape = Tape(taped(reply(1), reply(2)), "one")
    await tape.ask(prompt(), "", 1)
    assert tape.faults() == ("1 replies of the cassette were never asked for",)


class Live:
    """A model that answers once, and then fails."""

    name = "live:one"
    window: int | None = 5000
    asked = 0

    async def ask(self, prompt: Prompt, note: str, deadline_s: float) -> ModelReply:
        self.asked += 1
        if self.asked > 1:
            raise ModelError("gone", "overloaded")
        return replied(self.name, prompt, note, reply({"step": 3}))


async def test_what_a_live_model_says_is_recorded_and_plays_again(tmp_path: Path) -> None:
    recorder: LanguageModel = Recorder(Live())
    assert isinstance(recorder, Recorder)
    await recorder.ask(prompt(), "", 1)
    with pytest.raises(ModelError):
        await recorder.ask(prompt(), "", 1)
    file = tmp_path / "c.json"
    write_cassette(file, taped(*recorder.spoken))
    tape = Tape(read_cassette(file), "one")
    assert (await tape.ask(prompt(), "", 1)).text == '{"step": 3}'
    assert tape.faults() == ()
    assert (recorder.name, recorder.window) == ("live:one", 5000)


def test_a_cassette_that_cannot_be_read_or_written_is_said(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="cannot be read"):
        read_cassette(tmp_path / "none.json")
    (tmp_path / "bad.json").write_text('{"model": "m", "extra": 1}')
    with pytest.raises(ConfigError, match="extra: is not a key I know"):
        read_cassette(tmp_path / "bad.json")
    with pytest.raises(ConfigError, match="cannot be written"):
        write_cassette(tmp_path / "none" / "c.json", taped())
