"""One Step of a thread in full, and the exact request and reply behind it."""

import json
from collections.abc import Iterator

from bot.errors import NotFoundError
from bot.incident.events import Event, stamp
from bot.incident.facts_run import StepChosen, ToolFailed, ToolReturned
from bot.store.store import Store
from channels.console.text import visible


def steps_of(events: list[Event]) -> list[Event]:
    """Return the events that chose a Step, in order; the first is step 1."""
    return [event for event in events if isinstance(event.body, StepChosen)]


async def step_lines(store: Store, incident: str, step: int, *, exchange: bool) -> list[str]:
    """Return what a Step decided and brought; with `exchange`, what was sent and answered.

    Raises:
        NotFoundError: There is no such incident or Step.
    """
    events = await store.log.load(incident)
    chosen = steps_of(events)
    if not events:
        raise NotFoundError(f"there is no {incident}")
    if not 1 <= step <= len(chosen):
        raise NotFoundError(f"{incident} has {len(chosen)} steps; there is no step {step}")
    event = chosen[step - 1]
    if not isinstance(event.body, StepChosen):
        raise NotFoundError(f"there is no step {step}")
    lines = list(_chosen_lines(event, event.body))
    if exchange:
        return [*lines, "", *await _exchange_lines(store, event.body)]
    return [*lines, *_result_lines(events, event.body.effect_id)]


def _chosen_lines(event: Event, chosen: StepChosen) -> Iterator[str]:
    yield visible(f"{event.seq}  {stamp(event.at)}  {chosen.effect_id} by {chosen.by}")
    for name, digest in chosen.digests:
        if digest:
            yield f"{name:<10} {digest}"
    if chosen.revision:
        yield visible(f"{'revision':<10} {chosen.revision}")
    if chosen.fallback:
        yield visible(f"{'fallback':<10} {chosen.fallback}: {chosen.fallback_why}")
    usage = chosen.usage
    if usage.requests:
        cost = "unknown" if usage.micro_usd is None else f"${usage.micro_usd / 1_000_000:.6f}"
        yield visible(
            f"{'usage':<10} {usage.model}: {usage.input_tokens} tokens in "
            f"({usage.cached_tokens} cached), {usage.output_tokens} out, "
            f"{usage.requests} requests, {usage.repairs} repairs, {usage.seconds:.2f} s, "
            f"cost {cost}"
        )
    yield from _json(chosen.step.model_dump(mode="json"))


def _result_lines(events: list[Event], effect_id: str) -> Iterator[str]:
    for event in events:
        body = event.body
        if isinstance(body, ToolReturned) and body.effect_id.startswith(f"{effect_id}."):
            yield visible(f"{body.effect_id}  {body.tool} [{body.evidence}] {body.summary}")
        if isinstance(body, ToolFailed) and body.effect_id.startswith(f"{effect_id}."):
            yield visible(f"{body.effect_id}  {body.tool} failed: {body.error.message}")


async def _exchange_lines(store: Store, chosen: StepChosen) -> list[str]:
    if not chosen.exchange:
        return [f"There was no exchange: {chosen.by} chose this step, and no model was asked."]
    found = await store.evidence.get(chosen.exchange)
    if found is None:
        return [f"The exchange {chosen.exchange} is not in this database."]
    if found.deleted_at is not None:
        said = (
            f"The exchange {chosen.exchange} was deleted on {found.deleted_at:%Y-%m-%d}, as "
            f"TRIAGE_KEEP_EVIDENCE_DAYS says; its SHA-256 was {found.digest}."
        )
        return [said]
    return list(_json(json.loads(found.body)))


def _json(value: object) -> Iterator[str]:
    yield from map(visible, json.dumps(value, indent=2, ensure_ascii=False).split("\n"))
