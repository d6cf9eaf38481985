"""From a Context to the bytes a model is sent: our own format, the same every time. Pure.

First what stays the same for all Steps of a run, so that a provider may cache it, then the thread,
and last what this Step is about. Whatever comes from outside stands in a fence, and so does all
that people wrote down: nothing but words of ours, numbers, times and ids stands outside one.
"""

import json
from collections.abc import Iterator, Mapping

from pydantic import JsonValue

from bot.agent.background import tell_background
from bot.agent.exchange import Prompt
from bot.agent.marking import Pen, fence_code, plain
from bot.agent.standing import tell_standing
from bot.agent.style import Style
from bot.agent.thread import compact_json, remark, since_opened, tell_thread
from bot.agent.tokens import milli
from bot.agent.window import Cut, Piece, Room, Smaller, fit_window, summed
from bot.incident.context import Context
from bot.incident.facts_run import LeftOut, Receipt
from bot.incident.outside import bounded
from bot.incident.steps import AskHuman, CallTools, Conclude, ProposeAction, Step

REPAIR_BYTES = 400
QUESTION_BYTES = 300
LEFT_OUT_MOST = 40
"""More than this a receipt counts only."""


def render(context: Context, style: Style, schema: Mapping[str, JsonValue], room: Room) -> Prompt:
    """Return the prompt of the next Step, within the model's room.

    The same arguments give the same bytes. What was cut, replaced or left out is on the receipt,
    with the evidence where all of it stands.

    Raises:
        NoRoomError: Not even the smallest form fits; the planner has to choose.
    """
    told = bounded(context)
    pen = Pen(fence_code(told.incident, told.seed))
    answer = json.dumps(dict(schema), ensure_ascii=False, separators=(",", ":"))
    thread = tell_thread(told, pen)
    parts = (
        *tell_background(told, pen, style.words, answer),
        *tell_standing(told, pen),
        *thread.parts,
        *_turn(told, pen, style.words),
    )
    fitted = fit_window(parts, milli(style.system) + milli(answer), room)
    cuts = (LeftOut(what=f"part of {_origin(one)}") for one in told.cuts)
    left_out = _most((*summed((*thread.left_out, *cuts)), *fitted.left_out))
    return Prompt(
        system=style.system,
        stable=fitted.stable,
        volatile=fitted.volatile,
        schema=schema,
        digest=style.digest,
        estimated_tokens=fitted.estimated_tokens,
        receipt=Receipt(
            estimated_tokens=room.expected(fitted.estimated_tokens),
            window_tokens=room.window_tokens,
            left_out=left_out,
        ),
    )


def _turn(context: Context, pen: Pen, words: Mapping[str, str]) -> Iterator[Piece]:
    """Yield what this Step is about: question, suggestion, what is left, and the repair."""
    if context.question is not None:
        yield _question(context, pen, words)
    if context.suggestion is not None:
        said = pen.fence("planner", [step_line(context.suggestion)])
        left = (LeftOut(what="the planner's suggestion"),)
        smaller = (Smaller(Cut.SUGGESTION, 0, "", left),) if said else ()
        yield Piece(f"{words.get('suggestion', '')}\n{said}", smaller)
    now = since_opened(context.at, context.opened_at)
    last = words.get("last", "") if context.remaining <= 1 else ""
    lines = [
        f"{words.get('now', '')} {now}." if now else "",
        last or f"{words.get('left', '')} {context.remaining}.",
    ]
    if context.repair:
        lines.append(words.get("refused", ""))
        lines.append(pen.fence("refusal", [context.repair[:REPAIR_BYTES]]).rstrip())
    lines.append(words.get("choose", ""))
    yield Piece("".join(f"{line}\n" for line in lines if line))


def _question(context: Context, pen: Pen, words: Mapping[str, str]) -> Piece:
    asked = context.question
    if asked is None:
        return Piece("")
    at, before = since_opened(asked.at, context.opened_at), f"{words.get('question', '')}\n"
    short = before + remark(pen, asked, at, QUESTION_BYTES)
    left = (LeftOut(what="the end of the question"),)
    return Piece(before + remark(pen, asked, at), (Smaller(Cut.QUESTION, 0, short, left),))


def step_line(step: Step) -> str:
    """Return a Step in one line."""
    match step:
        case CallTools(calls=calls):
            return "call_tools " + "; ".join(f"{o.tool} {compact_json(o.args)}" for o in calls)
        case ProposeAction():
            return f"propose_action {step.tool} {compact_json(step.args)}: {step.reason}"
        case AskHuman():
            return f"ask_human {step.question} {'/'.join(step.options)}"
        case Conclude():
            return f"conclude {step.outcome}: {step.summary}"


def _origin(origin: str) -> str:
    """Return where a text is from; the name that somebody outside gave it only if it is plain."""
    kind, _, name = origin.partition(".")
    return origin if plain(name) else kind


def _most(left_out: tuple[LeftOut, ...]) -> tuple[LeftOut, ...]:
    if len(left_out) <= LEFT_OUT_MOST:
        return left_out
    rest = len(left_out) - LEFT_OUT_MOST + 1
    return (*left_out[: LEFT_OUT_MOST - 1], LeftOut(what=f"{rest} more pieces"))
