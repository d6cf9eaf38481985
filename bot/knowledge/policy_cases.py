"""A table of cases that a team expects of its policy, and what the policy says of each. Pure."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Annotated

from pydantic import AwareDatetime, Field

from bot.incident.authority import Person, Policy
from bot.incident.facts_action import DecisionMade
from bot.incident.model import Risk, Value, Verdict
from bot.incident.policy import Allow, Case, Refuse, evaluate, proposable
from bot.incident.risk import Assessment, Reach, assess
from bot.knowledge import document
from bot.knowledge.case import Known, PlannedAction, case_of

SOME_TIME = datetime(2000, 1, 1, tzinfo=UTC)
"""When a case that names no time asks who is on call: whoever owns, where there is no rota."""


class PolicyCase(Value):
    """One line of the table: who does what to which action, and what should come of it.

    `risk` is the class that the action's own code gives; `targets`, a missing `preview` or `undo`
    and the service's tier raise it as the policy says, and `expect_risk` checks the result.
    `approved` names who approved before. `expect`: `allow` (it is decided), `needs N` (N more must
    approve), or `refuse`. `rule`, where given, is the name of the rule that must have decided.
    A case about quiet hours or a rota says `at`, with its time zone.
    """

    name: str = ""
    action: str
    service: str = ""
    environment: str = ""
    risk: str = "low"
    targets: int = 1
    preview: bool = True
    undo: bool = True
    person: str
    verdict: Verdict = "approve"
    approved: tuple[str, ...] = ()
    requested_by: str = "bot"
    edited_by: tuple[str, ...] = ()
    channel: str = ""
    at: AwareDatetime | None = None
    expect: Annotated[str, Field(pattern=r"^(allow|refuse|needs [1-4])$")]
    expect_risk: Risk | None = None
    rule: str | None = None


class CaseFile(Value):
    """The shape of a file of cases."""

    cases: tuple[PolicyCase, ...] = Field(min_length=1)


@dataclass(frozen=True, slots=True)
class Answer:
    """What the policy says of a case, in the words of the table."""

    said: str
    rule: str
    why: str
    risk: Risk


def failures(path: str, text: str, policy: Policy, known: Known) -> tuple[list[str], int]:
    """Return a line for each case that fails, with its place, and how many cases there are.

    Raises:
        ConfigError: The file is not of this shape; the message says where.
    """
    found = document.read(path, text)
    cases = found.validate(CaseFile).cases
    lines = [
        f"{path} line {found.line('cases', place)}: {case.name or f'case {place + 1}'}: {fault}"
        for place, case in enumerate(cases)
        for fault in _faults(case, policy, known)
    ]
    return lines, len(cases)


def _faults(wanted: PolicyCase, policy: Policy, known: Known) -> Iterator[str]:
    unknown = [name for name in (wanted.person, *wanted.approved) if known.people.get(name) is None]
    if unknown:
        yield f"there is no person {unknown[0]!r} in people.yaml"
        return
    assessed = _assessed(wanted, policy, known)
    case = _case(wanted, known, assessed.risk)
    for name in wanted.approved:
        before = _judge(policy, case, _person(known, name), ())
        if isinstance(before, Refuse):
            yield f"{name} could not have approved: {before.why}"
            return
    answer = _answer(wanted, policy, known, case)
    if answer.said != wanted.expect:
        yield f"expected {wanted.expect}, and it is {answer.said}: {answer.why}"
    if wanted.rule is not None and answer.rule != wanted.rule:
        yield f"expected rule {wanted.rule!r}, and {answer.rule or 'no rule'} decides"
    if wanted.expect_risk is not None and answer.risk != wanted.expect_risk:
        why = "; ".join(assessed.why)
        yield f"expected {wanted.expect_risk} risk, and it is {answer.risk}: {why}"


def _assessed(wanted: PolicyCase, policy: Policy, known: Known) -> Assessment:
    service = known.catalogue.get(wanted.service)
    reach = Reach(
        wanted.action,
        wanted.service,
        wanted.environment,
        wanted.risk,
        previewed=wanted.preview,
        targets=wanted.targets,
        tier=service.tier if service is not None else None,
        reversible=wanted.undo,
    )
    return assess(reach, policy)


def _case(wanted: PolicyCase, known: Known, risk: Risk) -> Case:
    plan = PlannedAction(
        wanted.action,
        wanted.service,
        wanted.environment,
        risk,
        _actor(wanted.requested_by),
        tuple(map(_actor, wanted.edited_by)),
    )
    at = wanted.at or SOME_TIME
    case = case_of(plan, known, at, wanted.channel, previewed=wanted.preview)
    return replace(case, at=wanted.at)


def _actor(name: str) -> str:
    """Return who wants it as a proposal names them; `dana` and `person:dana` are the same."""
    return name if name == "bot" or name.startswith("person:") else f"person:{name}"


def _person(known: Known, name: str) -> Person:
    return known.people.get(name) or Person(name=name, active=False)


def _judge(
    policy: Policy,
    case: Case,
    person: Person,
    made: tuple[tuple[datetime, DecisionMade], ...],
    verdict: Verdict = "approve",
) -> Allow | Refuse:
    """Say what comes of it; what may not even be proposed can be approved by nobody."""
    asked = proposable(policy, case) if verdict == "approve" else None
    if isinstance(asked, Refuse):
        return asked
    return evaluate(policy, case, person, made, verdict=verdict)


def _answer(wanted: PolicyCase, policy: Policy, known: Known, case: Case) -> Answer:
    made = tuple((SOME_TIME, _approval(name)) for name in wanted.approved)
    person = _person(known, wanted.person)
    found = _judge(policy, case, person, made, wanted.verdict)
    rule = found.rule.name if found.rule is not None else ""
    if isinstance(found, Refuse):
        return Answer("refuse", rule, found.why, case.risk)
    said = f"needs {found.missing}" if found.missing else "allow"
    return Answer(said, rule, f"rule {rule}, {case.risk} risk", case.risk)


def _approval(name: str) -> DecisionMade:
    return DecisionMade(
        proposal="",
        revision=1,
        digest="",
        person=name,
        actor=f"web:{name}",
        verdict="approve",
        reason="",
        rule="",
        policy_digest="",
        groups_as_of=SOME_TIME,
    )
