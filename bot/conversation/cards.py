"""Cards: what humans see of a state, and nothing else. Pure: times come from events."""

from collections.abc import Iterator

from bot.conversation.look import Look, footer_line
from bot.conversation.outcome import outcome_lines, status_line_of
from bot.conversation.phrases import (
    TITLE_CHARS,
    author_words,
    clip,
    code_of,
    fallback_line,
    one_line,
)
from bot.conversation.proposal_card import draw_proposal
from bot.conversation.root_card import draw_root
from bot.incident.card import Block, Card, CardKind, Control, Items, Text, Trust, When
from bot.incident.model import Finding, Judgement
from bot.incident.state import ProposalView, QuestionView, State

WORDS_CHARS = 2000
OPTION_CHARS = 75
JUDGEMENTS: tuple[tuple[Judgement, str], ...] = (
    ("right", "Right"),
    ("partly", "Partly"),
    ("wrong", "Wrong"),
    ("not_an_incident", "Not an incident"),
)
ENDED = frozenset({"succeeded", "failed", "unknown", "rolled_back"})


def draw(state: State, look: Look) -> tuple[Card, ...]:
    """Return every card of the incident as it is now: root, findings, questions, proposals, …

    Empty when no incident was opened in this stream.
    """
    return tuple(_cards(state, look)) if state.exists else ()


def _cards(state: State, look: Look) -> Iterator[Card]:
    view = state.incident
    yield draw_root(state, look)
    if view.conclusion:
        yield draw_finding(state, look)
    for question in view.questions.values():
        yield draw_question(state, question, look)
    for proposal in view.proposals.values():
        yield draw_proposal(state, proposal, look)
        if proposal.status in ENDED:
            yield draw_result(state, proposal, look)
    if (view.status in {"resolved", "closed"} or view.reopened) and not view.merged_into:
        yield draw_judge(state, look)
    if view.merged_into:
        yield draw_notice(state, look, "merged", f"Merged into {view.merged_into}")
    elif view.status == "closed":
        yield draw_notice(state, look, "closed", "Closed")


def draw_finding(state: State, look: Look) -> Card:
    """Return what the last finished run concluded, each claim with its evidence."""
    view, run = state.incident, state.run
    number = run.number if run.done else run.number - 1
    who = author_words(view.conclusion_by)
    trust: Trust = "outside" if who.startswith("rule-based") else "model"
    claims = tuple(Text(value=_claim(finding), trust=trust) for finding in view.findings)
    blocks: list[Block] = [
        Items(title=who[:1].upper() + who[1:], items=(_words(view.conclusion, trust),)),
        Items(title="Rests on", items=claims)
        if claims
        else Text(value="No claim is backed by evidence: take this as a lead, not as a cause."),
    ]
    refused = tuple(_words(why, "outside") for _, why in run.rejected)
    if refused:
        blocks.append(Items(title="Not put before you", items=refused))
    cited = tuple(name for finding in view.findings for name in finding.evidence)
    said = f"{'found' if claims else 'no cause found'}: {clip(one_line(view.conclusion), 110)}"
    return _card(state, look, "finding", f"finding:r{max(number, 1)}").model_copy(
        update={
            "title": "What was found" if claims else "Not enough evidence",
            "fallback": fallback_line(state, said),
            "state": "not confirmed by a human" if not view.judged else f"judged {view.judged}",
            "blocks": tuple(blocks),
            "links": look.evidence(cited),
        }
    )


def _claim(finding: Finding) -> str:
    cited = ", ".join(name[:6] for name in finding.evidence)
    end = f" ({finding.confidence} confidence; evidence {cited or 'none'})"
    return f"{clip(finding.claim, WORDS_CHARS)}{end}"


def draw_question(state: State, view: QuestionView, look: Look) -> Card:
    """Return a question to humans; after the answer it names who gave it, and asks no more."""
    asked = view.asked
    blocks: list[Block] = [_words(asked.question, "outside")]
    controls: tuple[Control, ...] = ()
    if view.status == "open":
        status = "waits for an answer"
        default = f" (then: {asked.default})" if asked.default else ""
        blocks.append(When(at=asked.deadline, title=f"Open until{default}"))
        options = asked.options or (("yes", "no") if asked.kind == "yes_no" else ())
        controls = tuple(_answer(state, asked.id, option) for option in options)
        if not controls:
            blocks.append(Text(value=f"Answer with: answer {state.stream} YOUR WORDS"))
    elif view.status == "answered":
        status = f"answered by {view.person}"
        blocks.append(Items(title=f"Answer by {view.person}", items=(_words(view.value),)))
    else:
        status = "nobody answered in time"
        taken = f"The default stands: {view.value}" if view.value else "The question is closed."
        blocks.append(Text(value=taken, trust="outside"))
    return _card(state, look, "question", f"question:{asked.id}").model_copy(
        update={
            "title": "A question to the team",
            "fallback": fallback_line(state, f"{status}: {clip(one_line(asked.question), 90)}"),
            "state": status,
            "blocks": tuple(blocks),
            "controls": controls,
        }
    )


def _answer(state: State, question: str, option: str) -> Control:
    return Control(
        verb="answer",
        label=clip(one_line(option), OPTION_CHARS),
        proposal=question,
        value=option,
        accessible=f"Answer {state.stream}: {one_line(option)}",
    )


def draw_result(state: State, view: ProposalView, look: Look) -> Card:
    """Return what an action did, as news; the proposal's own card keeps the controls."""
    proposal, status = view.proposal, status_line_of(view)
    lines = (*outcome_lines(view),)
    return _card(state, look, "result", f"result:{proposal.id}:{proposal.revision}").model_copy(
        update={
            "title": clip(f"{code_of(view)} {one_line(proposal.title)}", TITLE_CHARS),
            "fallback": fallback_line(state, f"{code_of(view)} {clip(one_line(status), 110)}"),
            "state": status,
            "blocks": (Items(title="Result", items=lines),) if lines else (),
            "links": (
                *look.page(f"/proposals/{proposal.id}", "open the proposal"),
                *look.outside(view.link, "open the result"),
                *look.evidence((view.evidence,)),
            ),
        }
    )


def draw_judge(state: State, look: Look) -> Card:
    """Return the one question after an incident: was the conclusion right?"""
    view = state.incident
    over = view.status in {"resolved", "closed"}
    if view.judged:
        label = dict(JUDGEMENTS)[view.judged].lower()
        status = f"judged {label} by {view.judged_by}"
    else:
        status = "waits for a judgement" if over else "it fires again; asked again when it is over"
    asked = view.conclusion or "No conclusion was reached."
    return _card(state, look, "question", "judge").model_copy(
        update={
            "title": "Was the conclusion right?" if view.conclusion else "Was it an incident?",
            "fallback": fallback_line(state, f"{view.status}; {status}"),
            "state": status,
            "blocks": (_words(asked, "outside"),),
            "controls": tuple(
                Control(
                    verb="judge",
                    label=label,
                    value=value,
                    accessible=f"Judge {state.stream}: {label}",
                )  # fmt: skip
                for value, label in JUDGEMENTS
                if over and not view.judged
            ),
        }
    )


def draw_notice(state: State, look: Look, name: str, title: str) -> Card:
    """Return a short message of ours about the incident's life, with its summary if there is one."""
    view = state.incident
    blocks: list[Block] = [_words(view.summary)] if view.summary else []
    if view.learnings is not None:
        lines = view.learnings
        told = (
            ("context", lines.context),
            ("solution", lines.solution),
            ("learning", lines.learning),
            ("impact", lines.impact),
        )
        items = tuple(_words(f"{label}: {text}") for label, text in told)
        blocks.append(Items(title="For the record", items=items))
    return _card(state, look, "notice", f"notice:{name}").model_copy(
        update={
            "title": title,
            "fallback": fallback_line(state, title),
            "state": title.lower(),
            "blocks": tuple(blocks),
        }
    )


def _words(text: str, trust: Trust = "outside") -> Text:
    return Text(value=clip(text, WORDS_CHARS), trust=trust)


def _card(state: State, look: Look, kind: CardKind, key: str) -> Card:
    return Card(
        key=key,
        version=state.seq,
        kind=kind,
        title="",
        fallback="",
        severity=state.incident.severity,
        state="",
        footer=footer_line(state, look),
    )
