"""Cards: what humans see of a state, and nothing else. Pure: times come from events."""

from collections.abc import Iterator

from bot.conversation.call_card import draw_calls
from bot.conversation.finding_card import ANSWERS_SHOWN, draw_answer, draw_finding
from bot.conversation.handover_card import draw_handover
from bot.conversation.look import Look
from bot.conversation.outcome import outcome_lines, status_line_of
from bot.conversation.phrases import (
    TITLE_CHARS,
    clip,
    code_of,
    fallback_line,
    one_line,
)
from bot.conversation.proposal_card import draw_proposal
from bot.conversation.question_card import draw_judge, draw_question
from bot.conversation.root_card import draw_root
from bot.conversation.sheet import blank_card, quoted
from bot.incident.card import Block, Card, Items
from bot.incident.state import State
from bot.incident.views import ProposalView

ENDED = frozenset({"succeeded", "failed", "unknown", "rolled_back"})


def draw(state: State, look: Look) -> tuple[Card, ...]:
    """Return every card of the incident as it is now; the root card is the first.

    Empty when no incident was opened in this stream.
    """
    return tuple(_cards(state, look)) if state.exists else ()


def _cards(state: State, look: Look) -> Iterator[Card]:
    view = state.incident
    yield draw_root(state, look)
    if view.ended is not None:
        yield draw_finding(state, view.ended, look)
    answers = list(enumerate(view.answers_given, start=1))
    for number, ending in answers[-ANSWERS_SHOWN:]:
        yield draw_answer(state, ending, number, look)
    for question in view.questions.values():
        yield draw_question(state, question, look)
    for proposal in view.proposals.values():
        for revision in proposal.revisions:
            yield draw_proposal(state, revision, look)
        if proposal.status in ENDED:
            yield draw_result(state, proposal, look)
    yield from draw_calls(state, look)
    yield from draw_handover(state, look)
    if (view.status in {"resolved", "closed"} or view.reopened) and not view.merged_into:
        yield draw_judge(state, look)
    if view.merged_into:
        yield draw_notice(state, look, "merged", f"Merged into {view.merged_into}")
    elif view.status == "closed":
        yield draw_notice(state, look, "closed", "Closed")


def draw_result(state: State, view: ProposalView, look: Look) -> Card:
    """Return what an action did, as news; the proposal's own card keeps the controls."""
    proposal, status = view.proposal, status_line_of(view)
    lines = (*outcome_lines(view),)
    return blank_card(
        state, look, "result", f"result:{proposal.id}:{proposal.revision}"
    ).model_copy(
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


def draw_notice(state: State, look: Look, name: str, title: str) -> Card:
    """Return a short message about the incident's life, with its summary if there is one."""
    view = state.incident
    blocks: list[Block] = [quoted(view.summary)] if view.summary else []
    if view.learnings is not None:
        lines = view.learnings
        told = (
            ("context", lines.context),
            ("solution", lines.solution),
            ("learning", lines.learning),
            ("impact", lines.impact),
        )
        items = tuple(quoted(f"{label}: {text}") for label, text in told)
        blocks.append(Items(title="For the record", items=items))
    return blank_card(state, look, "notice", f"notice:{name}").model_copy(
        update={
            "title": title,
            "fallback": fallback_line(state, title),
            "state": title.lower(),
            "blocks": tuple(blocks),
            "links": look.page(f"/incidents/{state.stream}/postmortem", "open the postmortem draft")
            if view.status == "closed"
            else (),
        }
    )
