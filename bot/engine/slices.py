"""`evidence_read`: a slice of what this incident has seen before; nothing else can be read."""

from collections.abc import AsyncGenerator, Collection
from contextlib import asynccontextmanager

from pydantic import Field, JsonValue

from bot.errors import ToolError
from bot.incident.model import Observation, Value
from bot.ports import EvidenceStore
from bot.shelf import Needs, Tool, ToolResult, of_inventory

SLICE_CHARS = 4000
FACT_CHARS = 600
"""A slice is told in pieces of this size: each fits the bound of one field, in any script."""
FARTHEST = 1_000_000
NAME = "evidence_read"


class EvidenceRead(Value):
    """Characters `from` (the first is 0) up to `to` of evidence of this incident."""

    id: str = Field(
        pattern=r"^[0-9a-f]{16}$",
        description="An evidence id of this incident.",
        json_schema_extra=of_inventory("evidence"),
    )
    begin: int = Field(
        alias="from", strict=True, ge=0, le=FARTHEST, description="First character, from 0."
    )
    end: int = Field(
        alias="to", strict=True, ge=1, le=FARTHEST, description="At most 4000 further."
    )


async def read_slice(
    store: EvidenceStore, asked: EvidenceRead, seen: Collection[str]
) -> ToolResult:
    """Return a slice of evidence: its facts are `total_chars` and the pieces `text_1`, `text_2` ….

    `seen` are the ids that this incident's results refer to.

    Raises:
        ToolError: It is not in this incident, was deleted, or ends before the slice begins.
    """
    found = await store.get(asked.id) if asked.id in seen else None
    if found is None:
        raise ToolError(f"evidence {asked.id} is not in this incident")
    if found.deleted_at is not None:
        when = f"{found.deleted_at:%Y-%m-%d}"
        raise ToolError(f"evidence {asked.id} was deleted on {when}; only its name is kept")
    whole = found.body.decode(errors="replace")
    if asked.end <= asked.begin:
        raise ToolError("`to` must be greater than `from`")
    if asked.begin >= len(whole):
        raise ToolError(f"evidence {asked.id} has {len(whole)} characters; begin before its end")
    end = min(asked.end, asked.begin + SLICE_CHARS, len(whole))
    text = whole[asked.begin : end]
    body: dict[str, JsonValue] = {
        "evidence": asked.id, "from": asked.begin, "to": end, "total_chars": len(whole),
        "text": text,
    }  # fmt: skip
    pieces = [text[at : at + FACT_CHARS] for at in range(0, len(text), FACT_CHARS)]
    return ToolResult(
        summary=f"characters {asked.begin} to {end} of {len(whole)} of {found.tool} {asked.id}",
        facts=(
            Observation(name="total_chars", value=len(whole)),
            *(Observation(name=f"text_{n}", value=one) for n, one in enumerate(pieces, 1)),
        ),
        body=body,
    )


@asynccontextmanager
async def _never(needs: Needs) -> AsyncGenerator[None]:
    """Yield nothing: the box that keeps the evidence reads it, no adapter does."""
    _ = needs
    yield None


EVIDENCE_READ = Tool(
    name=NAME,
    kind="read",
    version="1",
    description=(
        "Read a part of earlier evidence of this incident, where its summary left something out. "
        "Facts: total_chars, and the text in pieces text_1, text_2 and so on."
    ),
    args=EvidenceRead,
    open=_never,
    facts=("*",),
)
