"""A scribe that asks a language model for a summary, hints and follow-ups of a finished incident.

Its words are bounded, redacted and without addresses before anybody keeps them; they are shown as
a model's, and nothing is decided by them.
"""

import hashlib
import json
from collections.abc import Awaitable, Callable

from pydantic import BaseModel, ConfigDict, JsonValue, ValidationError

from bot.agent.bill import Bill, packed
from bot.agent.briefed import briefed
from bot.agent.exchange import LanguageModel, ModelReply, Prompt
from bot.agent.prompt_files import SCRIBE_FILE, read_prompt
from bot.agent.said import Sanitizer
from bot.agent.tokens import safe
from bot.errors import ToolError
from bot.incident.facts_run import DraftWritten, Receipt
from bot.incident.state import State
from bot.knowledge.redact import Redactor

DEADLINE_S = 9.0
"""Below what closing waits for, so that the model's own reason is what the log says."""
SUMMARY_CHARS = 600
HINT_CHARS = 200
MOST = 3

Keep = Callable[[str, str, bytes], Awaitable[str]]
"""Stores (incident, model, the exact request and reply as JSON); returns its evidence id."""
Ask = Callable[[State, Prompt], Awaitable[ModelReply]]
"""Makes the one request, within the budget and in the book of calls; raises ModelError."""

_TEXTS: JsonValue = {"type": "array", "items": {"type": "string"}}
SCHEMA: dict[str, JsonValue] = {
    "type": "object",
    "properties": {
        "summary": {"type": "string"},
        "contributing": _TEXTS,
        "follow_ups": _TEXTS,
    },
    "required": ["summary", "contributing", "follow_ups"],
    "additionalProperties": False,
}


class _Words(BaseModel):
    """What the model answers with."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    summary: str
    contributing: tuple[str, ...]
    follow_ups: tuple[str, ...]


class LlmScribe:
    """The `Scribe` port over a language model; one request an incident, no repairs."""

    def __init__(
        self,
        model: LanguageModel,
        *,
        keep: Keep | None = None,
        ask: Ask | None = None,
        deadline_s: float = DEADLINE_S,
    ) -> None:
        self._model = model
        self._keep = keep
        self._ask = ask or self._ask_unbooked
        self._deadline_s = deadline_s
        prompt = read_prompt(SCRIBE_FILE)
        self._system, self._digest = prompt.decode(), hashlib.sha256(prompt).hexdigest()

    async def write(self, state: State) -> DraftWritten | None:
        """Return the model's words; None when it has none.

        Raises:
            ToolError: It did not answer, its budget is spent, or the answer has another shape.
        """
        reply = await self._ask(state, self._prompt(state))
        words, clean = _read(reply.text), Sanitizer()
        draft = DraftWritten(
            summary=clean.line(words.summary, SUMMARY_CHARS),
            contributing=_hints(clean, words.contributing),
            follow_ups=_hints(clean, words.follow_ups),
            by=reply.by or self._model.name,
            usage=reply.usage,
            prompt=self._digest,
            exchange=await self._kept(state.stream, reply),
        )
        empty = not (draft.summary or draft.contributing or draft.follow_ups)
        return None if empty else draft

    async def _ask_unbooked(self, _state: State, prompt: Prompt) -> ModelReply:
        return await self._model.ask(prompt, "", self._deadline_s)

    def _prompt(self, state: State) -> Prompt:
        told = json.dumps(Redactor().value(briefed(state)), ensure_ascii=False, indent=1)
        tokens = safe("\n".join((self._system, told, json.dumps(SCHEMA))))
        window = self._model.window or 0
        return Prompt(
            system=self._system,
            stable="",
            volatile=f"The record of the incident, as data:\n{told}\n",
            schema=SCHEMA,
            digest=self._digest,
            estimated_tokens=tokens,
            receipt=Receipt(estimated_tokens=tokens, window_tokens=window),
        )

    async def _kept(self, incident: str, reply: ModelReply) -> str:
        if self._keep is None or reply.exchange is None:
            return ""
        bill = Bill()
        bill.add(reply.usage, reply.exchange)
        return await self._keep(incident, reply.by or self._model.name, packed(bill.redacted()))


def _read(text: str) -> _Words:
    try:
        return _Words.model_validate_json(text)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        where = ".".join(str(part) for part in first["loc"]) or "the top"
        raise ToolError(f"its words are not in the shape asked for, at {where}") from None


def _hints(clean: Sanitizer, texts: tuple[str, ...]) -> tuple[str, ...]:
    lines = (clean.line(text, HINT_CHARS) for text in texts)
    return tuple(line for line in lines if line)[:MOST]
