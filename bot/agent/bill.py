"""What the requests of one Step came to: their usage in all, and the exact exchange."""

import json
from dataclasses import dataclass, field

from pydantic import JsonValue

from bot import telemetry
from bot.incident.facts_run import Usage
from bot.knowledge.redact import Redactor


@dataclass(slots=True)
class Bill:
    """Sums up, request by request. `exchange` holds request and reply of each, in order.

    `by` is which model of a chain answered last, "" while none did or there is no chain.
    """

    by: str = ""
    usage: Usage = field(default_factory=lambda: Usage(micro_usd=0))
    exchange: list[JsonValue] = field(default_factory=list[JsonValue])

    def add(self, usage: Usage, exchange: JsonValue) -> None:
        """Count one request more."""
        self.usage = together(self.usage, usage)
        if exchange is not None:
            self.exchange.append(exchange)

    def repaired(self) -> None:
        """Count a reply that was sent back."""
        self.usage = self.usage.model_copy(update={"repairs": self.usage.repairs + 1})

    def redacted(self) -> list[JsonValue]:
        """Return the exchange without secrets (F-07): a model may say what nobody told it."""
        redactor = Redactor()
        clean = [redactor.value(one) for one in self.exchange]
        for kind, count in redactor.counts.items():
            telemetry.redactions.labels(kind).inc(count)
        return clean


def together(so_far: Usage, one: Usage) -> Usage:
    """Return both together; the price is unknown when one that cost tokens has none."""
    price = one.micro_usd
    if price is None and not (one.input_tokens or one.output_tokens):
        price = 0
    known = so_far.micro_usd is not None and price is not None
    return Usage(
        input_tokens=so_far.input_tokens + one.input_tokens,
        output_tokens=so_far.output_tokens + one.output_tokens,
        model=one.model or so_far.model,
        cached_tokens=so_far.cached_tokens + one.cached_tokens,
        requests=so_far.requests + max(one.requests, 1),
        repairs=so_far.repairs,
        seconds=round(so_far.seconds + one.seconds, 3),
        micro_usd=(so_far.micro_usd or 0) + (price or 0) if known else None,
    )


def packed(exchange: JsonValue) -> bytes:
    """Return the exchange as evidence keeps it; b"" for none."""
    text = json.dumps(exchange, ensure_ascii=False, separators=(",", ":"))
    return text.encode("utf-8", "replace") if exchange else b""
