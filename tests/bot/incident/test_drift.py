import pytest

from bot.incident.drift import Standard, drifted
from bot.incident.facts_house import ModelEvaluated
from tests.fakes import T0

NONE: Standard | None = None
FELL = "m passed 17 of 20 scenarios; failed: s0, s1, s2."


def told(*passed: int, model: str = "m", scenarios: int = 20) -> Standard | None:
    standard = NONE
    for count in passed:
        names = tuple(f"s{number}" for number in range(scenarios - count))
        fact = ModelEvaluated(model=model, scenarios=scenarios, passed=count, failed=names)
        standard = Standard.then(standard, fact, T0)
    return standard


@pytest.mark.parametrize(
    ("passed", "floor", "said"),
    [
        ((), 0.9, ""),
        ((20,), 0.0, ""),
        ((18,), 0.0, ""),
        ((18, 20, 19), 0.0, ""),
        (
            (18, 20, 18),
            0.0,
            "m passed 18 of 20 scenarios; failed: s0, s1. At its best 100% passed.",
        ),
        ((20, 18, 20), 0.0, ""),
        ((18,), 0.9, ""),
        ((17,), 0.9, f"{FELL} At least 90% should pass (TRIAGE_EVAL_FLOOR)."),
    ],
)
def test_a_model_drifts_when_it_falls_below_its_best_or_the_floor(
    passed: tuple[int, ...], floor: float, said: str
) -> None:
    assert drifted(told(*passed), floor) == said


def test_another_model_or_another_suite_has_a_best_of_its_own() -> None:
    before = told(20)
    other = ModelEvaluated(model="other", scenarios=20, passed=12)
    assert drifted(Standard.then(before, other, T0), 0) == ""
    more = ModelEvaluated(model="m", scenarios=30, passed=22)
    assert drifted(Standard.then(before, more, T0), 0) == ""


def test_many_failures_are_not_all_named_and_no_scenario_is_no_drift() -> None:
    assert drifted(told(20, 5), 0).count("s") > 5
    assert "s4 …" in drifted(told(20, 5), 0)
    empty = Standard.then(None, ModelEvaluated(model="m", scenarios=0, passed=0), T0)
    assert (empty.ratio, drifted(empty, 1)) == (1.0, "")
