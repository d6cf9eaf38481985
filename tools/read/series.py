"""What Prometheus' query API answers, and the facts it comes down to; pure, it asks nothing."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from pydantic import Field, JsonValue, TypeAdapter

from bot.incident.model import Observation
from tools.http import Shape
from tools.words import BODY_BYTES, line, number, plural, size_bytes

KEPT_SERIES = 50
KEPT_WARNINGS = 10
LABELS_CHARS = 200


class RawSeries(Shape):
    """One series as it came; values are text, `NaN` and `+Inf` among them."""

    metric: dict[str, str] = Field(default_factory=dict)
    value: tuple[float, str] | None = None
    values: tuple[tuple[float, str], ...] = ()


class RawResult(Shape):
    """`result` is a list of series, or one sample of a scalar or a string."""

    kind: Literal["vector", "matrix", "scalar", "string"] = Field(alias="resultType")
    result: tuple[float, str] | tuple[RawSeries, ...]


class Reply(Shape):
    """The envelope of every answer, good or bad."""

    status: Literal["success", "error"]
    data: RawResult | None = None
    kind: str = Field(default="", alias="errorType")
    error: str = ""
    warnings: tuple[str, ...] = ()
    infos: tuple[str, ...] = ()


REPLY = TypeAdapter(Reply)


@dataclass(frozen=True, slots=True)
class Series:
    """One series: its labels as text, and its finite points, oldest first, at least one."""

    labels: str
    points: tuple[tuple[float, float], ...]

    @property
    def last(self) -> float:
        """The newest value."""
        return self.points[-1][1]

    @property
    def peak(self) -> float:
        """The largest value."""
        return max(value for _, value in self.points)


def series(result: RawResult) -> list[Series]:
    """Return the series that have a finite value, in the order they came."""
    if result.kind == "string":
        return []
    if sample := _sample(result):
        points = _finite((sample,))
        return [Series("", points)] if points else []
    found: list[Series] = []
    for raw in result.result:
        if isinstance(raw, RawSeries):
            points = _finite(raw.values or ([raw.value] if raw.value else []))
            if points:
                found.append(Series(_labels(raw.metric), points))
    return found


def text(result: RawResult) -> str | None:
    """Return the text of a string result; None of any other."""
    sample = _sample(result)
    return line(sample[1], LABELS_CHARS) if result.kind == "string" and sample else None


def instant_facts(found: Sequence[Series], unit: str) -> tuple[Observation, ...]:
    """Return value (the largest), series, min, max and worst; of no series, only their count."""
    count = Observation(name="series", value=len(found))
    if not found:
        return (count,)
    worst = max(found, key=lambda one: one.last)
    low = min(one.last for one in found)
    return (
        Observation(name="value", value=worst.last, unit=unit),
        count,
        Observation(name="min", value=low, unit=unit),
        Observation(name="max", value=worst.last, unit=unit),
        Observation(name="worst", value=worst.labels),
    )


def range_facts(found: Sequence[Series], unit: str) -> tuple[Observation, ...]:
    """Return what became of the series with the highest peak; of no series, only their count."""
    count = Observation(name="series", value=len(found))
    if not found:
        return (Observation(name="points", value=0), count)
    values = [value for _, value in max(found, key=lambda one: one.peak).points]
    first, last = values[0], values[-1]
    measured = {
        "first": first,
        "last": last,
        "min": min(values),
        "max": max(values),
        "avg": math.fsum(values) / len(values),
    }
    facts = [Observation(name=name, value=value, unit=unit) for name, value in measured.items()]
    facts += [Observation(name="points", value=len(values)), count]
    if first and math.isfinite(last / first):
        facts.append(Observation(name="change_ratio", value=last / first))
    return tuple(facts)


def instant_summary(query: str, found: Sequence[Series], unit: str) -> str:
    """Return one line: what was asked, the worst value, and whose it is."""
    if not found:
        return line(f"{line(query, 120)}: no data")
    worst = max(found, key=lambda one: one.last)
    whose = f", worst {worst.labels}" if worst.labels else ""
    counted = f"{len(found)} series{whose}"
    return line(f"{line(query, 120)}: {number(worst.last, unit)} ({counted})")


def range_summary(query: str, minutes: int, found: Sequence[Series], unit: str) -> str:
    """Return one line: how the worst series went over the window."""
    asked = f"{line(query, 120)} over {minutes} min"
    if not found:
        return line(f"{asked}: no data")
    worst = max(found, key=lambda one: one.peak)
    values = [value for _, value in worst.points]
    whose = f", worst {worst.labels}" if worst.labels else ""
    return line(
        f"{asked}: {number(values[0], unit)} → {number(values[-1], unit)}, "
        f"min {number(min(values), unit)}, max {number(max(values), unit)} "
        f"({plural(len(values), 'point')}, {len(found)} series{whose})"
    )


def kept(asked: JsonValue, reply: Reply, found: Sequence[Series]) -> JsonValue:
    """Return what is kept as evidence: the highest series first, at most what fits."""
    ranked = sorted(found, key=lambda one: one.peak, reverse=True)[:KEPT_SERIES]
    warnings = [line(word, 300) for word in (*reply.warnings, *reply.infos)[:KEPT_WARNINGS]]
    while True:
        body: dict[str, JsonValue] = {
            "asked": asked,
            "type": reply.data.kind if reply.data else "",
            "series": [
                {"labels": one.labels, "points": [[at, value] for at, value in one.points]}
                for one in ranked
            ],
            "series_left_out": len(found) - len(ranked),
            "warnings": list[JsonValue](warnings),
        }
        if not ranked or size_bytes(body) <= BODY_BYTES:
            return body
        ranked = ranked[: len(ranked) // 2]


def _sample(result: RawResult) -> tuple[float, str] | None:
    match result.result:
        case (float() as at, str() as value):
            return at, value
        case _:
            return None


def _finite(samples: Sequence[tuple[float, str]]) -> tuple[tuple[float, float], ...]:
    points: list[tuple[float, float]] = []
    for at, written in samples:
        try:
            value = float(written)
        except ValueError:
            continue
        if math.isfinite(value):
            points.append((at, value))
    return tuple(points)


def _labels(metric: dict[str, str]) -> str:
    named = metric.get("__name__", "")
    pairs = sorted((name, value) for name, value in metric.items() if name != "__name__")
    return line(", ".join(f"{name}={value}" for name, value in pairs) or named, LABELS_CHARS)
