"""What can be wrong with the bot itself, read off what it sees of itself; pure (D-09)."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from bot.incident.model import Severity

CALM_S = 60.0
QUEUE_SHARE = 0.8
"""Share of the write queue's limit above which it is too full."""
LAG_MAX_S = 300.0
"""How long an incident may be overdue before the loop is late; no single tool call lasts longer."""
OVERSIZE_QUIET_S = 3600.0
"""So long after the last delivery that was too large it is taken to be over."""

SILENT = "TriagebotSourceSilent"
CHANNEL = "TriagebotChannelBroken"
QUEUE = "TriagebotQueueFull"
LAG = "TriagebotLagHigh"
OVERSIZE = "TriagebotOversize"
KNOWLEDGE = "TriagebotKnowledgeBroken"
DRIFT = "TriagebotModelDrift"


@dataclass(frozen=True, slots=True)
class Symptom:
    """One thing that is wrong now; `key` names its cause, and one cause is one incident.

    It is worth an incident once it was seen for `patience_s`, and over once it was not seen for
    `calm_s`. `since` is when it began, None: when it was first seen. `summary` may hold text from
    outside.
    """

    key: str
    name: str
    severity: Severity
    summary: str
    subject: str = ""
    since: datetime | None = None
    patience_s: float = 0.0
    calm_s: float = CALM_S


@dataclass(frozen=True, slots=True)
class Ear:
    """A door that is expected to speak, and when it last did; None: never."""

    source: str
    route: str
    silent_after_s: float
    heard_at: datetime | None

    @property
    def name(self) -> str:
        """Return `source/route`."""
        return f"{self.source}/{self.route}"

    @property
    def key(self) -> str:
        """Return what its silence is called."""
        return f"silent:{self.name}"


@dataclass(frozen=True, slots=True)
class Observed:
    """What the bot sees of itself at one moment.

    `broken` maps a channel to why it cannot post. `due_since` is the alarm of the incident that is
    overdue most. `oversized` maps a door to its last delivery that was too large. `problem` says
    why the knowledge folder or its doors are not in use as they stand, empty when they are, and
    `drift` why the model does worse than it should, empty when it does not.
    """

    started_at: datetime
    ears: tuple[Ear, ...] = ()
    broken: Mapping[str, str] = field(default_factory=dict[str, str])
    waiting: int = 0
    queue_max: int = 1
    due_since: datetime | None = None
    oversized: Mapping[str, datetime] = field(default_factory=dict[str, datetime])
    problem: str = ""
    drift: str = ""


def symptoms_of(
    seen: Observed, known: Mapping[str, datetime | None], now: datetime
) -> list[Symptom]:
    """Return what is wrong now, in a fixed order; each key once.

    Args:
        seen: What the bot sees of itself.
        known: Key → since when, of what was already told and not taken back.
        now: The time.
    """
    return [
        *_silent(seen, known, now),
        *_channels(seen),
        *_queue(seen, now),
        *_oversize(seen, now),
        *_knowledge(seen),
        *_drift(seen),
    ]


def _silent(
    seen: Observed, known: Mapping[str, datetime | None], now: datetime
) -> Iterator[Symptom]:
    """A restart grants a full period, and takes back no silence that nobody broke."""
    for ear in seen.ears:
        since = ear.heard_at or seen.started_at
        granted_at = max(since, seen.started_at)
        silent = now > granted_at + timedelta(seconds=ear.silent_after_s)
        if not silent and ear.key in known:
            told = known[ear.key]
            silent = ear.heard_at is None or (told is not None and ear.heard_at <= told)
        if silent:
            yield Symptom(
                key=ear.key,
                name=SILENT,
                severity="high",
                summary=(
                    f"nothing was heard from {ear.name}; it should speak at least every "
                    f"{ear.silent_after_s:g} s. Alerts of that system may not reach anybody."
                ),
                subject=ear.name,
                since=since,
                calm_s=0.0,
            )


def _channels(seen: Observed) -> Iterator[Symptom]:
    for channel, why in sorted(seen.broken.items()):
        yield Symptom(
            key=f"channel:{channel}",
            name=CHANNEL,
            severity="high",
            summary=f"messages cannot be posted to {channel}: {why}. They are kept and tried again",
            subject=channel,
            patience_s=300.0,
        )


def _queue(seen: Observed, now: datetime) -> Iterator[Symptom]:
    if seen.waiting >= seen.queue_max * QUEUE_SHARE:
        yield Symptom(
            key="queue",
            name=QUEUE,
            severity="critical",
            summary=(
                f"{seen.waiting} of at most {seen.queue_max} writes wait for the database; "
                "beyond that senders are answered 503"
            ),
            patience_s=30.0,
        )
    lag = now - seen.due_since if seen.due_since is not None else timedelta(0)
    if lag > timedelta(seconds=LAG_MAX_S):
        yield Symptom(
            key="lag",
            name=LAG,
            severity="high",
            summary=f"an incident has been waiting for {lag.total_seconds():.0f} s to be looked at",
            since=seen.due_since,
            patience_s=30.0,
        )


def _oversize(seen: Observed, now: datetime) -> Iterator[Symptom]:
    for door, at in sorted(seen.oversized.items()):
        if now < at + timedelta(seconds=OVERSIZE_QUIET_S):
            yield Symptom(
                key=f"oversize:{door}",
                name=OVERSIZE,
                severity="warning",
                summary=f"a delivery to {door} was too large and was refused; its alerts are lost",
                subject=door,
                since=at,
                calm_s=0.0,
            )


def _knowledge(seen: Observed) -> Iterator[Symptom]:
    if seen.problem:
        yield Symptom(
            key="knowledge",
            name=KNOWLEDGE,
            severity="warning",
            summary=f"the knowledge folder is broken, the last good state stays: {seen.problem}",
            patience_s=600.0,
        )


def _drift(seen: Observed) -> Iterator[Symptom]:
    if seen.drift:
        yield Symptom(
            key="drift",
            name=DRIFT,
            severity="warning",
            summary=f"{seen.drift} Until it does better, read its conclusions with care",
            calm_s=0.0,
        )
