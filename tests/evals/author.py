"""A language model that says what somebody wrote down for it, with the evidence ids of the prompt.

It stands where a live model would, while a cassette is recorded.
"""

import json
import re
from collections.abc import Iterator
from pathlib import Path

from pydantic import JsonValue

from bot.agent.exchange import ModelError, ModelReply, Prompt
from bot.evaluation.cassette import TapedReply, replied
from bot.knowledge.document import read

HERE = Path(__file__).parent
REPLIES = HERE / "replies.yaml"
CASSETTE = HERE / "cassette.json"
NAME = "cassette:sensible"
RESULT = re.compile(r"source=tool\.(\w+) evidence=(\w+)(?: key=(\w+))?")
TOKEN_CHARS = 4


class Author:
    """The replies to one scenario, in order (a `LanguageModel`)."""

    name = NAME
    window: int | None = 200_000

    def __init__(self, scenario: str) -> None:
        written = read(str(REPLIES), REPLIES.read_text(encoding="utf-8")).value
        assert isinstance(written, dict)
        listed = written.get(scenario)
        self._left: Iterator[JsonValue] = iter(listed if isinstance(listed, list) else [])

    async def ask(self, prompt: Prompt, note: str, deadline_s: float) -> ModelReply:
        reply = next(self._left, None)
        if reply is None:
            raise ModelError("nothing more is written down", "unreachable")
        said = reply if isinstance(reply, str) else {"step": filled(reply, evidence_of(prompt))}
        spoken = TapedReply(
            prompt={},
            reply=said,
            input_tokens=prompt.estimated_tokens,
            output_tokens=len(json.dumps(said)) // TOKEN_CHARS,
            micro_usd=None,
        )
        return replied(self.name, prompt, note, spoken)


def evidence_of(prompt: Prompt) -> dict[str, str]:
    """Return key or tool → the id of its newest evidence that the prompt shows."""
    found: dict[str, str] = {}
    for tool, evidence, key in RESULT.findall(prompt.stable + prompt.volatile):
        found[tool] = evidence
        if key:
            found[key] = evidence
    return found


def filled(value: JsonValue, evidence: dict[str, str]) -> JsonValue:
    match value:
        case str() if value.startswith("@"):
            return evidence.get(value[1:], value)
        case list():
            return [filled(one, evidence) for one in value]
        case dict():
            return {name: filled(one, evidence) for name, one in value.items()}
        case _:
            return value
