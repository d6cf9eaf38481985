"""The reducer's rules for an investigation: context, steps, tool results, pause, budget."""

from datetime import datetime

from bot.incident import facts_run as run
from bot.incident.calls import REST_AFTER
from bot.incident.context import Result
from bot.incident.ending import Provenance
from bot.incident.events import Event
from bot.incident.revision import author_name, edited_proposal
from bot.incident.rule import Row, rule
from bot.incident.state import ASKED, EDIT, UNDO, Pending, State, undo_target
from bot.incident.steps import CallTools

EARLIER_MOST = 40
"""So many results of earlier runs are kept for those who ask about them."""


def begin_run(state: State) -> None:
    """Start the next run from zero. Proposals stay known; what code refused may be asked again."""
    view = state.run
    view.runs += 1
    view.number = view.runs
    view.steps, view.barren, view.spent_s, view.spent = 0, 0, 0.0, ""
    view.ask_attempts, view.ask_retry_at, view.ask_failed = 0, None, ""
    view.done, view.question, view.new_evidence = False, None, False
    view.earlier = [*view.earlier, *view.results][-EARLIER_MOST:]
    view.results, view.rejected = [], []
    view.failed, view.rested, view.made = {}, set(), Provenance()
    drop_run_steps(state)


def drop_run_steps(state: State) -> None:
    """Forget what the run still meant to do; what was asked for from outside stays."""
    state.run.queue = [pending for pending in state.run.queue if pending.outside]


def take_step(state: State, effect_id: str) -> Pending | None:
    """Take the Step with this effect id out of the queue; None when it is not in it."""
    for pending in state.run.queue:
        if pending.chosen.effect_id == effect_id:
            state.run.queue.remove(pending)
            return pending
    return None


def _loaded(state: State, _event: Event, fact: run.ContextLoaded) -> None:
    state.run.context = fact
    if fact.service is not None:
        state.incident.service = fact.service.name


def _chosen(state: State, event: Event, fact: run.StepChosen) -> None:
    view = state.run
    if fact.effect_id == view.ask_id:
        if view.done:
            return
        view.steps += 1
        view.ask_attempts, view.ask_retry_at = 0, None
        view.made = view.made.then(fact)
    elif target := undo_target(fact.effect_id):
        asked = state.incident.proposals.get(target)
        if asked is None or (asked.undo_requested and fact.effect_id == f"{UNDO}{target}"):
            return
        asked.undo_requested = True
    elif not fact.effect_id.startswith((ASKED, EDIT)):
        return
    view.queue.append(Pending(fact, event.at))


def _step_failed(state: State, _event: Event, fact: run.StepFailed) -> None:
    view = state.run
    if fact.effect_id != view.ask_id:
        return
    view.ask_attempts += 1
    view.ask_retry_at = fact.retry_at
    if fact.retry_at is None:
        view.ask_failed = fact.error.message


def _returned(state: State, event: Event, fact: run.ToolReturned) -> None:
    found = _open_call(state, fact.effect_id)
    if found is None:
        return
    pending, index = found
    call = pending.chosen.step.calls[index] if isinstance(pending.chosen.step, CallTools) else None
    args = call.args if call is not None else {}
    view = state.run
    if fact.evidence not in view.seen:
        view.seen.add(fact.evidence)
        view.new_evidence = True
    view.results.append(
        Result(fact.key, fact.tool, args, fact.evidence, fact.summary, fact.facts, at=event.at)
    )
    if not fact.cached:
        view.failed.pop(fact.tool, None)
    _settle(state, pending, fact.effect_id, event.at)


def _failed(state: State, event: Event, fact: run.ToolFailed) -> None:
    found = _open_call(state, fact.effect_id)
    if found is None:
        return
    pending, index = found
    pending.attempts[fact.effect_id] = pending.attempts.get(fact.effect_id, 0) + 1
    if fact.retry_at is not None:
        pending.retry_at[fact.effect_id] = fact.retry_at
        return
    call = pending.chosen.step.calls[index] if isinstance(pending.chosen.step, CallTools) else None
    args = call.args if call is not None else {}
    state.run.results.append(
        Result(fact.key, fact.tool, args, "", "", (), error=fact.error.message, at=event.at)
    )
    failed = state.run.failed
    pending.broke = pending.broke or len(failed.get(fact.tool, ())) < REST_AFTER
    failed[fact.tool] = (*failed.get(fact.tool, ()), fact.error.message)[:REST_AFTER]
    _settle(state, pending, fact.effect_id, event.at)


def _open_call(state: State, effect_id: str) -> tuple[Pending, int] | None:
    for pending in state.run.queue:
        for index in pending.open_calls:
            if effect_id == f"{pending.chosen.effect_id}.{index}":
                return pending, index
    return None


def _settle(state: State, pending: Pending, effect_id: str, at: datetime) -> None:
    pending.answered[effect_id] = True
    pending.retry_at.pop(effect_id, None)
    if pending.open_calls:
        return
    view = state.run
    view.queue.remove(pending)
    view.spent_s += (at - pending.at).total_seconds()
    if view.new_evidence:
        view.barren = 0
    elif not pending.broke:  # what fails is told to a human after three times, not after two looks
        view.barren += 1
    view.new_evidence = False


def _rejected(state: State, _event: Event, fact: run.ProposalRejected) -> None:
    done = take_step(state, fact.effect_id)
    if done is None:
        return
    view = edited_proposal(state, fact.effect_id)
    if view is not None:
        view.edit_refused = f"the edit by {author_name(done.chosen.by)} was not taken: {fact.why}"
    elif not fact.effect_id.startswith(EDIT):
        state.run.rejected.append((done.chosen, fact.why))


def _budget(state: State, _event: Event, fact: run.BudgetSpent) -> None:
    state.run.spent = fact.kind


RUN_RULES: list[Row] = [
    rule(run.ContextLoaded, _loaded),
    rule(run.StepChosen, _chosen),
    rule(run.StepFailed, _step_failed),
    rule(run.ToolReturned, _returned),
    rule(run.ToolFailed, _failed),
    rule(run.ProposalRejected, _rejected),
    rule(run.BudgetSpent, _budget),
]
