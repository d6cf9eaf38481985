"""Prints a thread and what it folds to."""

import json
from collections.abc import Iterator, Sequence
from dataclasses import asdict

from bot.conversation.phrases import clip
from bot.incident.decide import decide
from bot.incident.effects import RunLimits
from bot.incident.events import Event, Unknown, encode, stamp
from bot.incident.fact import HOUSE
from bot.incident.house import House, extend_house
from bot.incident.reducer import State, fold
from channels.console.text import visible

BODY_CHARS = 400


def replay_lines(events: Sequence[Event], *, as_json: bool) -> Iterator[str]:
    """Yield one line an event, then the state they fold to and the effect that comes next."""
    for event in events:
        yield _json_line(event) if as_json else visible(_line(event))
    if not as_json:
        yield ""
    if events[0].stream == HOUSE:
        house = asdict(extend_house(House(), events))
        yield json.dumps({"state": house}, default=str, indent=None if as_json else 2)
        return
    state = fold(events)
    effect = type(decide(state, events[-1].at, RunLimits())).__name__
    if as_json:
        whole = {"state": {"phase": state.phase, **asdict(state)}, "next": effect}
        yield json.dumps(whole, default=str)
        return
    yield from map(visible, _state_lines(state, effect))


def _line(event: Event) -> str:
    text = clip(_body(event), BODY_CHARS)
    return f"{event.seq:>4}  {stamp(event.at)}  {event.type:<22} {event.actor:<22} {text}"


def _json_line(event: Event) -> str:
    body: object = json.loads(_body(event)) if not isinstance(event.body, Unknown) else _body(event)
    return json.dumps(
        {
            "stream": event.stream,
            "seq": event.seq,
            "at": stamp(event.at),
            "type": event.type,
            "v": event.body.v,
            "actor": event.actor,
            "body": body,
        }
    )


def _body(event: Event) -> str:
    if isinstance(event.body, Unknown):
        return f"cannot be read: {event.body.why}"
    return encode(event.body).decode()


def _state_lines(state: State, effect: str) -> Iterator[str]:
    view = state.incident
    yield f"status      {view.status} ({state.phase}), severity {view.severity}"
    yield f"service     {view.service or 'unknown'}"
    yield f"conclusion  {view.conclusion or 'none yet'}"
    for identifier, proposal in view.proposals.items():
        yield f"proposal    P-{identifier} {proposal.status} {proposal.why}".rstrip()
    yield f"next        {effect}"
