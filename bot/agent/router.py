"""Which specialist investigates an incident: rules of `routes.yaml`, first match. Pure."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from bot.incident.model import Alert, Change, Service
from bot.knowledge import matchers
from bot.knowledge.match import labels_of
from bot.knowledge.routes import GENERALIST, Route, Routing, Specialist

CAUSES = frozenset({"deploy", "config", "flag"})
"""Kinds of changes that can break what they change."""
SKEW = timedelta(minutes=2)
"""A change is reported by another clock than the alert."""


@dataclass(frozen=True, slots=True)
class Routed:
    """Who investigates, why in words of ours, with which tools (empty: all), in how many Steps.

    `max_steps` 0: as many as the bot's setting says.
    """

    specialist: Specialist
    why: str
    tools: tuple[str, ...] = ()
    max_steps: int = 0


def route(
    routes: Routing,
    alerts: Sequence[Alert],
    service: Service | None,
    changes: Sequence[Change],
    at: datetime,
) -> Routed:
    """Return the first rule's specialist that fits an incident which began at `at`.

    Firing alerts count; when none fires, all do. What no rule fits goes to the generalist.
    """
    looked = [alert for alert in alerts if alert.status == "firing"] or list(alerts)
    for rule in routes.rules:
        if why := _fits(rule, looked, service, changes, at):
            return Routed(rule.specialist, why, rule.tools, rule.max_steps or 0)
    if not routes.rules:
        return Routed(GENERALIST, "routes.yaml has no rule")
    return Routed(GENERALIST, "no rule of routes.yaml fits")


def _fits(
    rule: Route,
    alerts: Iterable[Alert],
    service: Service | None,
    changes: Iterable[Change],
    at: datetime,
) -> str:
    """Return why the rule fits, "" when it does not."""
    if not _is_of(rule, service):
        return ""
    if (rule.match or rule.source) and not any(_holds(rule, alert) for alert in alerts):
        return ""
    said = [f"rule {rule.name!r}"]
    if rule.changed_within:
        ages = [age for change in changes if (age := _age_s(change, at, rule.within_s)) is not None]
        if not ages:
            return ""
        said.append(f"the service changed {min(ages) // 60} min before")
    return ": ".join(said)


def _is_of(rule: Route, service: Service | None) -> bool:
    if not (rule.service or rule.kind or rule.tier_at_most):
        return True
    if service is None:
        return False
    return (
        rule.service in {"", service.name}
        and rule.kind in {"", service.kind}
        and (
            rule.tier_at_most is None
            or (service.tier is not None and service.tier <= rule.tier_at_most)
        )
    )


def _holds(rule: Route, alert: Alert) -> bool:
    if rule.source not in {"", alert.source}:
        return False
    return matchers.all_hold(matchers.compile_all(rule.match), labels_of(alert))


def _age_s(change: Change, at: datetime, within_s: int) -> int | None:
    """Return how long before the incident it was; None when too long, after it, or harmless."""
    age = at - change.at
    if change.kind not in CAUSES or not -SKEW <= age <= timedelta(seconds=within_s):
        return None
    return max(0, int(age.total_seconds()))
