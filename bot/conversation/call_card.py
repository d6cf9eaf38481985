"""The cards that call somebody by name: a reminder, and each further level. Pure.

Code renders the names, from facts. A card stands only while what it asks for is still wanted, so
that a channel which was away is not told of calls that are answered.
"""

from collections.abc import Iterator
from datetime import datetime

from bot.conversation.care import care_controls, whom
from bot.conversation.look import Look
from bot.conversation.phrases import clip, code_of, fallback_line, one_line, utc_words
from bot.conversation.sheet import blank_card, quoted
from bot.incident.call import Called
from bot.incident.card import Block, Card, Text
from bot.incident.model import Link
from bot.incident.state import State
from bot.incident.summary import lasted
from bot.incident.views import ProposalView, QuestionView

QUESTION_CHARS = 300


def draw_calls(state: State, look: Look) -> Iterator[Card]:
    """Yield a card for every call that still asks for something."""
    view = state.incident
    for proposal in view.proposals.values():
        if proposal.status == "pending":
            yield from _about_proposal(state, proposal, look)
    for question in view.questions.values():
        if question.status == "open":
            yield from _about_question(state, question, look)
    if view.status != "open" or view.merged_into:
        return
    for called in view.calls:
        if view.acked_at is None or called.at > view.acked_at:
            card = _card(state, look, called, f"Level {called.level} is called")
            yield card.model_copy(update={"controls": care_controls(state)})


def _about_proposal(state: State, view: ProposalView, look: Look) -> Iterator[Card]:
    proposal = view.proposal
    what = (
        quoted(one_line(proposal.title)),
        Text(value=f"It expires {utc_words(proposal.expires_at)}."),
    )
    links = look.page(f"/proposals/{proposal.id}", "open the full view")
    for called in view.calls:
        title = f"{code_of(view)} waits for a decision"
        yield _card(state, look, called, title, (*what, _waited(view.at, called.at)), links)


def _about_question(state: State, view: QuestionView, look: Look) -> Iterator[Card]:
    what = quoted(clip(one_line(view.asked.question), QUESTION_CHARS))
    how = Text(value=f"Answer with: answer {state.stream} YOUR WORDS")
    for called in view.calls:
        title = "A question waits for an answer"
        yield _card(state, look, called, title, (what, _waited(view.at, called.at), how))


def _waited(since: datetime, until: datetime) -> Text:
    return Text(value=f"It has been waiting for {lasted(since, until)}.")


def _card(
    state: State,
    look: Look,
    called: Called,
    title: str,
    what: tuple[Block, ...] = (),
    links: tuple[Link, ...] = (),
) -> Card:
    said = whom(called)
    why = (quoted(f"Because {called.why}."),) if called.why else ()
    told = (Text(value=f"Called: {said}"), *((_nobody(state),) if _is_lost(called) else ()))
    return blank_card(state, look, "notice", f"call:{called.seq}").model_copy(
        update={
            "title": title,
            "fallback": fallback_line(state, f"{title}; called: {clip(said, 80)}"),
            "state": f"level {called.level} called",
            "blocks": (*what, *told, *why),
            "links": (*links, *look.page(f"/incidents/{state.stream}", "open the timeline")),
            "mentions": look.actors_of(called.persons),
        }
    )


def _is_lost(called: Called) -> bool:
    return not called.persons and not called.quiet


def _nobody(state: State) -> Text:
    service = one_line(state.incident.service) or "this service"
    return Text(
        value=f"Name somebody for {service} in people.yaml, or its owner in services.yaml.",
        trust="outside",
    )
