"""The front matter of what is written about an incident: who, when, how long, by which versions."""

from collections.abc import Sequence

from bot.conversation.milestones import milestones, seconds_between
from bot.conversation.paper import Front, FrontMap
from bot.conversation.permalink import Permalinks
from bot.incident import facts_run
from bot.incident.events import Event
from bot.incident.state import State

FORMAT = 1
"""Raised when the same events are written differently."""
TITLE_CHARS = 200


def front_of(
    state: State, events: Sequence[Event], links: Permalinks
) -> tuple[tuple[str, Front | FrontMap], ...]:
    """Return the keys of a thread's front matter, in order; None where nothing is known."""
    view, times = state.incident, milestones(state, events)
    opened = times.opened_at
    return (
        ("incident", state.stream),
        ("title", " ".join(view.title.split())[:TITLE_CHARS]),
        ("status", view.status),
        ("service", view.service or None),
        ("severity", view.severity),
        ("began_at", times.began_at),
        ("opened_at", opened),
        ("acked_at", times.acked_at),
        ("mitigated_at", times.mitigated_at),
        ("resolved_at", times.resolved_at),
        ("closed_at", times.closed_at),
        (
            "durations_s",
            FrontMap(
                (
                    ("detect", seconds_between(times.began_at, opened)),
                    ("ack", seconds_between(opened, times.acked_at)),
                    ("mitigate", seconds_between(opened, times.mitigated_at)),
                    ("resolve", seconds_between(opened, times.resolved_at)),
                )
            ),
        ),
        ("versions", FrontMap(tuple(_versions(events)))),
        ("log", FrontMap((("events", state.seq), ("head", links.head or None)))),
    )


def _versions(events: Sequence[Event]) -> list[tuple[str, Front]]:
    seen: dict[str, dict[str, None]] = {}
    for event in events:
        match event.body:
            case facts_run.ContextLoaded() as loaded:
                _note(seen, "knowledge", loaded.revision)
                _note(seen, "specialist", loaded.specialist)
            case facts_run.StepChosen() as chosen:
                _note(seen, "chosen_by", chosen.by)
                for name, digest in chosen.digests:
                    _note(seen, name, str(digest)[:12])
            case facts_run.DraftWritten() as draft:
                _note(seen, "drafted_by", draft.by)
            case _:
                pass
    return [("format", FORMAT), *((name, tuple(found)) for name, found in seen.items())]


def _note(seen: dict[str, dict[str, None]], name: str, value: str) -> None:
    if value:
        seen.setdefault(name, {}).setdefault(value)
