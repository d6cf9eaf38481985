"""How facts about an investigation are worded: what was loaded, chosen, looked at and found."""

from bot.conversation.line import Line, some, worded
from bot.conversation.phrases import clip, counted, one_line
from bot.conversation.receipt import fallback_words, receipt_line
from bot.incident import facts_run as fact
from bot.incident.ending import Provenance
from bot.incident.steps import AskHuman, CallTools, ProposeAction

SPENT = {
    "steps": "the steps of this run are used up",
    "seconds": "the time of this run is used up",
    "tokens": "the tokens of this run are used up",
    "no_new_facts": "two steps in a row brought nothing new",
}


def _loaded(event: fact.ContextLoaded) -> Line:
    service = event.service.title or event.service.name if event.service else "no known service"
    runbook = f"runbook “{event.runbook.title}”" if event.runbook else "no runbook"
    changes = counted(len(event.changes), "recent change")
    missing = f"Not found: {some(event.missing)}" if event.missing else ""
    return Line("bot", f"Gathered what is known: {service}, {changes}, {runbook}", missing)


def _chosen(event: fact.StepChosen) -> Line:
    """Say who chose what, why the configured model did not, and what it cost."""
    match event.step:
        case CallTools(calls=calls):
            what = f"look: {some([call.tool for call in calls], 4)}"
        case ProposeAction(tool=tool):
            what = f"propose {tool}"
        case AskHuman():
            what = "ask the team"
        case _:
            what = "conclude"
    made = Provenance().then(event)
    why = fallback_words(made)
    instead = f", because {why}" if why else ""
    exchange = (event.exchange,) if event.exchange else ()
    told = [receipt_line(made)]
    if event.dropped:
        told.append(f"Dropped, no evidence backs it: {some(event.dropped)}")
    if event.agreed is not None:
        told.append(f"The rules would have chosen {'the same' if event.agreed else 'otherwise'}")
    quote = "; ".join(part for part in told if part)
    return Line("agent", f"{event.by} chose to {what}{instead}", quote, exchange, routine=not why)


def _returned(event: fact.ToolReturned) -> Line:
    how = "Had looked already" if event.cached else "Looked"
    return Line("look", f"{how} with {event.tool}", event.summary, evidence=(event.evidence,))


def _failed(event: fact.ToolFailed) -> Line:
    again = "; it is tried again" if event.retry_at else ""
    return Line("bad", f"{event.tool} could not answer{again}", event.error.message)


def _step_failed(event: fact.StepFailed) -> Line:
    again = "; it is asked again" if event.retry_at else ""
    return Line("bad", f"No valid step came{again}", event.error.message)


def _concluded(event: fact.ConclusionReached) -> Line:
    cited = dict.fromkeys(name for finding in event.findings for name in finding.evidence)
    did = f"answered “{clip(one_line(event.question), 120)}”" if event.question else "concluded"
    return Line("agent", f"{event.by} {did}", event.summary, evidence=tuple(cited))


def _drafted(event: fact.DraftWritten) -> Line:
    text = f"{event.by} wrote words for the postmortem draft, not confirmed"
    return Line("agent", text, event.summary)


RUN_WORDS = dict(
    [
        worded(fact.ContextLoaded, _loaded),
        worded(fact.StepChosen, _chosen),
        worded(fact.StepFailed, _step_failed),
        worded(fact.ToolReturned, _returned),
        worded(fact.ToolFailed, _failed),
        worded(fact.ConclusionReached, _concluded),
        worded(fact.DraftWritten, _drafted),
        worded(
            fact.EscalationRaised,
            lambda event: Line("bad", "The agent gives up; humans must look", event.reason),
        ),
        worded(
            fact.BudgetSpent,
            lambda event: Line("bot", f"The run ends: {SPENT.get(event.kind, event.kind)}"),
        ),
        worded(
            fact.InvestigationPaused,
            lambda event: Line("human", f"{event.by} paused the investigation"),
        ),
        worded(
            fact.InvestigationResumed,
            lambda event: Line("human", f"{event.by} resumed the investigation"),
        ),
        worded(
            fact.ProposalRejected,
            lambda event: Line("bot", f"{event.tool} was not put before you", event.why),
        ),
    ]
)
"""Fact class → how it is worded."""
