"""The cards that ask humans something that runs nothing: a question, and the judgement. Pure."""

from bot.conversation.look import Look
from bot.conversation.phrases import clip, fallback_line, one_line
from bot.conversation.sheet import blank_card, quoted
from bot.incident.card import Block, Card, Control, Items, Text, When
from bot.incident.model import Judgement
from bot.incident.state import State
from bot.incident.views import QuestionView

OPTION_CHARS = 75
JUDGEMENTS: tuple[tuple[Judgement, str], ...] = (
    ("right", "Right"),
    ("partly", "Partly"),
    ("wrong", "Wrong"),
    ("not_an_incident", "Not an incident"),
)


def draw_question(state: State, view: QuestionView, look: Look) -> Card:
    """Return a question to humans; after the answer it names who gave it, and asks no more."""
    asked = view.asked
    blocks: list[Block] = [quoted(asked.question, "outside")]
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
        blocks.append(Items(title=f"Answer by {view.person}", items=(quoted(view.value),)))
    else:
        early = view.ended_at is not None and view.ended_at < asked.deadline
        status = "not needed any more" if early else "nobody answered in time"
        taken = f"The default stands: {view.value}" if view.value else "The question is closed."
        blocks.append(Text(value=taken, trust="outside"))
    return blank_card(state, look, "question", f"question:{asked.id}").model_copy(
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
    return blank_card(state, look, "notice", "judge").model_copy(
        update={
            "title": "Was the conclusion right?" if view.conclusion else "Was it an incident?",
            "fallback": fallback_line(state, f"{view.status}; {status}"),
            "state": status,
            "blocks": (quoted(asked, "outside"),),
            "controls": judge_controls(state) if over and not view.judged else (),
        }
    )


def judge_controls(state: State) -> tuple[Control, ...]:
    """Return one control a verdict: how the conclusion about the incident is judged, in a click."""
    return tuple(
        Control(verb="judge", label=label, value=value, accessible=f"Judge {state.stream}: {label}")
        for value, label in JUDGEMENTS
    )
