"""What a scribe is told of a finished incident: bounded data, and not who did what. Pure."""

from collections.abc import Iterable

from pydantic import JsonValue

from bot.incident.outside import cut
from bot.incident.state import State
from bot.incident.summary import lasted
from bot.incident.views import ProposalView

LINE_BYTES = 400
WORDS_BYTES = 2048
MOST = 10


def briefed(state: State) -> dict[str, JsonValue]:
    """Return the record in short; lists hold the newest ten, empty fields are left out."""
    view, loaded = state.incident, state.run.context
    told: dict[str, JsonValue] = {
        "title": cut(view.title, LINE_BYTES),
        "service": cut(view.service, LINE_BYTES),
        "severity": view.severity,
        "lasted": (
            lasted(view.opened_at, view.resolved_at) if view.opened_at and view.resolved_at else ""
        ),
        "reopened": view.reopened,
        "alerts": _lines(line.alert.title for line in view.alerts.values()),
        "conclusion": cut(view.conclusion, WORDS_BYTES),
        "judged_by_people": view.judged or "",
        "findings": _lines(f"{one.claim} ({one.confidence} confidence)" for one in view.findings),
        "actions": [_action(one) for one in view.proposals.values()][-MOST:],
        "people_wrote": _lines(one.text for one in view.said),
    }
    if loaded is not None:
        told["runbook"] = cut(loaded.runbook.title, LINE_BYTES) if loaded.runbook else "none"
        told["changes_before"] = _lines(
            f"{one.service} {one.previous} to {one.version} {one.title}" for one in loaded.changes
        )
        told["happened_before"] = _lines(f"{one.incident}: {one.title}" for one in loaded.similar)
        told["not_found"] = _lines(loaded.missing)
    return {name: value for name, value in told.items() if value not in ("", [], 0)}


def _lines(texts: Iterable[str]) -> JsonValue:
    lines: list[JsonValue] = [cut(text, LINE_BYTES) for text in texts]
    return lines[-MOST:]


def _action(view: ProposalView) -> JsonValue:
    told: dict[str, JsonValue] = {
        "title": cut(view.proposal.title, LINE_BYTES),
        "outcome": view.status,
        "checks_passed": view.verified,
        "result": cut(view.result, LINE_BYTES),
    }
    if view.regressed:
        told["check_that_failed"] = cut(view.regressed, LINE_BYTES)
    return told
