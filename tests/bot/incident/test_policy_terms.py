"""What a rule asks for besides a name: hours, previews, step-up; and who may deny."""

from dataclasses import replace
from datetime import datetime
from typing import Any

import pytest

from bot.incident.authority import Person, Policy, Rule
from bot.incident.hours import Hours
from bot.incident.model import Risk, Verdict
from bot.incident.policy import Allow, Refuse, criteria, enabled, evaluate, proposable
from bot.incident.stepup import asks_proof
from tests.bot.incident.making import at, decided
from tests.bot.incident.test_policy import ASKED, CASE, DANA, EVE, SRE, STRANGER, ask

VERDICTS: tuple[Verdict, ...] = ("approve", "deny")


def test_e25_who_is_not_active_any_more_decides_nothing() -> None:
    gone = DANA.model_copy(update={"active": False})
    for verdict in VERDICTS:
        refused = evaluate(Policy(rules=(SRE,)), CASE, gone, (), verdict=verdict)
        assert refused == Refuse(SRE, "dana is not active any more")


QUIET = Policy(
    rules=(SRE.model_copy(update={"quiet_hours": ("night",)}),),
    quiet_hours={"night": Hours.model_validate({"from": "22:00", "until": "06:00", "zone": "UTC"})},
)


@pytest.mark.parametrize(
    ("when", "may"),
    [(at(0), False), (at(3 * 3600 - 1), False), (at(3 * 3600), True), (None, False)],
)
def test_e20_in_its_quiet_hours_a_rule_allows_nothing(when: datetime | None, may: bool) -> None:
    then = replace(CASE, at=when)
    assert isinstance(evaluate(QUIET, then, DANA, ()), Allow) is may
    assert isinstance(proposable(QUIET, then), Rule) is may
    assert isinstance(enabled(QUIET, then), Rule)
    assert isinstance(evaluate(QUIET, then, DANA, (), verdict="deny"), Allow)
    assert isinstance(evaluate(QUIET, then, DANA, (), verdict="settle"), Allow)


def test_e14_an_unknown_outcome_is_settled_by_whoever_may_approve() -> None:
    own = replace(CASE, requested_by="person:dana")
    assert isinstance(evaluate(QUIET, own, DANA, (), verdict="settle"), Refuse)
    assert isinstance(evaluate(QUIET, CASE, STRANGER, (), verdict="settle"), Refuse)


def test_quiet_hours_that_are_not_declared_never_end() -> None:
    torn = QUIET.model_copy(update={"quiet_hours": {}})
    assert isinstance(evaluate(torn, replace(CASE, at=at(9 * 3600)), DANA, ()), Refuse)


def test_the_refusal_says_which_quiet_hours() -> None:
    refused = evaluate(QUIET, replace(CASE, at=at(0)), DANA, ())
    assert isinstance(refused, Refuse)
    assert refused.why == ("rule sre allows nothing in its quiet hours night (22:00 to 06:00 UTC)")


def test_e32_a_rule_may_ask_for_a_preview() -> None:
    asking = Policy(rules=(SRE.model_copy(update={"dry_run_required": True}),))
    assert isinstance(proposable(asking, CASE), Rule)
    refused = proposable(asking, replace(CASE, previewed=False))
    assert isinstance(refused, Refuse)
    assert refused.why == "rule sre asks for a preview, and job_run:rollback has none"


@pytest.mark.parametrize(
    ("risk", "said", "needed"),
    [("low", False, False), ("low", True, True), ("medium", True, True), ("high", False, True)],
)
def test_e24_high_risk_and_who_asks_for_it_need_a_step_up(
    risk: Risk, said: bool, needed: bool
) -> None:
    rule = SRE.model_copy(update={"step_up": said})
    assert asks_proof(Policy(rules=(rule,)), rule, risk) is needed
    assert not asks_proof(Policy(rules=(rule,), chat_only_high=True), rule, risk)


@pytest.mark.parametrize(
    ("person", "changed", "may"),
    [
        pytest.param(DANA, {}, True, id="an-approver"),
        pytest.param(STRANGER, {}, False, id="a-stranger"),
        pytest.param(DANA, {"channel": "email"}, True, id="on-any-channel"),
        pytest.param(STRANGER, {"requested_by": "person:mallory"}, True, id="who-asked"),
        pytest.param(STRANGER, {"edited_by": ("person:mallory",)}, True, id="who-edited"),
        pytest.param(DANA, {"action": "unheard_of"}, False, id="no-rule"),
        pytest.param(
            DANA, {"action": "unheard_of", "requested_by": "person:dana"}, True, id="own-no-rule"
        ),
    ],
)
def test_e22_whoever_may_approve_or_asked_may_deny(
    person: Person, changed: dict[str, Any], may: bool
) -> None:
    rule = SRE.model_copy(update={"channels": ("web",), "min_approvals": 3})
    verdict = evaluate(Policy(rules=(rule,)), replace(CASE, **changed), person, (), verdict="deny")
    assert isinstance(verdict, Allow) is may
    assert isinstance(verdict, Refuse) or verdict.missing == 0


def test_e22_an_approval_by_who_asked_counts_for_nobody_else() -> None:
    case_of_dana = replace(CASE, risk="high", requested_by="person:dana")
    allowed = ask(EVE, case_of_dana, made=(decided(ASKED, person="dana"),))
    assert isinstance(allowed, Allow)
    assert allowed.missing == 1


def test_every_criterion_is_said_and_the_first_unmet_one_refuses() -> None:
    said = list(criteria(Policy(rules=(SRE,)), CASE, DANA))
    assert [one.name for one in said] == [
        "person", "rule", "approver", "channel", "requester", "hours",
    ]  # fmt: skip
    assert all(one.met and one.words for one in said)
    refused = list(criteria(Policy(rules=(SRE,)), CASE, STRANGER))
    assert [one.name for one in refused if not one.met] == ["approver"]
