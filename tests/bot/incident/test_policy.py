from datetime import datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.incident.facts_action import DecisionMade
from bot.incident.model import Person, Policy, Risk, Rule
from bot.incident.policy import (
    Allow,
    Case,
    Refuse,
    enabled,
    evaluate,
    may_approve,
    quorum,
    raised,
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


def case(**changed: str) -> Case:
    fields = {
        "action": CASE.action,
        "service": CASE.service,
        "environment": CASE.environment,
        "owner": CASE.owner,
        "channel": CASE.channel,
        "requested_by": "bot",
        **changed,
    }
    risk: Risk = "high" if fields.get("risk") == "high" else "medium"
    if fields.get("risk") == "low":
        risk = "low"
    fields.pop("risk", None)
    return Case(**fields, risk=risk)


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


def test_the_first_rule_that_matches_decides() -> None:
    no = Rule(name="freeze", service="checkout", allow=False)
    refused = ask(DANA, CASE, no, SRE)
    assert isinstance(refused, Refuse)
    assert (refused.rule, refused.why) == (no, "rule freeze forbids job_run:rollback")
    assert isinstance(ask(DANA, CASE, SRE, no), Allow)


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
    assert ask(EVE, high, made=(decided(ASKED, "deny", person="dana"),)) == Allow(SRE, 1)


@pytest.mark.parametrize(("risk", "may"), [("low", True), ("medium", False), ("high", False)])
def test_e23_who_asked_for_it_may_approve_it_only_when_the_risk_is_low(
    risk: str, may: bool
) -> None:
    verdict = ask(DANA, case(requested_by="person:dana", risk=risk))
    assert isinstance(verdict, Allow) is may
    assert isinstance(ask(EVE, case(requested_by="person:dana", risk=risk)), Allow)


def test_what_may_be_proposed_at_all() -> None:
    assert enabled(Policy(rules=(SRE,)), CASE) is SRE
    assert isinstance(enabled(Policy(), CASE), Refuse)
    assert isinstance(enabled(Policy(rules=(Rule(name="n", allow=False),)), CASE), Refuse)


def test_e32_a_risk_is_raised_by_one_class() -> None:
    assert [raised(risk) for risk in ("low", "medium", "high")] == ["medium", "high", "high"]


names = st.sampled_from(["", "dana", "eve", "sre", "owner", "*", "group:sre"])
people = st.builds(Person, name=names, groups=st.lists(names, max_size=2).map(tuple))
rules = st.builds(
    Rule,
    name=names,
    action=st.sampled_from(["*", "job_run", "job_run:rollback", "dns"]),
    allow=st.booleans(),
    approvers=st.lists(
        st.sampled_from(["owner", "group:sre", "person:dana", "sre"]), max_size=2
    ).map(tuple),
    min_approvals=st.integers(1, 3),
)


@given(st.lists(rules, max_size=3), people, st.sampled_from(["low", "medium", "high"]))
def test_nobody_may_decide_without_a_rule_that_allows_and_names_them(
    given_rules: list[Rule], person: Person, risk: Risk
) -> None:
    of = Case("job_run:rollback", "checkout", "demo", risk, owner="sre")
    policy = Policy(rules=tuple(given_rules))
    verdict = evaluate(policy, of, person, ())
    if isinstance(verdict, Allow):
        assert verdict.rule is rule_for(policy, of)
        assert verdict.rule.allow
        assert verdict.rule.approvers
        assert may_approve(verdict.rule, of, person)
        assert verdict.missing == quorum(verdict.rule, risk) - 1


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
