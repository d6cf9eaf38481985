"""The thread of a run as a model reads it: one short fenced entry an event, in their order. Pure.

A failed read that later worked leaves no trace. A result that was asked for again later is a stub
that names its evidence, so that it can still be read.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from pydantic import JsonValue

from bot.agent.marking import Pen, plain, told
from bot.agent.window import Cut, Piece, Smaller
from bot.incident.context import Answered, Context, Proposed, Remark, Result
from bot.incident.facts_run import LeftOut
from bot.incident.model import Observation
from bot.incident.steps import MAX_CALLS

NEW_MESSAGES = 3
"""So many of the newest are kept as long as there is any room."""
SHORT_BYTES = 240


@dataclass(frozen=True, slots=True)
class Recounted:
    """The entries in order of events, and what was never shown because newer things replaced it."""

    parts: tuple[Piece, ...]
    left_out: tuple[LeftOut, ...]


def tell_thread(context: Context, pen: Pen) -> Recounted:
    """Return what happened in the thread, oldest first; what has no time comes last."""
    entries, left, since = list[tuple[datetime | None, Piece]](), list[LeftOut](), context.opened_at
    fates = [_fate(one, context.results[n + 1 :]) for n, one in enumerate(context.results)]
    shown = {one.evidence for one, fate in zip(context.results, fates, strict=True) if not fate}
    for index, (result, fate) in enumerate(zip(context.results, fates, strict=True)):
        if not fate:
            entries.append((result.at, _result(pen, context, index)))
        elif not result.error:
            gone = Smaller(Cut.OLD_STUB, index, "", ())
            entries.append((result.at, Piece(_stub(result, since), (gone,))))
        if fate and (result.error or result.evidence not in shown):
            left.append(LeftOut(what=fate, evidence=result.evidence))
    entries += [(one.at, _proposal(pen, one, since, n)) for n, one in enumerate(context.proposed)]
    entries += [(one.at, _answer(pen, one, since, n)) for n, one in enumerate(context.answers)]
    entries += _messages(pen, context)
    timed = [(at, part) for at, part in entries if at is not None]
    timed.sort(key=lambda one: one[0])
    untimed = [part for at, part in entries if at is None]
    return Recounted((*(part for _, part in timed), *untimed), tuple(left))


def since_opened(at: datetime | None, opened_at: datetime | None) -> str:
    """Return a time as `+2m10s` after the incident was opened, or before it; "" for none."""
    if at is None or opened_at is None:
        return "" if at is None else at.strftime("%Y-%m-%dT%H:%M:%SZ")
    seconds = int((at - opened_at).total_seconds())
    left, made = abs(seconds), list[str]()
    for unit, size in (("d", 86400), ("h", 3600), ("m", 60), ("s", 1)):
        count, left = divmod(left, size)
        if count and len(made) < 2:
            made.append(f"{count}{unit}")
    return ("-" if seconds < 0 else "+") + ("".join(made) or "0s")


def compact_json(value: Mapping[str, JsonValue]) -> str:
    """Return arguments as JSON on one line, names sorted; "" for none."""
    if not value:
        return ""
    return json.dumps(dict(value), ensure_ascii=False, separators=(",", ":"), sort_keys=True)


def _fate(result: Result, later: Sequence[Result]) -> str:
    """Return why a result is not shown any more; "" when it is."""
    same = [one for one in later if _same(one, result)]
    came, tool = any(not one.error for one in same), _tool(result.tool)
    if not result.error:
        return f"an older result of {tool}, asked for again since" if came else ""
    if came:
        return f"an error of {tool} that a later call resolved"
    return f"an older error of {tool}" if same else ""


def _same(one: Result, other: Result) -> bool:
    if one.tool != other.tool:
        return False
    return dict(one.args) == dict(other.args) or (bool(one.key) and one.key == other.key)


def _result(pen: Pen, context: Context, index: int) -> Piece:
    result, since = context.results[index], context.opened_at
    asked = pen.mark(compact_json(result.args))
    if result.error:
        seen, brief = [pen.mark(result.error)], [pen.mark(result.error, SHORT_BYTES)]
    else:
        brief = [pen.mark(result.summary, SHORT_BYTES)]
        seen = [pen.mark(result.summary), *(_fact(pen, one) for one in result.facts)]
    attributes = {
        "evidence": result.evidence,
        "key": result.key,
        "at": since_opened(result.at, since),
        "failed": "yes" if result.error else "",
    }
    source = f"tool.{_tool(result.tool)}"
    whole = pen.fenced(source, [asked, *seen], **attributes)
    left = (LeftOut(what=f"a result of {_tool(result.tool)}", evidence=result.evidence),)
    gone = Smaller(Cut.OLD_STUB, index, "", left)
    stub = _stub(result, since)
    after = len(context.results) - 1 - index
    if after >= MAX_CALLS:
        return Piece(whole, (Smaller(Cut.OLD_RESULT, index, stub, left), gone))
    briefly = pen.mark(compact_json(result.args), SHORT_BYTES)
    short = pen.fenced(source, [briefly, *brief], **attributes)
    facts = (LeftOut(what=f"the facts of {_tool(result.tool)}", evidence=result.evidence),)
    smaller = (Smaller(Cut.NEW_RESULT, index, short, facts),)
    return Piece(whole, (*smaller, Smaller(Cut.NEW_STUB, index, stub, left)) if after else smaller)


def _fact(pen: Pen, fact: Observation) -> str:
    value = fact.value if isinstance(fact.value, str) else json.dumps(fact.value)
    return pen.mark(f"{fact.name}={value} {fact.unit}")


def _stub(result: Result, since: datetime | None) -> str:
    made = told(
        tool=result.tool,
        evidence=result.evidence,
        key=result.key,
        at=since_opened(result.at, since),
        failed="yes" if result.error else "",
    )
    return f"<stub{made}/>\n"


def _tool(name: str) -> str:
    return name if plain(name) else "a tool"


def _proposal(pen: Pen, one: Proposed, since: datetime | None, index: int) -> Piece:
    attributes = {
        "tool": one.tool,
        "template": one.template,
        "status": one.status,
        "at": since_opened(one.at, since),
    }
    lines, said = [compact_json(one.args)], ""
    if one.denial is not None:
        roles = ", ".join(one.denial.denied_by_role)
        said = pen.fence("human.denial", [one.denial.reason, f"role={roles}" if roles else ""])
    elif one.why:
        lines.append(f"why={one.why}")
    whole = pen.fence("proposal", lines, **attributes)
    short = f"<proposal{told(**attributes)}/>\n"
    left = (LeftOut(what="the words of a proposal"),)
    return Piece((whole or short) + said, (Smaller(Cut.PROPOSAL, index, short, left),))


def _answer(pen: Pen, one: Answered, since: datetime | None, index: int) -> Piece:
    status = "open" if one.value is None else "answered"
    whole = pen.fence("question", [one.question], status=status, at=since_opened(one.at, since))
    if one.value is not None:
        whole += pen.fence("human.answer", [one.value])
    left = (LeftOut(what="a question and its answer"),)
    return Piece(whole, (Smaller(Cut.ANSWER, index, "", left),))


def _messages(pen: Pen, context: Context) -> Iterator[tuple[datetime | None, Piece]]:
    """Yield what humans said, but the question that this run answers: it stands at the end."""
    said = [one for one in context.messages if one != context.question]
    newest = len(said) - NEW_MESSAGES
    for index, one in enumerate(said):
        cut = Cut.MESSAGE if index >= newest else Cut.OLD_MESSAGE
        form = Smaller(cut, index, "", (LeftOut(what="a message"),))
        yield one.at, Piece(remark(pen, one, since_opened(one.at, context.opened_at)), (form,))


def remark(pen: Pen, one: Remark, at: str, most_bytes: int = 2048) -> str:
    """Return what a human wrote, with their name, fenced."""
    source = "human.question" if one.question else "human.message"
    return pen.fenced(source, [pen.mark(f"{one.person}: {one.text}", most_bytes)], at=at)
