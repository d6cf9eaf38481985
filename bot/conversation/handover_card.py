"""The card by which somebody is asked to take over: what it is about, and what is open. Pure."""

from collections.abc import Iterator

from bot.conversation.care import accept_control
from bot.conversation.look import Look
from bot.conversation.phrases import clip, code_of, counted, fallback_line, one_line, utc_words
from bot.conversation.sheet import blank_card, quoted
from bot.incident.call import Handoff
from bot.incident.card import Block, Card, Items, Text
from bot.incident.state import State

LINE_CHARS = 200
ALERTS = 5


def draw_handover(state: State, look: Look) -> Iterator[Card]:
    """Yield the card while nobody accepted, and once more when it had to be said again."""
    view = state.incident
    asked = view.handoff
    if asked is None or view.over:
        return
    yield _card(state, look, asked, again=False)
    if asked.reminded_at is not None:
        yield _card(state, look, asked, again=True)


def _card(state: State, look: Look, asked: Handoff, *, again: bool) -> Card:
    title = f"{asked.to}, {'still ' if again else ''}asked to take over"
    keeps = state.incident.acked_by
    until = f"until then {keeps} takes care" if keeps else "until then nobody takes care"
    blocks: list[Block] = [Text(value=f"Asked by {asked.by}; {until}.")]
    if asked.note:
        blocks.append(quoted(asked.note))
    blocks += _open_items(state)
    key = f"handoff:{asked.seq}{':again' if again else ''}"
    return blank_card(state, look, "notice", key).model_copy(
        update={
            "title": title,
            "fallback": fallback_line(state, title),
            "state": "waits to be accepted",
            "blocks": tuple(blocks),
            "controls": (accept_control(state),),
            "links": look.page(f"/incidents/{state.stream}", "open the timeline"),
            "mentions": look.actors_of((asked.to,)),
        }
    )


def _open_items(state: State) -> Iterator[Items]:
    """Yield what is known, and what waits for a human, as lists."""
    view = state.incident
    if view.conclusion:
        yield Items(title="What was found", items=(quoted(clip(view.conclusion, 600)),))
    waiting = [
        *(
            f"{code_of(one)} waits until {utc_words(one.proposal.expires_at)}: {one.proposal.title}"
            for one in view.proposals.values()
            if one.status == "pending"
        ),
        *(
            f"{code_of(one)}: nobody knows whether it ran"
            for one in view.proposals.values()
            if one.status == "unknown"
        ),
        *(
            f"question: {one.asked.question}"
            for one in view.questions.values()
            if one.status == "open"
        ),
    ]
    items = tuple(_line(text) for text in waiting) or (Text(value="nothing waits for a human"),)
    yield Items(title="Open", items=items)
    firing = list(dict.fromkeys(one.title for one in view.firing))
    lines = [_line(text) for text in firing[:ALERTS]]
    if len(firing) > ALERTS:
        lines.append(Text(value=f"and {len(firing) - ALERTS} more kinds"))
    yield Items(title=f"{counted(len(view.firing), 'alert')} firing", items=tuple(lines))


def _line(text: str) -> Text:
    return Text(value=clip(one_line(text), LINE_CHARS), trust="outside")
