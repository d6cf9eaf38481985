"""From a State to the Context a StepModel is given: pure, so a restart gives the same bytes."""

from bot.incident.calls import rest_tool, resting_tools
from bot.incident.context import (
    Answered,
    Context,
    Denial,
    Proposed,
    Remark,
    Situation,
    ToolOffer,
)
from bot.incident.ending import Spoken
from bot.incident.model import Alert
from bot.incident.outside import bounded
from bot.incident.state import State
from bot.incident.steps import ProposeAction
from bot.incident.views import ProposalView

MESSAGES = 10
"""How many of the newest things humans said are passed on."""
ALERTS = 50


def brief(state: State, offers: tuple[ToolOffer, ...], max_steps: int) -> Context:
    """Return what the StepModel may know now, in the order of events, text from outside bounded."""
    view, run = state.incident, state.run
    loaded, resting = run.context, resting_tools(state)
    tools = tuple(offer for offer in offers if offer.name not in resting)
    whole = Context(
        incident=view.id,
        title=view.title,
        severity=view.severity,
        alerts=_alerts(state),
        service=loaded.service if loaded else None,
        runbook=loaded.runbook if loaded else None,
        results=(*(run.earlier if run.answering else ()), *run.results),
        proposed=_proposed(state),
        answers=tuple(
            Answered(item.asked.question, item.value or None, item.ended_at or item.at)
            for name, item in view.questions.items()
            if not rest_tool(name)
        ),
        messages=tuple(_said(one) for one in view.said[-MESSAGES:]),
        inventory=loaded.inventory if loaded else {},
        extra={
            "service": view.service,
            "incident": view.id,
            "environment": loaded.service.environment if loaded and loaded.service else "",
        },
        tools=tools,
        bare=not tools,
        remaining=max_steps - run.steps,
        changes=loaded.changes if loaded else (),
        similar=loaded.similar if loaded else (),
        missing=loaded.missing if loaded else (),
        question=_said(run.question) if run.question is not None else None,
        specialist=loaded.specialist if loaded else "",
        effect_id=run.ask_id,
        opened_at=view.opened_at,
        at=state.at,
        seed=f"{view.delivery}/{run.number}",
        resting=tuple(sorted(resting)),
        situation=_situation(state),
    )
    return bounded(whole)


def _situation(state: State) -> Situation:
    view = state.incident
    called = view.called
    return Situation(
        status=f"part of {view.merged_into}" if view.merged_into else view.status,
        opened_at=view.opened_at,
        firing=len(view.firing),
        alerts=len(view.alerts),
        acked_by=view.acked_by,
        called=f"level {called.level}: {called.to or 'nobody'}" if called is not None else "",
        paused_by=state.run.paused_by,
        conclusion=view.conclusion,
        by=view.conclusion_by,
        findings=view.findings,
        judged=view.judged or "",
    )


def _said(one: Spoken) -> Remark:
    return Remark(one.person, one.text, one.question, one.at)


def _alerts(state: State) -> tuple[Alert, ...]:
    lines = [line.alert for line in state.incident.alerts.values()]
    firing = [alert for alert in lines if alert.status == "firing"]
    return tuple((firing or lines)[:ALERTS])


def _proposed(state: State) -> tuple[Proposed, ...]:
    rejected: list[Proposed] = []
    for chosen, why in state.run.rejected:
        if isinstance(chosen.step, ProposeAction):
            step = chosen.step
            rejected.append(Proposed(step.template, step.tool, step.args, "refused", why))
    return (*map(_asked, state.incident.proposals.values()), *rejected)


def _asked(view: ProposalView) -> Proposed:
    proposal, denial = view.proposal, None
    if view.status == "denied":
        denial = Denial(view.last[1].groups if view.last is not None else (), view.why)
    return Proposed(
        view.asked.template, proposal.tool, proposal.args, view.status, view.why, denial, view.at
    )
