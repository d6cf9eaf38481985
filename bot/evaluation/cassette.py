"""A model that plays recorded replies, each to the exact prompt it answered; and its recorder."""

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path

from pydantic import Field, JsonValue

from bot.agent.exchange import LanguageModel, ModelError, ModelReply, Prompt
from bot.errors import ConfigError
from bot.evaluation.suite import read_document
from bot.incident.facts_run import Usage
from bot.incident.model import Value

ACCEPT = "look at the diff, then record it anew with: triagebot eval DIR --record FILE"
PARTS = ("system", "stable", "volatile", "schema", "note")


class TapedReply(Value):
    """One reply. `prompt` maps each part of what it answers to its SHA-256 (hex).

    `reply` is the JSON of the answer, or the text as it came where that was no JSON.
    """

    prompt: dict[str, str]
    reply: JsonValue
    input_tokens: int = 0
    output_tokens: int = 0
    micro_usd: int | None = 0


class Cassette(Value):
    """The replies of a suite: scenario → replies in order. `model` is who spoke them."""

    model: str
    window: int = 200_000
    accept: str = ACCEPT
    scenarios: dict[str, tuple[TapedReply, ...]] = Field(default_factory=dict)


def read_cassette(path: Path) -> Cassette:
    """Return the cassette in a JSON file.

    Raises:
        ConfigError: It cannot be read.
    """
    return read_document(path).validate(Cassette)


def write_cassette(path: Path, cassette: Cassette) -> None:
    """Write it, scenario by scenario in order of their names.

    Raises:
        ConfigError: The file cannot be written.
    """
    said = cassette.model_dump(mode="json")
    said["scenarios"] = dict(sorted(said["scenarios"].items()))
    text = json.dumps(said, indent=1, ensure_ascii=False)
    try:
        path.write_text(text + "\n", encoding="utf-8")
    except OSError as error:
        raise ConfigError(f"{path}: cannot be written ({error.strerror})") from None


def digests_of(prompt: Prompt, note: str) -> dict[str, str]:
    """Return the SHA-256 (hex) of each part of a request, exactly as it would be sent."""
    schema = json.dumps(dict(prompt.schema), ensure_ascii=False, separators=(",", ":"))
    texts = (prompt.system, prompt.stable, prompt.volatile, schema, note)
    return {
        name: hashlib.sha256(text.encode()).hexdigest()
        for name, text in zip(PARTS, texts, strict=True)
        if text or name != "note"
    }


class Tape:
    """The replies to one scenario's prompts (a `LanguageModel`); it is played once.

    Attributes:
        faults: What did not fit, in words: the scenario fails by them.
    """

    def __init__(self, cassette: Cassette, scenario: str) -> None:
        self.name = cassette.model
        self.window: int | None = cassette.window
        self._accept = cassette.accept
        self._replies = cassette.scenarios.get(scenario, ())
        self._place = 0
        self._faults: list[str] = []

    def faults(self) -> tuple[str, ...]:
        """Return what did not fit so far, and whether replies were left over."""
        left = len(self._replies) - self._place
        over = (f"{left} replies of the cassette were never asked for",) if left else ()
        return (*self._faults, *(over if not self._faults else ()))

    async def ask(self, prompt: Prompt, note: str, deadline_s: float) -> ModelReply:
        """Return the next reply; that it answered another prompt is noted.

        Raises:
            ModelError: There is none left.
        """
        _ = deadline_s
        number = self._place + 1
        if self._place >= len(self._replies):
            self._faults.append(f"the cassette has no reply to request {number}; {self._accept}")
            raise ModelError("the cassette has no more replies", "unreachable")
        spoken = self._replies[self._place]
        self._place += 1
        asked = digests_of(prompt, note)
        if asked != spoken.prompt and not self._faults:
            changed = [name for name in PARTS if asked.get(name) != spoken.prompt.get(name)]
            self._faults.append(
                f"the prompt changed: {', '.join(changed)} of request {number}; {self._accept}"
            )
        return replied(self.name, prompt, note, spoken)


class Recorder:
    """A model whose replies are written down (a `LanguageModel`); errors pass and are not kept."""

    def __init__(self, inner: LanguageModel) -> None:
        self.name = inner.name
        self.window = inner.window
        self._inner = inner
        self.spoken: list[TapedReply] = []

    async def ask(self, prompt: Prompt, note: str, deadline_s: float) -> ModelReply:
        """Ask the model, and keep what it says.

        Raises:
            ModelError: As the model raises it.
        """
        reply = await self._inner.ask(prompt, note, deadline_s)
        self.spoken.append(
            TapedReply(
                prompt=digests_of(prompt, note),
                reply=_told(reply.text),
                input_tokens=reply.usage.input_tokens,
                output_tokens=reply.usage.output_tokens,
                micro_usd=reply.usage.micro_usd,
            )
        )
        return reply


def replied(name: str, prompt: Prompt, note: str, spoken: TapedReply) -> ModelReply:
    """Return a reply as a model gives it, with the request beside it."""
    text = spoken.reply if isinstance(spoken.reply, str) else json.dumps(spoken.reply)
    request: Mapping[str, JsonValue] = {
        "system": prompt.system,
        "user": prompt.stable + prompt.volatile + note,
        "schema": dict(prompt.schema),
    }
    usage = Usage(
        input_tokens=spoken.input_tokens,
        output_tokens=spoken.output_tokens,
        model=name,
        requests=1,
        micro_usd=spoken.micro_usd,
    )
    return ModelReply(text, usage, {"request": dict(request), "reply": text})


def _told(text: str) -> JsonValue:
    try:
        value: JsonValue = json.loads(text)
    except ValueError:
        return text
    return text if isinstance(value, str) else value
