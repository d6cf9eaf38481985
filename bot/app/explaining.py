"""`triagebot policy explain`: whether a person may decide a proposal, criterion by criterion."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime

from bot.app.clock import SystemClock
from bot.app.database import reading
from bot.app.showing import proposal_meant
from bot.errors import InputError, NotFoundError
from bot.incident.authority import Person, Policy
from bot.incident.leaves import uninspectable
from bot.incident.model import Verdict
from bot.incident.policy import Allow, Case, Criterion, criteria, evaluate, quorum, rule_for
from bot.incident.stepup import asks_proof
from bot.incident.views import ProposalView
from bot.knowledge.case import case_of
from bot.knowledge.library import Knowledge
from bot.knowledge.operator_rule import stands_back
from bot.settings import Settings
from bot.store.folder import Folder
from channels.console.text import visible


@dataclass(frozen=True, slots=True)
class Question:
    """May `person` say `verdict` to `proposal`, through `channel` ("": one that counts), `at`?"""

    proposal: str
    person: str
    channel: str = ""
    at: datetime | None = None
    verdict: Verdict = "approve"


async def explain(settings: Settings, question: Question) -> tuple[list[str], bool]:
    """Return the lines to print, the answer first, and whether the answer is yes.

    Reads the database and the knowledge folder as they are now; changes nothing.

    Raises:
        ConfigError: The database or the folder cannot be read.
        NotFoundError: There is no such proposal or person.
        InputError: The proposal's name could mean several.
    """
    clock = SystemClock()
    knowledge = Folder(settings.runbooks).load()
    lax = {"chat_only_high": settings.accept_chat_only_high}
    knowledge = replace(knowledge, policy=knowledge.policy.model_copy(update=lax))
    async with reading(settings, clock) as store:
        row = await proposal_meant(store, question.proposal)
        state = await store.log.state(row.incident)
    view = state.incident.proposals.get(row.id)
    if view is None:
        raise InputError(f"P-{row.id} cannot be read as it is stored; nobody can decide it")
    return answer(view, knowledge, question, question.at or clock.now())


def answer(
    view: ProposalView, knowledge: Knowledge, question: Question, at: datetime
) -> tuple[list[str], bool]:
    """Return the lines and whether it is yes, of a proposal as it stands.

    Raises:
        NotFoundError: people.yaml names no such person.
    """
    person = knowledge.people.get(question.person)
    if person is None:
        raise NotFoundError(f"there is no person {question.person!r} in people.yaml")
    case = _case(view, knowledge, question, at)
    said = [
        _waits(view, at),
        _undecided(view, person, question.verdict),
        *_inspectable(view, question.verdict),
        *_operator(person, knowledge),
        *criteria(knowledge.policy, case, person, question.verdict),
    ]
    yes = all(one.met for one in said)
    proposal = view.proposal
    service = f" of {proposal.service}" if proposal.service else ""
    may = "yes" if yes else "no"
    verb = f"{person.name} {'may' if yes else 'may not'} {question.verdict} it"
    lines = [f"{may}: P-{proposal.id}, {proposal.risk}-risk {proposal.action}{service}: {verb}"]
    lines += [f"  {'yes' if one.met else 'no ':<4} {one.name:<10} {one.words}" for one in said]
    lines += [
        f"  {'':<4} {name:<10} {words}" for name, words in _terms(view, case, person, knowledge)
    ]
    return [visible(line) for line in lines], yes


def _case(view: ProposalView, knowledge: Knowledge, question: Question, at: datetime) -> Case:
    """Return the case; a channel that was not asked about is one that the rule accepts."""
    case = case_of(view.proposal, knowledge, at, question.channel)
    rule = rule_for(knowledge.policy, case)
    if not question.channel and rule is not None and rule.channels:
        return replace(case, channel=rule.channels[0])
    return case


def _waits(view: ProposalView, at: datetime) -> Criterion:
    if view.status != "pending":
        return Criterion("state", met=False, words=f"it is {view.status}, so nothing is decided")
    until = f"{view.proposal.expires_at:%Y-%m-%d %H:%M:%S} UTC"
    if view.proposal.expires_at <= at:
        return Criterion("state", met=False, words=f"it expired at {until}")
    return Criterion("state", met=True, words=f"it waits for a decision until {until}")


def _undecided(view: ProposalView, person: Person, verdict: Verdict) -> Criterion:
    earlier = [made.verdict for _, made in view.decisions if made.person == person.name]
    if verdict in earlier:
        words = f"{person.name} said {verdict} already; a person counts once"
        return Criterion("decided", met=False, words=words)
    return Criterion("decided", met=True, words=f"{person.name} did not say {verdict} yet")


def _inspectable(view: ProposalView, verdict: Verdict) -> Iterator[Criterion]:
    """Yield that nobody can approve what cannot be seen, where that is so (E-05)."""
    unseen = uninspectable(view.proposal) if verdict == "approve" else ""
    if unseen:
        yield Criterion("inspected", met=False, words=unseen)


def _operator(person: Person, knowledge: Knowledge) -> Iterator[Criterion]:
    """Yield that the operator's token decides nothing, where that is so."""
    back = stands_back(person, knowledge.policy, knowledge)
    if back:
        yield Criterion("operator", met=False, words=back)


def _terms(
    view: ProposalView, case: Case, person: Person, knowledge: Knowledge
) -> Iterator[tuple[str, str]]:
    """Yield what else is asked, whoever decides."""
    policy: Policy = knowledge.policy
    rule = rule_for(policy, case)
    if rule is not None and rule.allow:
        approved = [made.person for _, made in view.decisions if made.verdict == "approve"]
        so_far = ", ".join(approved) or "nobody"
        found = evaluate(policy, case, person, view.decisions)
        left = f"; {found.missing} more after {person.name}" if isinstance(found, Allow) else ""
        needed = quorum(rule, case.risk)
        yield "quorum", f"{needed} must approve, {so_far} did{left}"
        if rule.channels:
            yield "channels", f"approvals count only through {', '.join(rule.channels)}"
        if asks_proof(policy, rule, case.risk):
            yield "step-up", "an approval needs a one-time code, given on the page"
    on_call = ", ".join(case.on_call) or "nobody"
    yield "service", f"owner {case.owner or 'unknown'}, on call {on_call}"
    yield "requester", ", ".join((case.requested_by, *case.edited_by))
    yield "risk", "; ".join(view.asked.risk_why) or case.risk
    yield "policy", policy.digest[:12] or "none"
