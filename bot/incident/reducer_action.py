"""The reducer's rules for proposals and what was done about them."""

from bot.incident import facts_action as action
from bot.incident.events import Event
from bot.incident.reducer_run import take_step
from bot.incident.rule import Row, rule
from bot.incident.state import State
from bot.incident.views import Earlier, ProposalView


def _proposed(state: State, event: Event, fact: action.ActionProposed) -> None:
    views = state.incident.proposals
    old = views.get(fact.proposal.id)
    if old is None:
        views[fact.proposal.id] = ProposalView(fact, event.at)
    elif _is_next(old, fact):
        made = Earlier(old.asked, old.at, tuple(old.decisions), old.why)
        earlier = (*old.earlier, made)
        views[fact.proposal.id] = ProposalView(fact, event.at, earlier=earlier)
    else:
        return
    take_step(state, fact.effect_id)


def _is_next(old: ProposalView, fact: action.ActionProposed) -> bool:
    """True for the revision that an edit announced when it superseded the one before it (E-09)."""
    follows = fact.proposal.revision == old.proposal.revision + 1
    return follows and old.status == "superseded" and old.superseded_by == fact.digest


def _uninspectable(state: State, _event: Event, fact: action.ProposalUninspectable) -> None:
    view = _bound(state, fact.proposal, fact.digest)
    if view is not None and view.move("uninspectable"):
        view.why = fact.why


def _bound(state: State, identifier: str, digest: str) -> ProposalView | None:
    view = state.incident.proposals.get(identifier)
    return view if view is not None and view.asked.digest == digest else None


def _decided(state: State, event: Event, fact: action.DecisionMade) -> None:
    view = _bound(state, fact.proposal, fact.digest)
    if view is None or view.status != "pending" or view.proposal.revision != fact.revision:
        return
    view.last = (event.at, fact)
    view.awaiting = tuple(name for name in view.awaiting if name != fact.person)
    if all(made.person != fact.person for _, made in view.decisions):
        view.decisions.append((event.at, fact))


def _step_up_asked(state: State, _event: Event, fact: action.StepUpAsked) -> None:
    view = _bound(state, fact.proposal, fact.digest)
    if view is not None and view.status == "pending" and fact.person not in view.awaiting:
        view.awaiting = (*view.awaiting, fact.person)


def _refused(state: State, _event: Event, fact: action.DecisionRefused) -> None:
    state.incident.refused += 1
    view = state.incident.proposals.get(fact.proposal)
    if view is not None:
        view.refused += 1


def _approved(state: State, event: Event, fact: action.ProposalApproved) -> None:
    view = _bound(state, fact.proposal, fact.digest)
    if view is None or not any(made.verdict == "approve" for _, made in view.decisions):
        return
    if view.move("approved"):
        view.approved_at = event.at


def _denied(state: State, _event: Event, fact: action.ProposalDenied) -> None:
    view = _bound(state, fact.proposal, fact.digest)
    if view is not None and view.move("denied"):
        view.why = fact.reason


def _expired(state: State, _event: Event, fact: action.ProposalExpired) -> None:
    view = _bound(state, fact.proposal, fact.digest)
    if view is not None and view.move("expired"):
        view.why = "nobody decided in time" if view.approved_at is None else "not run in time"


def _withdrawn(state: State, _event: Event, fact: action.ProposalWithdrawn) -> None:
    view = _bound(state, fact.proposal, fact.digest)
    if view is not None and view.move("withdrawn"):
        view.why = fact.why


def _superseded(state: State, _event: Event, fact: action.ProposalSuperseded) -> None:
    view = _bound(state, fact.proposal, fact.digest)
    if view is not None and view.move("superseded"):
        view.why, view.superseded_by = fact.why, fact.by


def _started(state: State, event: Event, fact: action.ActionStarted) -> None:
    view = _bound(state, fact.proposal, fact.digest)
    if view is not None and view.move("executing"):
        view.attempt, view.nonce, view.started_at = fact.attempt, fact.nonce, event.at
        view.before = fact.before


def _attempted(state: State, attempt: str) -> ProposalView | None:
    for view in state.incident.proposals.values():
        if attempt and view.attempt == attempt:
            return view
    return None


def _finished(state: State, event: Event, fact: action.ActionFinished) -> None:
    view = _attempted(state, fact.attempt)
    if view is not None and view.move("succeeded" if fact.ok else "failed"):
        view.finished_at, view.result = event.at, fact.summary
        view.evidence, view.link = fact.evidence, fact.link
        view.why = "" if fact.error is None else fact.error.message


def _unknown(state: State, _event: Event, fact: action.ActionUnknown) -> None:
    view = _attempted(state, fact.attempt)
    if view is not None and view.move("unknown"):
        view.why = fact.why


def _reconciled(state: State, event: Event, fact: action.ActionReconciled) -> None:
    view = _attempted(state, fact.attempt)
    if view is not None and view.status in {"unknown", "executing"}:
        view.status = "succeeded" if fact.ok else "failed"
        view.finished_at = event.at
        view.evidence = fact.evidence
        view.result = f"resolved by {fact.by}"


def _verified(state: State, _event: Event, fact: action.ActionVerified) -> None:
    view = _bound(state, fact.proposal, fact.digest)
    if view is not None and view.verified == fact.n:
        view.verified += 1
        view.checks.append(fact.summary)


def _regressed(state: State, _event: Event, fact: action.ActionRegressed) -> None:
    view = _bound(state, fact.proposal, fact.digest)
    if view is not None and view.status == "succeeded":
        view.regressed = fact.why


def _undone(state: State, _event: Event, fact: action.ActionUndone) -> None:
    view = state.incident.proposals.get(fact.proposal)
    if view is not None:
        view.move("rolled_back")


ACTION_RULES: list[Row] = [
    rule(action.ActionProposed, _proposed),
    rule(action.DecisionMade, _decided),
    rule(action.StepUpAsked, _step_up_asked),
    rule(action.DecisionRefused, _refused),
    rule(action.ProposalApproved, _approved),
    rule(action.ProposalDenied, _denied),
    rule(action.ProposalExpired, _expired),
    rule(action.ProposalWithdrawn, _withdrawn),
    rule(action.ProposalSuperseded, _superseded),
    rule(action.ProposalUninspectable, _uninspectable),
    rule(action.ActionStarted, _started),
    rule(action.ActionFinished, _finished),
    rule(action.ActionUnknown, _unknown),
    rule(action.ActionReconciled, _reconciled),
    rule(action.ActionVerified, _verified),
    rule(action.ActionRegressed, _regressed),
    rule(action.ActionUndone, _undone),
]
