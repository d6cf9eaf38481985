import pytest

from tests.bench import ingest
from tests.bench.__main__ import run
from tests.bench.table import Line

TINY = 0.002


@pytest.mark.parametrize(
    "goal",
    [
        "P1",
        "P3",
        "P5",
        "P6",
        "P7",
        "P8",
        "P9",
        "P10",
        "P11",
        "P12",
        "P13",
        "P14",
        "P16",
        "P17",
        "M2",
    ],
)
def test_each_benchmark_runs_and_prints_its_goal(
    goal: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ingest, "BATCHES", (10,))
    assert run({goal}, rounds=1, scale=TINY) == 0, capsys.readouterr().out
    printed = capsys.readouterr().out
    assert f"  {goal:<4} " in printed
    assert "FAILED" not in printed


def test_the_median_decides_whether_a_goal_is_met() -> None:
    assert Line("P1", "ratio", [0.5, 0.7, 9.0], limit=0.8).met
    assert not Line("P1", "ratio", [0.5, 0.9, 0.9], limit=0.8).met
    assert Line("P2", "ratio", [0.5, 1.1, 1.2], limit=1.0, at_least=True).met
    assert Line("P2", "told", [1.0]).met is None
