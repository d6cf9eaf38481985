"""Text from outside in a Context: what there is, where it is from, and how much of it (F-03).

A StepModel is given text that anybody may have written: alerts, answers of targets, chat. Each
piece has an origin, none is longer than `FIELD_BYTES`, and all of it fits `TOTAL_BYTES`. What is
prose is cut, and says so at the cut; a value that code compares or fills in is left out whole,
because half of a name is another name. The order in which the room is given away is fixed, so the
same thread always gives the same bytes.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from bot.incident.context import Answered, Context, Proposed, Remark, Result, Situation
from bot.incident.model import Alert, Change, Observation, Similar

FIELD_BYTES = 2048
RUNBOOK_BYTES = 8192
"""The team's own words may be longer, and count all the same."""
TOTAL_BYTES = 24 * 1024


@dataclass(frozen=True, slots=True)
class Outside:
    """One piece of text from outside; `origin` is such as `alert.annotation.summary`."""

    origin: str
    text: str


@dataclass(slots=True)
class _Room:
    """What is left to give away, what was given, and what had to be cut or left out."""

    left: int = TOTAL_BYTES
    given: list[Outside] = field(default_factory=list[Outside])
    cuts: list[str] = field(default_factory=list[str])

    def prose(self, origin: str, text: str, most: int = FIELD_BYTES) -> str:
        """Return as much of a text as there is room for."""
        made = cut(text, min(most, self.left))
        if made != text:
            self.cuts.append(origin)
        self._take(origin, made)
        return made

    def value(self, origin: str, text: str) -> bool:
        """True when there is room for all of it."""
        if len(text.encode()) > min(FIELD_BYTES, self.left):
            self.cuts.append(origin)
            return False
        self._take(origin, text)
        return True

    def _take(self, origin: str, text: str) -> None:
        self.left -= len(text.encode())
        if text:
            self.given.append(Outside(origin, text))


def cut(text: str, limit: int) -> str:
    """Return text of at most `limit` bytes of UTF-8; its end says how much is gone.

    Empty when not even that can be said.
    """
    raw = text.encode()
    if len(raw) <= limit:
        return text
    marker = f"… [cut, {len(raw)} bytes in all]"
    room = limit - len(marker.encode())
    return raw[:room].decode(errors="ignore") + marker if room >= 0 else ""


def bounded(context: Context) -> Context:
    """Return the context within its bounds; `cuts` names the origins that were cut or left out."""
    return _bound(context)[0]


def outside(context: Context) -> tuple[Outside, ...]:
    """Return every piece of text from outside, as whoever writes a prompt must mark it."""
    return tuple(_bound(context)[1].given)


def _bound(context: Context) -> tuple[Context, _Room]:
    """Give the room away: the runbook, what fires first, what was seen and said last, the rest."""
    room = _Room()
    runbook = context.runbook
    if runbook is not None:
        text = room.prose("runbook", runbook.text, RUNBOOK_BYTES)
        runbook = runbook.model_copy(update={"text": text})
    question = None if context.question is None else _said(room, context.question)
    title = room.prose("incident.title", context.title)
    situation = _situation(room, context.situation)
    alerts = _alerts(room, context.alerts[:1])
    results = [_result(room, one) for one in reversed(context.results)]
    answers = [_answer(room, one) for one in reversed(context.answers)]
    messages = [_said(room, one) for one in reversed(context.messages)]
    proposed = [_proposed(room, one) for one in reversed(context.proposed)]
    changes = [_change(room, one) for one in context.changes]
    similar = [_similar(room, one) for one in context.similar]
    alerts += _alerts(room, context.alerts[1:])
    made = replace(
        context,
        title=title,
        alerts=tuple(alerts),
        runbook=runbook,
        results=tuple(reversed(results)),
        answers=tuple(reversed(answers)),
        messages=tuple(reversed(messages)),
        question=question,
        situation=situation,
        changes=tuple(changes),
        similar=tuple(similar),
        proposed=tuple(reversed(proposed)),
        cuts=tuple(dict.fromkeys((*context.cuts, *room.cuts))),
    )
    return made, room


def _situation(room: _Room, situation: Situation) -> Situation:
    claims = tuple(
        one.model_copy(update={"claim": room.prose("incident.finding", one.claim)})
        for one in situation.findings
    )
    said = room.prose("incident.conclusion", situation.conclusion)
    return replace(situation, conclusion=said, findings=claims)


def _alerts(room: _Room, alerts: Sequence[Alert]) -> list[Alert]:
    return [_alert(room, one) for one in alerts]


def _alert(room: _Room, alert: Alert) -> Alert:
    labels = {
        name: value
        for name, value in alert.labels.items()
        if room.value(f"alert.label.{name[:64]}", f"{name}{value}")
    }
    notes = {
        name[:64]: room.prose(f"alert.annotation.{name[:64]}", value)
        for name, value in alert.annotations.items()
        if room.left
    }
    links = tuple(one for one in alert.links if room.value("alert.link", f"{one.title}{one.url}"))
    title = room.prose("alert.title", alert.title)
    changed = {"labels": labels, "annotations": notes, "links": links, "title": title}
    return alert.model_copy(update=changed)


def _result(room: _Room, result: Result) -> Result:
    return replace(
        result,
        facts=tuple(one for one in result.facts if _fits(room, result.tool, one)),
        summary=room.prose(f"tool.{result.tool}", result.summary),
        error=room.prose(f"tool.{result.tool}.error", result.error),
    )


def _fits(room: _Room, tool: str, fact: Observation) -> bool:
    text = fact.value if isinstance(fact.value, str) else ""
    return room.value(f"tool.{tool}.{fact.name[:64]}", f"{fact.name}{text}")


def _answer(room: _Room, answered: Answered) -> Answered:
    """The question is our own, and is compared whole: an answered one is not asked again."""
    if answered.value is None or room.value("human.answer", answered.value):
        return answered
    return replace(answered, value=None)


def _said(room: _Room, said: Remark) -> Remark:
    return replace(said, text=room.prose("human.message", said.text))


def _change(room: _Room, change: Change) -> Change:
    """Its version and who made it are names: left out whole, or whole."""
    named = ("service", "version", "previous", "by", "link")
    kept = {name: _name(room, f"change.{name}", getattr(change, name)) for name in named}
    return change.model_copy(update={**kept, "title": room.prose("change.title", change.title)})


def _name(room: _Room, origin: str, text: str) -> str:
    return text if room.value(origin, text) else ""


def _similar(room: _Room, earlier: Similar) -> Similar:
    named = ("title", "conclusion", "action", "outcome")
    made = {name: room.prose(f"similar.{name}", getattr(earlier, name)) for name in named}
    return earlier.model_copy(update=made)


def _proposed(room: _Room, proposed: Proposed) -> Proposed:
    denial = proposed.denial
    if denial is not None:
        denial = replace(denial, reason=room.prose("human.denial", denial.reason))
    return replace(proposed, why=room.prose("human.reason", proposed.why), denial=denial)
