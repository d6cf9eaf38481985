from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from bot.incident.authority import Policy, RaiseRisk
from bot.incident.risk import RISKS, Assessment, Reach, assess, raised

REACH = Reach("job_run:rollback", "checkout", "production", "low", tier=2)
PLAIN = "the action itself is low risk"


def policy(*entries: RaiseRisk, bulk_over: int = 10) -> Policy:
    return Policy(raise_risk=entries, bulk_over=bulk_over)


def test_e32_a_risk_is_raised_by_one_class() -> None:
    assert [raised(risk) for risk in RISKS] == ["medium", "high", "high"]


@pytest.mark.parametrize("base", ["", "none", "LOW", "critical", "read"])
def test_e20_a_risk_nobody_knows_is_high(base: str) -> None:
    found = assess(replace(REACH, risk=base), Policy())
    assert found.risk == "high"
    assert "unknown" in found.why[0]


def test_e21_the_reasons_say_each_step_in_order() -> None:
    reach = replace(REACH, previewed=False, targets=12)
    found = assess(reach, policy(RaiseRisk(environment="prod*", tier_at_most=2)))
    assert found.risk == "high"
    assert found.why == (
        PLAIN,
        "no preview is available: medium",
        "12 targets, more than 10: high",
        "environment production, tier 2: stays high",
    )


@pytest.mark.parametrize(
    ("base", "targets", "risk"),
    [
        ("low", 1, "low"),
        ("low", 2, "medium"),
        ("low", 10, "medium"),
        ("low", 11, "medium"),
        ("low", 0, "medium"),
        ("low", -1, "medium"),
        ("medium", 10, "medium"),
        ("medium", 11, "high"),
        ("high", 11, "high"),
    ],
)
def test_e21_more_targets_than_allowed_raise_one_class(base: str, targets: int, risk: str) -> None:
    assert assess(replace(REACH, risk=base, targets=targets), policy()).risk == risk


def test_e21_low_is_one_target_only_and_says_why() -> None:
    assert assess(replace(REACH, targets=2), policy()).why == (
        PLAIN,
        "2 targets, more than one: medium",
    )


@pytest.mark.parametrize(
    ("entry", "holds"),
    [
        (RaiseRisk(action="job_run:rollback"), True),
        (RaiseRisk(action="job_run"), True),
        (RaiseRisk(action="alertmanager_silence"), False),
        (RaiseRisk(environment="production"), True),
        (RaiseRisk(environment="staging"), False),
        (RaiseRisk(service="check*"), True),
        (RaiseRisk(service="billing"), False),
        (RaiseRisk(tier_at_most=2), True),
        (RaiseRisk(tier_at_most=1), False),
        (RaiseRisk(targets_over=1), False),
        (RaiseRisk(environment="production", tier_at_most=1), False),
    ],
)
def test_e21_an_entry_holds_where_all_it_says_holds(entry: RaiseRisk, holds: bool) -> None:
    assert assess(REACH, policy(entry)).risk == ("medium" if holds else "low")


@pytest.mark.parametrize("base", RISKS)
def test_e21_what_nothing_takes_back_is_high(base: str) -> None:
    assert assess(replace(REACH, risk=base, reversible=False), policy()) == Assessment(
        "high",
        (
            f"the action itself is {base} risk",
            "nothing takes it back and it does not end by itself: high",
        ),
    )


@pytest.mark.parametrize(
    ("entry", "words"),
    [
        (RaiseRisk(environment="production"), "environment unknown: medium"),
        (RaiseRisk(service="checkout"), "service unknown: medium"),
        (RaiseRisk(tier_at_most=1), "tier unknown: medium"),
    ],
)
def test_law9_what_is_unknown_may_be_the_worst(entry: RaiseRisk, words: str) -> None:
    reach = replace(REACH, environment="", service="", tier=None)
    assert assess(reach, policy(entry)).why == (PLAIN, words)


def test_an_entry_that_raises_everything_is_refused() -> None:
    with pytest.raises(ValidationError, match="raises everything"):
        RaiseRisk()


entries = st.builds(
    RaiseRisk,
    action=st.sampled_from(["*", "job_run", "other"]),
    environment=st.sampled_from(["prod*", "staging"]),
    tier_at_most=st.sampled_from([None, 1, 3]),
    targets_over=st.sampled_from([None, 1, 5]),
)


@given(
    st.sampled_from(["low", "medium", "high", "odd"]),
    st.booleans(),
    st.integers(-1, 30),
    st.sampled_from([None, 1, 4]),
    st.lists(entries, max_size=3),
)
def test_e21_nothing_ever_lowers_the_risk_of_the_action_itself(
    base: str, previewed: bool, targets: int, tier: int | None, given_entries: list[RaiseRisk]
) -> None:
    reach = replace(REACH, risk=base, previewed=previewed, targets=targets, tier=tier)
    found = assess(reach, policy(*given_entries))
    least = base if base in RISKS else "high"
    assert RISKS.index(found.risk) >= [*RISKS].index(least)
    assert len(found.why) >= 1
    fewer = assess(reach, policy(*given_entries[1:]))
    assert RISKS.index(fewer.risk) <= RISKS.index(found.risk)
