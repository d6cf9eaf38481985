"""What the `house` stream adds up to: the kill switch and the digests in force."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime

from bot.incident.events import Event
from bot.incident.facts_house import (
    AccessRefused,
    BotPaused,
    BotResumed,
    ChainCheckpointed,
    ChangeRecorded,
    KnowledgeLoaded,
    OversizeRefused,
    PersonLinked,
    PersonUnlinked,
    PolicyLoaded,
    SourceSilent,
)


@dataclass(slots=True)
class House:
    """The bot's own state. `links` maps an actor to a person's name."""

    seq: int = 0
    paused_by: str = ""
    paused_at: datetime | None = None
    pause_reason: str = ""
    policy_digest: str = ""
    revision: str = ""
    links: dict[str, str] = field(default_factory=dict[str, str])
    silent: dict[str, datetime] = field(default_factory=dict[str, datetime])
    heads: dict[str, str] = field(default_factory=dict[str, str])
    changes: int = 0
    oversize: int = 0
    refused: int = 0


def extend_house(house: House, events: Iterable[Event]) -> House:
    """Add `events` of the stream `house`, oldest first, to `house` and return it."""
    for event in events:
        house.seq = event.seq
        _count(house, event)
        match event.body:
            case BotPaused(by=by, reason=reason):
                house.paused_by, house.paused_at, house.pause_reason = by, event.at, reason
            case BotResumed():
                house.paused_by, house.paused_at, house.pause_reason = "", None, ""
            case PolicyLoaded(digest=digest):
                house.policy_digest = digest
            case KnowledgeLoaded(revision=revision):
                house.revision = revision
            case PersonLinked(person=person, actor=actor):
                house.links[actor] = person
            case PersonUnlinked(actor=actor):
                house.links.pop(actor, None)
            case _:
                pass
    return house


def _count(house: House, event: Event) -> None:
    match event.body:
        case SourceSilent(source=source, route=route, since=since):
            house.silent[f"{source}/{route}"] = since
        case ChainCheckpointed(heads=heads):
            house.heads = heads
        case ChangeRecorded():
            house.changes += 1
        case OversizeRefused():
            house.oversize += 1
        case AccessRefused():
            house.refused += 1
        case _:
            pass
