from dataclasses import replace
from datetime import datetime
from typing import Any

import pytest

from bot.incident.authority import Person, Policy, Rule
from bot.incident.facts_action import DecisionMade
from bot.incident.model import Risk
from bot.incident.policy import (
    Allow,
    Case,
    Refuse,
    enabled,
    evaluate,
    may_approve,
    quorum,
    rule_for,
    thinkable,
)
from tests.bot.incident.making import at, decided, proposed

CASE = Case("job_run:rollback", "checkout", "demo", "medium", owner="sre", channel="web")
SRE = Rule(name="sre", action="job_run:rollback", approvers=("group:sre",))
DANA = Person(name="dana", groups=("sre", "leads"))
EVE = Person(name="eve", groups=("sre",))
STRANGER = Person(name="mallory")
ASKED = proposed()
OWN: dict[str, dict[str, Any]] = {
    "requested_by": {"requested_by": "person:dana"},
    "edited_by": {"edited_by": ("person:dana",)},
}


def case(**changed: Any) -> Case:  # noqa: ANN401 - any of the fields
    return replace(CASE, **changed)


def ask(
    person: Person, of: Case = CASE, *rules: Rule, made: tuple[DecisionMade, ...] = ()
) -> Allow | Refuse:
    past: list[tuple[datetime, DecisionMade]] = [(at(0), decision) for decision in made]
    return evaluate(Policy(rules=rules or (SRE,)), of, person, past)


def test_nothing_matched_means_no() -> None:
    assert rule_for(Policy(), CASE) is None
    refused = ask(DANA, case(action="dns_change"))
    assert isinstance(refused, Refuse)
    assert refused.rule is None
    assert refused.why == "no rule in policy.yaml enables dns_change (READ-ONLY)"


def test_a_rule_that_only_does_not_fit_is_not_called_read_only() -> None:
    low = Rule(name="low", action="job_run:rollback", risk=("low",), approvers=("group:sre",))
    refused = ask(DANA, case(risk="high", environment=""), low)
    assert isinstance(refused, Refuse)
    assert refused.why == (
        "rules in policy.yaml enable job_run:rollback, but none fits it at high risk, "
        "service checkout, environment unknown"
    )


def test_the_first_rule_that_matches_decides() -> None:
    no = Rule(name="freeze", service="checkout", allow=False)
    refused = ask(DANA, CASE, no, SRE)
    assert isinstance(refused, Refuse)
    assert (refused.rule, refused.why) == (no, "rule freeze forbids job_run:rollback")
    assert isinstance(ask(DANA, CASE, SRE, no), Allow)


@pytest.mark.parametrize(
    ("pattern", "why"),
    [
        ({"service": "postgres"}, ", whose service is not known"),
        ({"environment": "prod*"}, ", whose environment is not known"),
        ({"service": "postgres", "environment": "prod*"}, ", whose service and environment is not"),
        ({}, ""),
    ],
)
def test_law9_what_is_not_known_may_be_what_a_rule_forbids(
    pattern: dict[str, str], why: str
) -> None:
    no = Rule(name="no", allow=False).model_copy(update=pattern)
    refused = ask(DANA, case(service="", environment=""), no, SRE)
    assert isinstance(refused, Refuse)
    assert refused.why.startswith(f"rule no forbids job_run:rollback{why}")
    assert isinstance(ask(DANA, case(), no, SRE), Allow) is bool(pattern)
    yes = SRE.model_copy(update=pattern)
    assert isinstance(ask(DANA, case(service="", environment=""), yes), Refuse) is bool(pattern)


@pytest.mark.parametrize(
    ("rule", "matches"),
    [
        (Rule(name="r"), True),
        (Rule(name="r", action="job_run"), True),
        (Rule(name="r", action="job_run:*"), True),
        (Rule(name="r", action="job_run:roll*"), True),
        (Rule(name="r", action="job_run:Rollback"), False),
        (Rule(name="r", action="job"), False),
        (Rule(name="r", action="rollback"), False),
        (Rule(name="r", service="check*"), True),
        (Rule(name="r", service="billing"), False),
        (Rule(name="r", environment="prod"), False),
        (Rule(name="r", risk=("low", "medium")), True),
        (Rule(name="r", risk=("low",)), False),
    ],
)
def test_every_field_of_a_rule_narrows_it(rule: Rule, matches: bool) -> None:
    assert (rule_for(Policy(rules=(rule,)), CASE) is rule) is matches


@pytest.mark.parametrize(
    ("approvers", "person", "may"),
    [
        (("group:sre",), DANA, True),
        (("group:dba",), DANA, False),
        (("person:dana",), DANA, True),
        (("person:dana",), EVE, False),
        (("owner",), DANA, True),
        (("owner",), STRANGER, False),
        (("sre",), DANA, False),
        (("*",), DANA, False),
        ((), DANA, False),
        (("on_call",), DANA, False),
        (("group:dba", "person:mallory"), STRANGER, True),
        (("person:sre",), DANA, False),
    ],
)
def test_approvers_are_named_by_group_person_or_ownership(
    approvers: tuple[str, ...], person: Person, may: bool
) -> None:
    assert may_approve(Rule(name="r", approvers=approvers), CASE, person) is may


def test_an_owner_may_be_a_person() -> None:
    rule = Rule(name="r", approvers=("owner",))
    assert may_approve(rule, case(owner="mallory"), STRANGER)
    assert not may_approve(rule, case(owner="mallory"), DANA)


def test_e20_a_service_without_an_owner_is_nobodys() -> None:
    rule = Rule(name="r", approvers=("owner",))
    assert not may_approve(rule, case(owner=""), Person(name="x"))
    assert not may_approve(rule, case(owner=""), Person(name="x", groups=("",)))


def test_a_stranger_is_told_who_may() -> None:
    refused = ask(STRANGER)
    assert isinstance(refused, Refuse)
    assert refused.why == (
        "rule sre: only group:sre may decide medium-risk job_run:rollback; "
        "you (mallory) are not among them"
    )


def test_decisions_may_be_bound_to_channels() -> None:
    rule = SRE.model_copy(update={"channels": ("slack",)})
    refused = ask(DANA, CASE, rule)
    assert isinstance(refused, Refuse)
    assert refused.why == "rule sre: decisions count only through slack"
    assert isinstance(ask(DANA, case(channel="slack"), rule), Allow)


@pytest.mark.parametrize(
    ("least", "risk", "people"),
    [(1, "low", 1), (1, "medium", 1), (1, "high", 2), (2, "low", 2), (3, "high", 3)],
)
def test_e22_high_risk_needs_two_persons(least: int, risk: Risk, people: int) -> None:
    assert quorum(SRE.model_copy(update={"min_approvals": least}), risk) == people


def test_e22_a_person_counts_once_whatever_they_said_before() -> None:
    yes = decided(ASKED, person="dana")
    high = case(risk="high")
    assert ask(DANA, high) == Allow(SRE, 1)
    assert ask(DANA, high, made=(yes, yes)) == Allow(SRE, 1)
    assert ask(EVE, high, made=(yes,)) == Allow(SRE, 0)
    denied = decided(ASKED, "deny", person="dana")
    assert ask(EVE, high, made=(denied,)) == Allow(SRE, 1)


@pytest.mark.parametrize("wish", ["requested_by", "edited_by"])
@pytest.mark.parametrize(
    ("risk", "said", "may"),
    [
        ("low", False, False),
        ("low", True, True),
        ("medium", False, False),
        ("medium", True, False),
        ("high", False, False),
        ("high", True, False),
    ],
)
def test_e23_who_wants_it_may_approve_it_only_at_low_risk_and_where_the_rule_says_so(
    risk: Risk, said: bool, may: bool, wish: str
) -> None:
    rule = SRE.model_copy(update={"self_approval": said})
    own = replace(CASE, risk=risk, **OWN[wish])
    assert isinstance(ask(DANA, own, rule), Allow) is may
    assert isinstance(ask(EVE, own, rule), Allow)


@pytest.mark.parametrize("on_call", [("dana",), ("eve", "dana"), (), ("eve",)])
def test_e20_who_is_on_call_may_approve_where_a_rule_says_so(on_call: tuple[str, ...]) -> None:
    rule = Rule(name="r", approvers=("on_call",))
    verdict = ask(DANA, replace(CASE, on_call=on_call), rule)
    assert isinstance(verdict, Allow) is ("dana" in on_call)
    assert not may_approve(SRE, replace(CASE, on_call=("mallory",)), STRANGER)


def test_what_may_be_proposed_at_all() -> None:
    assert enabled(Policy(rules=(SRE,)), CASE) is SRE
    assert isinstance(enabled(Policy(), CASE), Refuse)
    assert isinstance(enabled(Policy(rules=(Rule(name="n", allow=False),)), CASE), Refuse)


@pytest.mark.parametrize(
    ("action", "allow", "tool", "asked"),
    [
        ("job_run:rollback", True, "job_run", True),
        ("job_run:*", True, "job_run", True),
        ("job_run", True, "job_run", True),
        ("*", True, "job_run", True),
        ("alertmanager_silence", True, "job_run", False),
        ("job_run:rollback", False, "job_run", False),
    ],
)
def test_law10_without_any_allowing_rule_nobody_asks_for_a_preview(
    action: str, allow: bool, tool: str, asked: bool
) -> None:
    rule = Rule(name="r", action=action, allow=allow, approvers=("group:sre",))
    assert thinkable(Policy(rules=(rule,)), tool) is asked
    assert thinkable(Policy(), tool) is False
