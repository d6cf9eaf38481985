"""What a scripted language model is asked and answers, in the shape of each wire."""

import asyncio
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

Stop = Literal["end", "length", "filter"]


@dataclass(frozen=True, slots=True)
class Asked:
    """One request as it came: header names in lower case, `body` parsed."""

    path: str
    headers: Mapping[str, str]
    body: Mapping[str, Any]
    raw: bytes

    @property
    def wire(self) -> Literal["openai", "anthropic"]:
        """Whose language it is."""
        return "anthropic" if self.path.partition("?")[0].endswith("/messages") else "openai"

    @property
    def prompt(self) -> str:
        """All its text in the order it was sent, system first; parts are joined by a line break."""
        said = [self.body.get("system", "")] if self.wire == "anthropic" else []
        said += [message["content"] for message in self.body["messages"]]
        parts = [part for one in said for part in ([one] if isinstance(one, str) else one)]
        return "\n".join(part if isinstance(part, str) else part["text"] for part in parts)

    @property
    def schema(self) -> Mapping[str, Any]:
        """The schema of the answer, native or of the only tool."""
        if tools := self.body.get("tools"):
            (tool,) = tools
            return (
                tool["input_schema"] if self.wire == "anthropic" else tool["function"]["parameters"]
            )
        if self.wire == "anthropic":
            return self.body["output_config"]["format"]["schema"]
        return self.body["response_format"]["json_schema"]["schema"]


@dataclass(frozen=True, slots=True)
class Turn:
    """What one request gets; made by the functions below, changed with `dataclasses.replace`."""

    text: str = ""
    input_tokens: int = 1500
    cached_tokens: int = 1200
    output_tokens: int = 60
    stop: Stop = "end"
    model: str = ""
    """As the provider names it; "": as it was asked for."""
    as_text: bool = False
    """Answer in words even where a tool was demanded."""
    status: int = 200
    message: str = ""
    code: str = ""
    headers: Mapping[str, str] = field(default_factory=dict[str, str])
    raw: bytes | None = None
    """The body as it is sent, instead of one of a wire."""
    cut_at: int | None = None
    """Bytes of the body that arrive before the connection breaks."""
    answers: bool = True
    held: asyncio.Event | None = None
    """The answer waits for it."""


def body_of(asked: Asked, turn: Turn) -> bytes:
    """Return the body of the answer to a request, in its wire."""
    if turn.raw is not None:
        return turn.raw
    if turn.status >= 400:
        made = _anthropic_error(turn) if asked.wire == "anthropic" else _openai_error(turn)
    else:
        made = _anthropic(asked, turn) if asked.wire == "anthropic" else _openai(asked, turn)
    return json.dumps(made).encode()


def _openai(asked: Asked, turn: Turn) -> Mapping[str, Any]:
    said: dict[str, Any] = {"role": "assistant", "content": turn.text, "refusal": None}
    reason = {"end": "stop", "length": "length", "filter": "content_filter"}[turn.stop]
    if asked.body.get("tools") and not turn.as_text:
        (tool,) = asked.body["tools"]
        call = {"name": tool["function"]["name"], "arguments": turn.text}
        said["content"] = None
        said["tool_calls"] = [{"id": "call_1", "type": "function", "function": call}]
        reason = "tool_calls" if reason == "stop" else reason
    return {
        "id": "chatcmpl-1",
        "object": "chat.completion",
        "created": 1_764_000_000,
        "model": turn.model or asked.body["model"],
        "choices": [{"index": 0, "message": said, "finish_reason": reason, "logprobs": None}],
        "usage": {
            "prompt_tokens": turn.input_tokens,
            "completion_tokens": turn.output_tokens,
            "total_tokens": turn.input_tokens + turn.output_tokens,
            "prompt_tokens_details": {"cached_tokens": turn.cached_tokens},
        },
    }


def _anthropic(asked: Asked, turn: Turn) -> Mapping[str, Any]:
    said: dict[str, Any] = {"type": "text", "text": turn.text}
    reason = {"end": "end_turn", "length": "max_tokens", "filter": "refusal"}[turn.stop]
    if asked.body.get("tools") and not turn.as_text:
        (tool,) = asked.body["tools"]
        said = {
            "type": "tool_use",
            "id": "toolu_1",
            "name": tool["name"],
            "input": json.loads(turn.text),
        }
        reason = "tool_use" if reason == "end_turn" else reason
    return {
        "id": "msg_1",
        "type": "message",
        "role": "assistant",
        "model": turn.model or asked.body["model"],
        "content": [said],
        "stop_reason": reason,
        "stop_sequence": None,
        "usage": {
            "input_tokens": turn.input_tokens - turn.cached_tokens,
            "cache_read_input_tokens": turn.cached_tokens,
            "cache_creation_input_tokens": 0,
            "output_tokens": turn.output_tokens,
        },
    }


def _openai_error(turn: Turn) -> Mapping[str, Any]:
    error = {"message": turn.message, "type": "error", "param": None, "code": turn.code or None}
    return {"error": error}


def _anthropic_error(turn: Turn) -> Mapping[str, Any]:
    kinds = {
        400: "invalid_request_error",
        401: "authentication_error",
        403: "permission_error",
        404: "not_found_error",
        429: "rate_limit_error",
        529: "overloaded_error",
    }
    kind = kinds.get(turn.status, "api_error")
    return {"type": "error", "error": {"type": kind, "message": turn.message}}
