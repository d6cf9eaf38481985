"""Which incidents about itself the bot opens and takes back: symptoms over time -> alerts; pure."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from bot.incident.model import Alert
from bot.incident.symptom import (
    CALM_S,
    CHANNEL,
    DRIFT,
    KNOWLEDGE,
    LAG,
    OVERSIZE,
    QUEUE,
    SILENT,
    Symptom,
)

SELF = "triagebot"
"""The source and the service of what the bot says about itself."""
ALARMS_AN_HOUR = 12
"""Alarms the bot raises about itself in an hour at most; what lasts is told once there is room."""
TITLE_CHARS = 200
TITLES: Mapping[str, str] = {
    SILENT: "No word from",
    CHANNEL: "triagebot cannot post to",
    QUEUE: "triagebot's writes pile up",
    LAG: "triagebot is late",
    OVERSIZE: "Deliveries are too large for",
    KNOWLEDGE: "triagebot's knowledge folder is broken",
    DRIFT: "triagebot's model decides worse than it did",
}


@dataclass(frozen=True, slots=True)
class Told:
    """An alarm that was accepted and not taken back."""

    alert: Alert
    calm_s: float = CALM_S


@dataclass(frozen=True, slots=True)
class Alarms:
    """What the bot remembers of its own symptoms.

    `seen` and `gone` say since when a symptom is there, or is not; `told` holds the alarms that
    stand, by key; `raised` the times of the last ones. It is given back changed, never changed.
    """

    seen: Mapping[str, datetime] = field(default_factory=dict[str, datetime])
    gone: Mapping[str, datetime] = field(default_factory=dict[str, datetime])
    told: Mapping[str, Told] = field(default_factory=dict[str, Told])
    raised: tuple[datetime, ...] = ()

    @property
    def known(self) -> dict[str, datetime | None]:
        """Key → since when, of the alarms that stand."""
        return {key: told.alert.starts_at for key, told in self.told.items()}


def restored(firing: Iterable[Alert]) -> Alarms:
    """Return the memory of a bot that was restarted: what it said of itself still stands."""
    return Alarms(told={one.fingerprint: Told(one, _calm_s(one)) for one in firing})


def settle(
    alarms: Alarms, symptoms: Iterable[Symptom], now: datetime
) -> tuple[Alarms, list[tuple[Alert, float]]]:
    """Return the memory after this look, and what should be told now: alerts and their calm.

    Nothing counts as told until `noted` says so; until then it is returned at every look.
    """
    there = {symptom.key: symptom for symptom in symptoms}
    after = replace(
        alarms,
        seen={key: alarms.seen.get(key, now) for key in there},
        gone={key: alarms.gone.get(key, now) for key in alarms.told if key not in there},
        raised=tuple(at for at in alarms.raised if now < at + timedelta(hours=1)),
    )
    room = ALARMS_AN_HOUR - len(after.raised)
    ripe = [
        (_firing(symptom, after.seen[key]), symptom.calm_s)
        for key, symptom in there.items()
        if key not in after.told and now >= after.seen[key] + timedelta(seconds=symptom.patience_s)
    ]
    over = [
        (_resolved(after.told[key].alert, now), 0.0)
        for key, at in after.gone.items()
        if now >= at + timedelta(seconds=after.told[key].calm_s)
    ]
    return after, [*over, *ripe[: max(room, 0)]]


def noted(alarms: Alarms, alert: Alert, calm_s: float, now: datetime) -> Alarms:
    """Return the memory after `alert` was accepted."""
    told = dict(alarms.told)
    if alert.status == "resolved":
        told.pop(alert.fingerprint, None)
        return replace(alarms, told=told)
    told[alert.fingerprint] = Told(alert, calm_s)
    return replace(alarms, told=told, raised=(*alarms.raised, now))


def _firing(symptom: Symptom, seen_at: datetime) -> Alert:
    title = f"{TITLES.get(symptom.name, symptom.name)} {symptom.subject}".strip()
    labels = {"alertname": symptom.name, "service": SELF, "cause": symptom.key}
    return Alert(
        source=SELF,
        fingerprint=symptom.key,
        status="firing",
        title=title[:TITLE_CHARS],
        severity=symptom.severity,
        service=SELF,
        labels=labels | ({"subject": symptom.subject} if symptom.subject else {}),
        annotations={"summary": symptom.summary},
        starts_at=symptom.since or seen_at,
        ends_at=None,
    )


def _resolved(alert: Alert, now: datetime) -> Alert:
    return alert.model_copy(update={"status": "resolved", "ends_at": now})


def _calm_s(alert: Alert) -> float:
    return 0.0 if alert.labels.get("alertname") == SILENT else CALM_S
