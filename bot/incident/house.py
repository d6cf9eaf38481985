"""What the `house` stream adds up to: the kill switch and the digests in force."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime

from bot.incident.drift import Standard
from bot.incident.events import Event
from bot.incident.facts_house import (
    AccessRefused,
    AuditExported,
    BotPaused,
    BotResumed,
    ChainCheckpointed,
    ChangeRecorded,
    KnowledgeLoaded,
    ModelEvaluated,
    OversizeRefused,
    PersonLinked,
    PersonUnlinked,
    PolicyLoaded,
    SourceHeard,
    SourceSilent,
    StepUpEnrolled,
)
from bot.incident.keys import Keys, extend_keys
from bot.incident.vouching import Vouching


@dataclass(slots=True)
class House:
    """The bot's own state.

    `links` maps an actor to a person's name; `keys` is what was given out to come in by;
    `oversized` a door (`source/route`) to its last delivery that was too large; `step_up` a person
    to how they prove anew who they are (E-24), and `vouching` who helped them to it. `standard` is
    how the model does on the scenarios, None before it was first looked at.
    """

    seq: int = 0
    paused_by: str = ""
    paused_at: datetime | None = None
    pause_reason: str = ""
    policy_digest: str = ""
    revision: str = ""
    links: dict[str, str] = field(default_factory=dict[str, str])
    step_up: dict[str, str] = field(default_factory=dict[str, str])
    keys: Keys = field(default_factory=Keys)
    vouching: Vouching = field(default_factory=Vouching)
    silent: dict[str, datetime] = field(default_factory=dict[str, datetime])
    checkpointed_at: datetime | None = None
    standard: Standard | None = None
    oversized: dict[str, datetime] = field(default_factory=dict[str, datetime])
    changes: int = 0
    oversize: int = 0
    refused: int = 0
    exports: int = 0


def extend_house(house: House, events: Iterable[Event]) -> House:
    """Add `events` of the stream `house`, oldest first, to `house` and return it."""
    for event in events:
        house.seq = event.seq
        _count(house, event)
        extend_keys(house.keys, event)
        house.vouching.extend(event)
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
            case StepUpEnrolled(person=person, taken_away=True):
                house.step_up.pop(person, None)
            case StepUpEnrolled(person=person, how=how):
                house.step_up[person] = how
            case _:
                pass
    return house


def _count(house: House, event: Event) -> None:
    match event.body:
        case SourceSilent(source=source, route=route, since=since):
            house.silent[f"{source}/{route}"] = since
        case SourceHeard(source=source, route=route):
            house.silent.pop(f"{source}/{route}", None)
        case ChainCheckpointed():
            house.checkpointed_at = event.at
        case ModelEvaluated():
            house.standard = Standard.then(house.standard, event.body, event.at)
        case ChangeRecorded():
            house.changes += 1
        case OversizeRefused(source=source, route=route):
            house.oversize += 1
            house.oversized[f"{source}/{route}"] = event.at
        case AccessRefused():
            house.refused += 1
        case AuditExported():
            house.exports += 1
        case _:
            pass
