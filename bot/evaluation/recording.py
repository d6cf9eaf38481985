"""Makes a scenario of a real incident: what came in, what was seen, and what was concluded."""

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import cast

import yaml
from pydantic import JsonValue

from bot.errors import ConfigError
from bot.evaluation.suite import FILE
from bot.incident.events import Event
from bot.incident.facts_action import ActionProposed
from bot.incident.facts_alerts import AlertsReceived, ConclusionJudged, IncidentOpened
from bot.incident.facts_run import (
    ConclusionReached,
    ContextLoaded,
    StepChosen,
    ToolFailed,
    ToolReturned,
)
from bot.incident.model import Alert, Observation
from bot.incident.steps import CallTools
from bot.knowledge.redact import Redactor
from bot.ports import EvidenceStore

WORDS_MOST = 5
WORD = re.compile(r"[\w.:/%-]{3,}")
BODY_CHARS = 8000
WRONG = (
    "The conclusion was judged {verdict}{note}. Write what is right into expect, then take this "
    "line away."
)
UNJUDGED = "Nobody judged the conclusion. Read expect, mend it, then take this line away."
HEADER = "# Made by `triagebot eval record`, without secrets as far as rules find them: read it.\n"


async def scenario_text(events: Sequence[Event], evidence: EvidenceStore) -> str:
    """Return the scenario of this thread as YAML; it is a draft unless it was judged right.

    What retention took away has its summary and facts, and no body.
    """
    calls = _calls(events)
    results: list[JsonValue] = []
    for event in events:
        body = event.body
        if isinstance(body, ToolReturned) and body.effect_id in calls:
            found = await evidence.get(body.evidence)
            kept = found.body if found is not None and found.deleted_at is None else b""
            results.append(_returned(body, calls[body.effect_id], kept))
        if isinstance(body, ToolFailed) and body.effect_id in calls and body.retry_at is None:
            failed: dict[str, JsonValue] = {"error": body.error.message}
            results.append({"tool": body.tool, "args": dict(calls[body.effect_id]), **failed})
    opened_at = events[0].at
    context = next((one.body for one in events if isinstance(one.body, ContextLoaded)), None)
    whole: dict[str, JsonValue] = {
        "title": next(
            (one.body.title for one in events if isinstance(one.body, IncidentOpened)), ""
        ),
        "note": _conclusion(events),
        **_draft(events),
        "at": opened_at.isoformat(),
        "alerts": [_alert(one) for one in _alerts(events)],
        "changes": [
            {
                "service": one.service,
                "kind": one.kind,
                "version": one.version,
                "previous": one.previous,
                "by": one.by,
                "title": one.title,
                "minutes_ago": round(max((opened_at - one.at).total_seconds() / 60, 0), 2),
            }
            for one in (context.changes if context is not None else ())
        ],
        "results": _distinct(results),
        "expect": _expected(events),
    }
    clean = Redactor().value(
        {name: value for name, value in whole.items() if value not in ([], "")}
    )
    return HEADER + yaml.safe_dump(clean, sort_keys=False, allow_unicode=True, width=100)


def write_scenario(suite: Path, incident: str, text: str) -> Path:
    """Write a scenario into a folder of its own in the suite, and return the file.

    Raises:
        ConfigError: There is one of that name already, or it cannot be written.
    """
    path = suite / incident.lower() / FILE
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("x", encoding="utf-8") as file:
            file.write(text)
    except FileExistsError:
        raise ConfigError(f"{path}: there is one already; take it away first") from None
    except OSError as error:
        raise ConfigError(f"{path}: cannot be written ({error.strerror})") from None
    return path


def _calls(events: Sequence[Event]) -> dict[str, Mapping[str, JsonValue]]:
    return {
        f"{event.body.effect_id}.{index}": call.args
        for event in events
        if isinstance(event.body, StepChosen) and isinstance(event.body.step, CallTools)
        for index, call in enumerate(event.body.step.calls)
    }


def _alerts(events: Sequence[Event]) -> tuple[Alert, ...]:
    """Return the alerts of the delivery that opened the incident."""
    for event in events:
        if isinstance(event.body, AlertsReceived):
            return tuple(event.body.alerts)
    return ()


def _alert(alert: Alert) -> JsonValue:
    said = cast("dict[str, JsonValue]", alert.model_dump(mode="json"))
    return {name: value for name, value in said.items() if value not in (None, [], {}, "")}


def _returned(body: ToolReturned, args: Mapping[str, JsonValue], kept: bytes) -> JsonValue:
    said: dict[str, JsonValue] = {
        "tool": body.tool,
        "args": dict(args),
        "summary": body.summary,
        "facts": {one.name: _fact(one) for one in body.facts},
    }
    if kept and len(kept) <= BODY_CHARS:
        said["body"] = cast("JsonValue", json.loads(kept))
    return said


def _fact(one: Observation) -> JsonValue:
    return {"value": one.value, "unit": one.unit} if one.unit else one.value


def _distinct(results: list[JsonValue]) -> list[JsonValue]:
    """Keep the first answer to a call: a scenario gives the same one each time."""
    kept: dict[str, JsonValue] = {}
    for one in results:
        said = cast("dict[str, JsonValue]", one)
        kept.setdefault(json.dumps([said["tool"], said["args"]], sort_keys=True), one)
    return list(kept.values())


def _judged(events: Sequence[Event]) -> ConclusionJudged | None:
    found = [one.body for one in events if isinstance(one.body, ConclusionJudged)]
    return found[-1] if found else None


def _draft(events: Sequence[Event]) -> dict[str, JsonValue]:
    judged = _judged(events)
    if judged is None:
        return {"draft": UNJUDGED}
    if judged.verdict == "right":
        return {}
    note = f" ({judged.note})" if judged.note else ""
    return {"draft": WRONG.format(verdict=judged.verdict, note=note)}


def _reached(events: Sequence[Event]) -> ConclusionReached | None:
    """Return what was concluded about the incident; an answer to a question is none."""
    bodies = (one.body for one in events)
    found = [one for one in bodies if isinstance(one, ConclusionReached) and not one.question]
    return found[-1] if found else None


def _conclusion(events: Sequence[Event]) -> str:
    reached = _reached(events)
    return f"It concluded: {reached.summary}" if reached is not None else "It concluded nothing."


def _expected(events: Sequence[Event]) -> JsonValue:
    """Return what was concluded, as the expectation; of what was judged wrong, the contrary."""
    reached, judged = _reached(events), _judged(events)
    proposed = [one.body for one in events if isinstance(one.body, ActionProposed)]
    steps = sum(isinstance(one.body, StepChosen) for one in events)
    expect: dict[str, JsonValue] = {"proposal": "none", "max_steps": max(steps, 1)}
    if proposed:
        asked = proposed[-1]
        expect["proposal"] = {
            "tool": asked.proposal.tool,
            "template": asked.template,
            "args": dict(asked.proposal.args),
        }
    if judged is not None and judged.verdict == "not_an_incident":
        return {"outcome": ["not_an_incident"], "proposal": "none"}
    if reached is None or (judged is not None and judged.verdict != "right"):
        return expect
    words = list(_telling(reached, events))
    return {"cause": cast("JsonValue", words), "outcome": [reached.outcome], **expect}


def _telling(reached: ConclusionReached, events: Sequence[Event]) -> Iterator[str]:
    """Yield the words of the conclusion that its evidence holds as a fact, few of them."""
    values = {
        str(fact.value)
        for event in events
        if isinstance(event.body, ToolReturned)
        for fact in event.body.facts
        if isinstance(fact.value, str) and len(fact.value) >= 2
    }
    said = " ".join((reached.summary, *(one.claim for one in reached.findings)))
    found = [word.strip(".:") for word in WORD.findall(said)]
    yield from list(dict.fromkeys(word for word in found if word in values))[:WORDS_MOST]
