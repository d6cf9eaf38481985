"""What no policy, case and person can bring about (E-20 to E-23), tried on many of each."""

from dataclasses import replace
from datetime import datetime

from hypothesis import given
from hypothesis import strategies as st

from bot.incident.authority import Person, Policy, Rule
from bot.incident.facts_action import DecisionMade
from bot.incident.hours import Hours
from bot.incident.model import Verdict
from bot.incident.policy import Allow, Case, criteria, evaluate, may_approve, quorum, rule_for
from bot.incident.stepup import asks_proof
from tests.bot.incident.making import T0, at, decided, proposed

NIGHT = Hours.model_validate({"from": "22:00", "until": "06:00", "zone": "UTC"})
NAMES = ("dana", "eve", "sre", "owner", "on_call", "*", "group:sre", "")
ASKED = proposed()

names = st.sampled_from(NAMES)
BOTH: tuple[Verdict, ...] = ("approve", "deny")
verdicts = st.sampled_from(BOTH)
people = st.builds(
    Person, name=names, groups=st.lists(names, max_size=2).map(tuple), active=st.booleans()
)
approvers = st.lists(
    st.sampled_from(["owner", "on_call", "group:sre", "person:dana", "sre", "*"]), max_size=2
)
rules = st.builds(
    Rule,
    name=st.sampled_from(["a", "b"]),
    action=st.sampled_from(["*", "job_run", "job_run:rollback", "dns"]),
    service=st.sampled_from(["*", "check*", "other"]),
    environment=st.sampled_from(["*", "demo", "prod"]),
    risk=st.lists(st.sampled_from(["low", "medium", "high"]), max_size=2).map(tuple),
    allow=st.booleans(),
    approvers=approvers.map(tuple),
    min_approvals=st.integers(1, 3),
    channels=st.sampled_from([(), ("web",), ("slack",)]),
    self_approval=st.booleans(),
    quiet_hours=st.sampled_from([(), ("night",)]),
)
policies = st.builds(
    Policy, rules=st.lists(rules, max_size=3).map(tuple), quiet_hours=st.just({"night": NIGHT})
)
cases = st.builds(
    Case,
    action=st.just("job_run:rollback"),
    service=st.sampled_from(["checkout", ""]),
    environment=st.sampled_from(["demo", "prod", ""]),
    risk=st.sampled_from(["low", "medium", "high"]),
    owner=st.sampled_from(["", "sre", "dana"]),
    requested_by=st.sampled_from(["bot", "person:dana", "person:eve"]),
    edited_by=st.sampled_from([(), ("person:dana",)]),
    on_call=st.sampled_from([(), ("dana",), ("eve",)]),
    channel=st.sampled_from(["web", "slack", ""]),
    at=st.sampled_from([None, T0, at(6 * 3600)]),
)


def made_by(verdict: Verdict, person: str) -> tuple[datetime, DecisionMade]:
    return T0, decided(ASKED, verdict, person=person)


decisions = st.lists(
    st.builds(made_by, verdicts, st.sampled_from(["dana", "eve", "sam"])), max_size=3
)
Made = list[tuple[datetime, DecisionMade]]


@given(policies, cases, people, decisions)
def test_e20_nobody_approves_whom_no_approver_clause_of_an_allowing_rule_names(
    policy: Policy, case: Case, person: Person, made: Made
) -> None:
    verdict = evaluate(policy, case, person, made)
    if isinstance(verdict, Allow):
        assert verdict.rule is rule_for(policy, case)
        assert verdict.rule.allow
        assert person.active
        assert may_approve(verdict.rule, case, person)
        assert not set(verdict.rule.approvers).isdisjoint(
            {"owner", "on_call", f"person:{person.name}", *(f"group:{g}" for g in person.groups)}
        )


@given(policies, cases, people, decisions)
def test_e22_the_quorum_is_of_distinct_persons_and_two_at_high(
    policy: Policy, case: Case, person: Person, made: Made
) -> None:
    verdict = evaluate(policy, case, person, made)
    if isinstance(verdict, Allow):
        others = {d.person for _, d in made if d.verdict == "approve"} - {person.name}
        assert verdict.missing >= quorum(verdict.rule, case.risk) - 1 - len(others)
        assert case.risk != "high" or verdict.missing >= 1 - len(others)
        assert case.risk != "high" or asks_proof(policy, verdict.rule, case.risk)


@given(policies, cases, people)
def test_e23_nobody_approves_their_own_wish_above_low(
    policy: Policy, case: Case, person: Person
) -> None:
    verdict = evaluate(policy, case, person, ())
    if isinstance(verdict, Allow) and case.wanted_by(person.name):
        assert case.risk == "low"
        assert verdict.rule.self_approval


@given(rules, policies, cases, people, decisions)
def test_e20_a_forbidding_rule_in_front_never_widens(
    front: Rule, policy: Policy, case: Case, person: Person, made: Made
) -> None:
    no = front.model_copy(update={"allow": False})
    before = evaluate(policy, case, person, made)
    after = evaluate(policy.model_copy(update={"rules": (no, *policy.rules)}), case, person, made)
    if isinstance(after, Allow):
        assert after == before


@given(policies, cases, people, verdicts)
def test_what_is_explained_is_what_is_decided(
    policy: Policy, case: Case, person: Person, verdict: Verdict
) -> None:
    found = evaluate(policy, case, person, (), verdict=verdict)
    met = all(one.met for one in criteria(policy, case, person, verdict))
    assert isinstance(found, Allow) is met


@given(policies, cases, people)
def test_e22_whoever_may_approve_may_deny(policy: Policy, case: Case, person: Person) -> None:
    if isinstance(evaluate(policy, case, person, ()), Allow):
        for channel in ("web", "email"):
            other = replace(case, channel=channel, at=None)
            assert isinstance(evaluate(policy, other, person, (), verdict="deny"), Allow)
