"""`evidence_read`: a slice of this incident's own evidence, and of nothing else."""

import hashlib
import json
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

import pytest
from pydantic import JsonValue

from bot.engine.slices import FACT_CHARS, SLICE_CHARS, EvidenceRead, read_slice
from bot.errors import ToolError
from bot.incident.context import Context
from bot.incident.facts_run import ToolFailed, ToolReturned
from bot.incident.outside import FIELD_BYTES
from bot.incident.steps import CallTools, Step, ToolCall
from bot.ports import Evidence
from tests.bot.engine.house import INC, House, World, open_house
from tests.bot.engine.making import conclude, look

TEXT = "".join(f"{n:05d} " for n in range(2000))


async def stored(house: House, text: str = TEXT, incident: str = INC) -> str:
    raw = text.encode()
    digest = hashlib.sha256(raw).hexdigest()
    now = house.world.clock.now()
    evidence = Evidence(digest[:16], digest, incident, "http_probe", {}, now, "text/plain", raw)
    return await house.store.evidence.put(evidence)


def slice_of(evidence: str, begin: int = 0, end: int = 100) -> dict[str, JsonValue]:
    return {"id": evidence, "from": begin, "to": end}


@pytest.mark.usefixtures("each_database")
async def test_a_slice_is_read_in_pieces_that_fit_with_the_length_of_all(tmp_path: Path) -> None:
    async with open_house(tmp_path, World()) as house:
        one = await stored(house)
        box = house.box.reading
        looked = await box.look("evidence_read", slice_of(one, 6000, 99_999), INC, {one})
        kept = await house.store.evidence.get(looked.evidence)
    total, *pieces = looked.facts
    assert (total.name, total.value) == ("total_chars", len(TEXT))
    assert "".join(str(one.value) for one in pieces) == TEXT[6000 : 6000 + SLICE_CHARS]
    assert [one.name for one in pieces[:2]] == ["text_1", "text_2"]
    assert kept is not None
    body = json.loads(kept.body)
    assert (body["evidence"], body["from"], body["to"]) == (one, 6000, 10_000)
    assert FACT_CHARS * 3 + len("text_7") <= FIELD_BYTES


REFUSED: dict[str, tuple[int, int, str]] = {
    "turned round": (5, 5, "`to` must be greater than `from`"),
    "beyond the end": (len(TEXT), len(TEXT) + 1, f"has {len(TEXT)} characters"),
    "before the beginning": (-1, 5, "from: Input should be greater than or equal to 0"),
    "too far": (0, 10**9, "to: Input should be less than or equal to"),
}


@pytest.mark.parametrize("name", REFUSED)
async def test_a_slice_that_is_none_is_refused(tmp_path: Path, name: str) -> None:
    begin, end, said = REFUSED[name]
    async with open_house(tmp_path, World()) as house:
        one = await stored(house)
        with pytest.raises(ToolError) as caught:
            await house.box.look("evidence_read", slice_of(one, begin, end), INC, {one})
    assert said in str(caught.value)


@pytest.mark.usefixtures("each_database")
async def test_evidence_of_another_incident_is_not_in_this_one(tmp_path: Path) -> None:
    async with open_house(tmp_path, World()) as house:
        await house.alarm()
        await house.drive(INC)
        seen = (await house.state()).run.seen
        foreign = await stored(house, incident="INC-2")
        for wanted in (foreign, "0" * 16):
            with pytest.raises(ToolError, match=f"evidence {wanted} is not in this incident"):
                await house.box.look("evidence_read", slice_of(wanted), INC, seen)
        with pytest.raises(ToolError, match="not in this incident"):
            await house.box.look("evidence_read", slice_of(foreign), INC)
    assert seen


async def test_deleted_evidence_says_so() -> None:
    gone = datetime(2026, 3, 1, tzinfo=UTC)
    stub = Evidence("a" * 16, "a" * 64, INC, "http_probe", {}, gone, "text/plain", b"", gone)
    asked = EvidenceRead.model_validate(slice_of(stub.id))
    with pytest.raises(ToolError, match="was deleted on 2026-03-01; only its name is kept"):
        await read_slice(Shelf(stub), asked, {stub.id})


@dataclass
class Shelf:
    """An `EvidenceStore` with one thing on it."""

    held: Evidence

    async def put(self, evidence: Evidence) -> str:
        return evidence.id

    async def get(self, identifier: str) -> Evidence | None:
        return self.held


@dataclass
class Rereading:
    """A StepModel that looks, reads what it saw and what it must not, and concludes."""

    foreign: str = ""
    name: str = "rereading"
    asked: list[Context] = field(default_factory=list[Context])

    async def next_step(self, context: Context) -> Step:
        self.asked.append(context)
        if not context.results:
            return look()
        first, *more = context.results
        if more:
            return conclude()
        own = first.evidence
        return CallTools(
            calls=tuple(
                ToolCall(tool="evidence_read", args=slice_of(one)) for one in (own, self.foreign)
            )
        )


@pytest.mark.usefixtures("each_database")
async def test_in_an_incident_its_own_evidence_is_read_and_offered_once_there_is_some(
    tmp_path: Path,
) -> None:
    model = Rereading()
    async with open_house(tmp_path, World(model=model)) as house:
        model.foreign = await stored(house, incident="INC-9")
        await house.alarm()
        await house.drive(INC)
        returned = [
            one for one in await house.bodies(ToolReturned) if isinstance(one, ToolReturned)
        ]
        (failed,) = await house.bodies(ToolFailed)
    offered = [{offer.name for offer in one.tools} for one in model.asked]
    assert ["evidence_read" in names for names in offered] == [False, True, True]
    assert [one.tool for one in returned] == ["http_probe", "evidence_read"]
    assert returned[1].evidence != returned[0].evidence
    assert '"healthy":false' in str(returned[1].facts[1].value)
    assert isinstance(failed, ToolFailed)
    assert f"evidence {model.foreign} is not in this incident" in failed.error.message
    assert failed.retry_at is None
