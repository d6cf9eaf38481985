"""The reducer's rules for talking: questions both ways, conclusions, and whose turn it is.

What a human asks is a run of its own. It begins when the run under way is done, or when that one
only waits, for an answer or because it is paused: then it is parked, and goes on afterwards.
"""

from copy import copy

from bot.incident import facts_alerts as alerts
from bot.incident import facts_run as run
from bot.incident.calls import AGAIN, rest_tool
from bot.incident.ending import Ending, Spoken
from bot.incident.events import Event
from bot.incident.reducer_run import begin_run, drop_run_steps
from bot.incident.rule import Row, rule
from bot.incident.state import State
from bot.incident.views import QuestionView
from bot.incident.waiting import awaits_human


def begin_anew(state: State) -> None:
    """Begin the alerts' run again; what was asked meanwhile is answered after it."""
    view = state.run
    unfinished = [one.question for one in (*view.parked, view) if not one.done]
    view.waiting = [*(one for one in unfinished if one is not None), *view.waiting]
    view.parked = []
    begin_run(state)


def _turn(state: State) -> None:
    """Begin the run that answers the oldest question that waits, if it is its turn."""
    view = state.run
    if not view.waiting or state.incident.status == "closed":
        return
    if not view.done:
        queued = any(not pending.outside for pending in view.queue)
        if not (view.held or (awaits_human(state) and not queued)):
            return
        _park(state)
    begin_run(state)
    state.run.question = state.run.waiting.pop(0)


def _park(state: State) -> None:
    """Put the run aside as it is; what was asked for from outside stays in hand."""
    view = state.run
    aside = copy(view)
    aside.queue = [pending for pending in view.queue if not pending.outside]
    aside.failed, aside.rested = dict(view.failed), set(view.rested)
    aside.results, aside.rejected = list(view.results), list(view.rejected)
    aside.seen, aside.earlier, aside.waiting, aside.parked = set(), [], [], []
    view.parked = [*view.parked, aside]


def _unpark(state: State) -> None:
    """Go on with the run that was put aside last."""
    view = state.run
    back = view.parked.pop()
    back.paused_by, back.runs, back.context = view.paused_by, view.runs, view.context
    back.seen, back.waiting, back.parked = view.seen, view.waiting, view.parked
    back.earlier = [*view.earlier, *view.results]
    back.queue = [*back.queue, *view.queue]
    state.run = back


def _message(state: State, event: Event, fact: alerts.MessageReceived) -> None:
    said = Spoken(event.at, fact.person, fact.text, fact.question, fact.conversation)
    state.incident.said.append(said)
    if fact.question and state.incident.status in {"open", "resolved"}:
        state.run.waiting.append(said)
        _turn(state)


def _asked(state: State, event: Event, fact: alerts.QuestionAsked) -> None:
    state.incident.questions.setdefault(fact.id, QuestionView(fact, event.at))
    if tool := rest_tool(fact.id):
        state.run.rested.add(tool)
        return
    queue = state.run.queue
    if queue and queue[0].chosen.effect_id == fact.id:
        queue.pop(0)
    _turn(state)


def _answered(state: State, event: Event, fact: alerts.QuestionAnswered) -> None:
    view = state.incident.questions.get(fact.id)
    if view is None or view.status != "open":
        return
    view.status, view.value, view.person = "answered", fact.value, fact.person
    view.ended_at = event.at
    if tool := rest_tool(fact.id):
        _rested(state, tool, again=fact.value == AGAIN)


def _expired(state: State, event: Event, fact: alerts.QuestionExpired) -> None:
    view = state.incident.questions.get(fact.id)
    if view is not None and view.status == "open":
        view.status, view.value, view.ended_at = "expired", view.asked.default, event.at
        if tool := rest_tool(fact.id):
            _rested(state, tool, again=False)


def _rested(state: State, tool: str, *, again: bool) -> None:
    """Do as a human said about a resting tool; once the alerts' run is over, it begins again."""
    for view in (state.run, *state.run.parked):
        if not again:
            view.rested.add(tool)
            continue
        view.failed.pop(tool, None)
        view.rested.discard(tool)
    incident = state.incident
    if again and state.run.done and not incident.over and incident.judged is None:
        begin_run(state)


def _concluded(state: State, event: Event, fact: run.ConclusionReached) -> None:
    incident, view = state.incident, state.run
    asked = view.question if fact.question else None
    if fact.question and asked is None:
        asked = Spoken(event.at, "", fact.question, question=True)
    ending = Ending(
        run=view.number,
        at=event.at,
        summary=fact.summary,
        by=fact.by,
        outcome=fact.outcome,
        findings=fact.findings,
        made=view.made,
        steps=view.steps,
        rejected=tuple(why for _, why in view.rejected),
        asked=asked,
    )
    if asked is not None:
        incident.answers_given.append(ending)
    else:
        incident.ended = ending
        incident.first_concluded_at = incident.first_concluded_at or event.at
        incident.conclusion, incident.findings = fact.summary, fact.findings
        incident.conclusion_by = fact.by
    view.done = True
    drop_run_steps(state)
    if view.parked:
        _unpark(state)
    _turn(state)


def _paused(state: State, _event: Event, fact: run.InvestigationPaused) -> None:
    state.run.paused_by = fact.by
    _turn(state)


def _resumed(state: State, _event: Event, _fact: run.InvestigationResumed) -> None:
    state.run.paused_by = ""


TALK_RULES: list[Row] = [
    rule(alerts.MessageReceived, _message),
    rule(alerts.QuestionAsked, _asked),
    rule(alerts.QuestionAnswered, _answered),
    rule(alerts.QuestionExpired, _expired),
    rule(run.ConclusionReached, _concluded),
    rule(run.InvestigationPaused, _paused),
    rule(run.InvestigationResumed, _resumed),
]
