"""What the meter says of decisions: each once, however often its write was tried."""

from collections.abc import Callable
from pathlib import Path

from bot.incident.reducer import State
from bot.ports import Draft, Recorded, Refusal
from bot.telemetry import REGISTRY
from tests.bot.engine.house import World, Wrapped, open_house
from tests.bot.intake.clicking import click


class Twice(Wrapped):
    """Builds every write twice, as one does that failed together with its neighbours."""

    async def record(self, stream: str, build: Callable[[State], Draft | Refusal]) -> Recorded:
        def again(state: State) -> Draft | Refusal:
            build(state)
            return build(state)

        return await self.inner.record(stream, again)


def counted(verdict: str) -> float:
    labels = {"channel": "web", "verdict": verdict}
    return REGISTRY.get_sample_value("triage_decisions_total", labels) or 0.0


def waited() -> float:
    name, labels = "triage_approval_wait_seconds_count", {"risk": "medium"}
    return REGISTRY.get_sample_value(name, labels) or 0.0


async def test_a_decision_and_a_refusal_count_once_however_often_they_were_built(
    tmp_path: Path,
) -> None:
    async with open_house(tmp_path, World(), log=Twice) as house:
        await house.pending()
        before = (counted("approve"), counted("refused"), waited())
        await click(house, who="web:mallory")
        await click(house)
    after = (counted("approve"), counted("refused"), waited())
    assert [new - old for new, old in zip(after, before, strict=True)] == [1, 1, 1]
