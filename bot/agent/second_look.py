"""The model's second look at its own claims; code takes from it only what makes them less sure."""

import json
from collections.abc import Mapping, Sequence

from pydantic import Field, JsonValue, ValidationError

from bot.agent.findings import Confidence
from bot.incident.model import Finding, Value


class _Verdicts(Value):
    """What a second look says: how sure each claim is, in their order."""

    confidence: tuple[Confidence, ...] = Field(min_length=1)


SCHEMA: Mapping[str, JsonValue] = {
    "type": "object",
    "properties": {
        "confidence": {
            "type": "array",
            "items": {"type": "string", "enum": ["low", "medium", "high"]},
        }
    },
    "required": ["confidence"],
    "additionalProperties": False,
}


def asked(words: str, findings: Sequence[Finding]) -> str:
    """Return what is appended to the prompt: our words, and the claims as JSON data."""
    claims = [
        {"n": n, "claim": one.claim, "evidence": list(one.evidence), "confidence": one.confidence}
        for n, one in enumerate(findings, 1)
    ]
    return f"\n\n{words.strip()}\n{json.dumps(claims, ensure_ascii=False)}\n"


def verdicts(text: str, claims: int) -> tuple[Confidence, ...]:
    """Return how sure each claim is; empty when the reply is none for so many claims."""
    try:
        read = _Verdicts.model_validate_json(text)
    except ValidationError:
        return ()
    return read.confidence if len(read.confidence) == claims else ()
