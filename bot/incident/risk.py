"""How much harm an action could do: computed of tool and arguments, never of a model. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass
from fnmatch import fnmatchcase

from bot.incident.authority import Policy, RaiseRisk
from bot.incident.model import Risk

RISKS: tuple[Risk, ...] = ("low", "medium", "high")
KNOWN: Mapping[str, Risk] = {risk: risk for risk in RISKS}


@dataclass(frozen=True, slots=True)
class Reach:
    """What an action would touch, as its own code planned it.

    `risk` is the class its code gives it; `targets` how many things it changes. `reversible`: it
    has an undo or ends by itself. An empty `environment` or `service` and a `tier` of None are
    unknown, so they may be any.
    """

    action: str
    service: str
    environment: str
    risk: str
    previewed: bool = True
    targets: int = 1
    tier: int | None = None
    reversible: bool = True


@dataclass(frozen=True, slots=True)
class Assessment:
    """The class, and why it is that one: a line for the start and one for each step up."""

    risk: Risk
    why: tuple[str, ...]


def assess(reach: Reach, policy: Policy) -> Assessment:
    """Return the class of risk and its reasons, in the order they were weighed (E-21).

    It starts with the class of the action's own code; what nothing takes back is high. Without a
    preview (E-32), with more targets than `bulk_over`, and for each entry of `raise_risk` that
    holds, it goes up by one, to high at most. What changes more than one thing is never low. A
    class nobody knows is high (E-20).
    """
    base = KNOWN.get(reach.risk)
    if base is None:
        return Assessment("high", (f"the action's risk {reach.risk[:20]!r} is unknown: high",))
    risk, why = base, [f"the action itself is {base} risk"]
    if not reach.reversible:
        risk = "high"
        why.append("nothing takes it back and it does not end by itself: high")
    for reason in _reasons(reach, policy):
        higher = raised(risk)
        why.append(f"{reason}: {higher}" if higher != risk else f"{reason}: stays {risk}")
        risk = higher
    if risk == "low" and reach.targets > 1:
        risk = "medium"
        why.append(f"{reach.targets} targets, more than one: medium")
    return Assessment(risk, tuple(why))


def raised(risk: Risk) -> Risk:
    """Return the next higher class; high stays high."""
    return RISKS[min(RISKS.index(risk) + 1, len(RISKS) - 1)]


def _reasons(reach: Reach, policy: Policy) -> list[str]:
    """Return why the class is raised, once for each step."""
    found: list[str] = []
    if not reach.previewed:
        found.append("no preview is available")
    if reach.targets < 1:
        found.append("how many targets it has is unknown")
    if reach.targets > policy.bulk_over:
        found.append(f"{reach.targets} targets, more than {policy.bulk_over}")
    found += [_words(entry, reach) for entry in policy.raise_risk if _holds(entry, reach)]
    return found


def _holds(entry: RaiseRisk, reach: Reach) -> bool:
    tool = reach.action.partition(":")[0]
    return (
        (fnmatchcase(reach.action, entry.action) or tool == entry.action)
        and (not reach.environment or fnmatchcase(reach.environment, entry.environment))
        and (not reach.service or fnmatchcase(reach.service, entry.service))
        and (entry.tier_at_most is None or (reach.tier or 1) <= entry.tier_at_most)
        and (entry.targets_over is None or reach.targets > entry.targets_over)
    )


def _words(entry: RaiseRisk, reach: Reach) -> str:
    """Return in words what made the entry hold; the unknown is said to be unknown."""
    said: list[str] = []
    if entry.action != "*":
        said.append(reach.action)
    if entry.environment != "*":
        said.append(f"environment {reach.environment or 'unknown'}")
    if entry.service != "*":
        said.append(f"service {reach.service or 'unknown'}")
    if entry.tier_at_most is not None:
        said.append(f"tier {reach.tier or 'unknown'}")
    if entry.targets_over is not None:
        said.append(f"{reach.targets} targets, more than {entry.targets_over}")
    return ", ".join(said)
