"""How facts about a proposal and its execution are worded: who decided, what was done."""

from bot.conversation.line import Line, worded
from bot.conversation.words_alerts import reminded
from bot.incident import facts_action as fact
from bot.incident.proposal import code


def _name(proposal: str) -> str:
    return f"P-{code(proposal)}"


def _proposed(event: fact.ActionProposed) -> Line:
    asked = event.proposal
    if asked.revision > 1:
        who = asked.edited_by[-1] if asked.edited_by else "somebody"
        text = f"{who} edited {_name(asked.id)} to revision {asked.revision} ({asked.risk} risk)"
        return Line("human", f"{text}: {asked.title}", event.reason, proposal=asked.id)
    undo = f" to undo {_name(event.undo_of)}" if event.undo_of else ""
    return Line(
        "action",
        f"Proposed {_name(asked.id)}{undo} ({asked.risk} risk): {asked.title}",
        event.reason,
        evidence=event.evidence,
        proposal=asked.id,
    )


def _decided(event: fact.DecisionMade) -> Line:
    verb = "approved" if event.verdict == "approve" else "denied"
    through = event.actor.partition(":")[0]
    proven = ", with a one-time code" if event.step_up == "totp" else ""
    text = f"{event.person} {verb} {_name(event.proposal)} through {through}{proven}"
    return Line("human", text, event.reason, proposal=event.proposal)


def _refused(event: fact.DecisionRefused) -> Line:
    text = f"{event.actor} tried to decide {_name(event.proposal)} and was refused"
    return Line("bad", text, event.why, proposal=event.proposal)


def _step_up_asked(event: fact.StepUpAsked) -> Line:
    verb = "approve" if event.verdict == "approve" else "deny"
    text = f"{event.person} wants to {verb} {_name(event.proposal)}; their one-time code is awaited"
    return Line("human", text, proposal=event.proposal)


def _superseded(event: fact.ProposalSuperseded) -> Line:
    text = f"{_name(event.proposal)} no longer stands" + (" as it was" if event.by else "")
    kind = "bad" if event.security else "bot"
    return Line(kind, text, event.why, proposal=event.proposal)


def _uninspectable(event: fact.ProposalUninspectable) -> Line:
    text = f"{_name(event.proposal)} cannot be read any more, so it cannot be approved"
    return Line("bad", text, event.why, proposal=event.proposal)


def _started(event: fact.ActionStarted) -> Line:
    text = f"Started {_name(event.proposal)}; its preconditions held"
    return Line("action", text, proposal=event.proposal)


def _finished(event: fact.ActionFinished) -> Line:
    evidence = (event.evidence,) if event.evidence else ()
    if event.ok:
        return Line("good", "The action ran", event.summary, evidence=evidence)
    why = event.error.message if event.error else event.summary
    return Line("bad", "The action failed", why, evidence=evidence)


def _reconciled(event: fact.ActionReconciled) -> Line:
    result = "worked" if event.ok else "did not work"
    quote, ids = ("", (event.evidence,)) if _is_id(event.evidence) else (event.evidence, ())
    return Line("human", f"{event.by} settled the outcome: it {result}", quote, evidence=ids)


def _is_id(text: str) -> bool:
    return len(text) == 16 and set(text) <= set("0123456789abcdef")


def _verified(event: fact.ActionVerified) -> Line:
    return Line(
        "good",
        f"Check {event.n + 1} after {_name(event.proposal)} passed",
        event.summary,
        evidence=(event.evidence,) if event.evidence else (),
        proposal=event.proposal,
    )


def _regressed(event: fact.ActionRegressed) -> Line:
    return Line(
        "bad",
        f"Check {event.n + 1} after {_name(event.proposal)} failed",
        event.why,
        evidence=(event.evidence,) if event.evidence else (),
        proposal=event.proposal,
    )


ACTION_WORDS = dict(
    [
        worded(fact.ActionProposed, _proposed),
        worded(fact.DecisionMade, _decided),
        worded(fact.StepUpAsked, _step_up_asked),
        worded(fact.DecisionRefused, _refused),
        worded(
            fact.ProposalApproved,
            lambda event: Line(
                "good", f"{_name(event.proposal)} is approved", proposal=event.proposal
            ),
        ),
        worded(
            fact.ProposalDenied,
            lambda event: Line(
                "bot", f"{_name(event.proposal)} is denied", event.reason, proposal=event.proposal
            ),
        ),
        worded(
            fact.ProposalExpired,
            lambda event: Line("bot", f"{_name(event.proposal)} expired", proposal=event.proposal),
        ),
        worded(
            fact.ProposalWithdrawn,
            lambda event: Line(
                "bot", f"{_name(event.proposal)} was withdrawn", event.why, proposal=event.proposal
            ),
        ),
        worded(fact.ProposalSuperseded, _superseded),
        worded(fact.ProposalUninspectable, _uninspectable),
        worded(
            fact.ProposalReminded,
            lambda event: reminded(
                f"{_name(event.proposal)}, which waits", event.to, event.quiet, event.proposal
            ),
        ),
        worded(fact.ActionStarted, _started),
        worded(fact.ActionFinished, _finished),
        worded(
            fact.ActionUnknown,
            lambda event: Line(
                "bad", "Nobody knows whether the action ran; it is not repeated", event.why
            ),
        ),
        worded(fact.ActionReconciled, _reconciled),
        worded(fact.ActionVerified, _verified),
        worded(fact.ActionRegressed, _regressed),
        worded(
            fact.ActionUndone,
            lambda event: Line(
                "good",
                f"{_name(event.proposal)} was undone by {_name(event.by)}",
                proposal=event.by,
            ),
        ),
    ]
)
"""Fact class → how it is worded."""
