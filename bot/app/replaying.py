"""Prints a thread and what it folds to, and the verdict on the hash chains."""

import json
from collections.abc import Iterator, Sequence
from dataclasses import asdict

from bot.incident.decide import decide
from bot.incident.effects import RunLimits
from bot.incident.events import Event, Unknown, encode, stamp
from bot.incident.fact import HOUSE
from bot.incident.house import House, extend_house
from bot.incident.reducer import fold
from bot.store.store import Store

BODY_CHARS = 400


def replay_lines(events: Sequence[Event], *, as_json: bool) -> Iterator[str]:
    """Yield one line an event, then the state they fold to and the effect that comes next."""
    for event in events:
        yield _json_line(event) if as_json else _line(event)
    if events[0].stream == HOUSE:
        state = asdict(extend_house(House(), events))
        effect = ""
    else:
        folded = fold(events)
        last = events[-1].at
        state = {"phase": folded.phase, **asdict(folded)}
        effect = type(decide(folded, last, RunLimits())).__name__
    if as_json:
        yield json.dumps({"state": state, "next": effect}, default=str)
        return
    yield ""
    yield from _state_lines(state, effect)


def _line(event: Event) -> str:
    text = _body(event)
    cut = text if len(text) <= BODY_CHARS else f"{text[:BODY_CHARS]}… ({len(text)} characters)"
    return f"{event.seq:>4}  {stamp(event.at)}  {event.type:<22} {event.actor:<22} {cut}"


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


def _state_lines(state: dict[str, object], effect: str) -> Iterator[str]:
    incident = state.get("incident")
    if not isinstance(incident, dict):
        yield json.dumps(state, default=str, indent=2)
        return
    view = {str(key): value for key, value in incident.items()}  # pyright: ignore[reportUnknownVariableType, reportUnknownArgumentType]
    yield f"status      {view['status']} ({state['phase']}), severity {view['severity']}"
    yield f"service     {view['service'] or 'unknown'}"
    yield f"conclusion  {view['conclusion'] or 'none yet'}"
    for identifier, proposal in dict(view["proposals"]).items():
        yield f"proposal    P-{identifier} {proposal['status']} {proposal['why']}".rstrip()
    yield f"next        {effect}"


async def verify_lines(store: Store) -> tuple[list[str], bool]:
    """Check every chain; return what to print and whether all is sound."""
    breaks = await store.audit()
    heads = await store.log.heads()
    if not breaks:
        total = sum(seq for seq, _ in heads.values())
        return [f"sound: {len(heads)} streams, {total} events, every hash fits"], True
    return [f"{one.stream} event {one.seq}: {one.why}" for one in breaks], False
