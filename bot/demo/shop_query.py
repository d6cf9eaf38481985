"""Three recorded series behind Prometheus' query API; it is no PromQL and says so with a 400.

Known expressions, each with an optional `{service="checkout"}`:

* `shop:error_ratio`          failed share of the requests in the window, 0 to 1
* `shop:request_rate`         requests a second
* `shop:latency_p95_seconds`  95th percentile of the answer times, seconds
"""

import math
import re
from bisect import bisect_right
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime

from pydantic import JsonValue

from bot.demo.shop_metrics import SERVICE, Sample
from bot.errors import InputError

LOOKBACK_S = 300.0
"""How old the newest sample may be and still answer for a moment; Prometheus' own default."""

MAX_POINTS = 11_000
"""Points a series may have in one answer; Prometheus' own limit."""

_SERIES: Mapping[str, Callable[[Sample], float | None]] = {
    "shop:error_ratio": lambda sample: sample.error_ratio,
    "shop:request_rate": lambda sample: sample.request_rate,
    "shop:latency_p95_seconds": lambda sample: sample.latency_p95_s,
}
_EXPRESSION = re.compile(
    rf'\s*(?P<name>[a-z0-9_:]+)\s*(?:\{{\s*(?:service\s*=\s*"{SERVICE}"\s*,?\s*)?\}})?\s*'
)
_DURATION = re.compile(r"(?P<count>[0-9]{1,9})(?P<unit>ms|s|m|h|d)")
_UNIT_S = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0}


def instant(samples: Sequence[Sample], params: Mapping[str, str], now: float) -> JsonValue:
    """Answer `/api/v1/query`: the value at `time` (default `now`), or an empty vector.

    Args:
        samples: The ring, oldest first.
        params: `query`, and optionally `time`; others are ignored, as Prometheus does.
        now: Unix seconds.

    Raises:
        InputError: An unknown expression or an unreadable time; Prometheus' `bad_data`.
    """
    name = _name(params)
    at = _moment(params, "time") if params.get("time") else now
    value = _value(samples, name, at)
    found: list[JsonValue] = []
    if value is not None:
        found.append({"metric": _metric(name), "value": _point(at, value)})
    return _success("vector", found)


def over_range(samples: Sequence[Sample], params: Mapping[str, str]) -> JsonValue:
    """Answer `/api/v1/query_range`: a value each `step` from `start` to `end`, both included.

    Steps without a sample have no point; without any point the matrix is empty.

    Raises:
        InputError: An unknown expression, an unreadable time, or too many points.
    """
    name = _name(params)
    start, end, step_s = _moment(params, "start"), _moment(params, "end"), _step_s(params)
    if end < start:
        raise InputError('invalid parameter "end": end timestamp must not be before start time')
    steps = (end - start) / step_s
    if steps > MAX_POINTS:
        raise InputError(
            f"exceeded maximum resolution of {MAX_POINTS:,} points per timeseries. "
            "Try decreasing the query resolution (?step=XX)"
        )
    points: list[JsonValue] = []
    for number in range(int(steps + 1e-9) + 1):
        at = start + number * step_s
        value = _value(samples, name, at)
        if value is not None:
            points.append(_point(at, value))
    found: list[JsonValue] = [{"metric": _metric(name), "values": points}] if points else []
    return _success("matrix", found)


def refusal(error: InputError) -> JsonValue:
    """Return Prometheus' envelope of a refused query."""
    return {"status": "error", "errorType": "bad_data", "error": str(error)}


def _success(kind: str, result: list[JsonValue]) -> JsonValue:
    return {"status": "success", "data": {"resultType": kind, "result": result}}


def _metric(name: str) -> JsonValue:
    return {"__name__": name, "service": SERVICE}


def _point(at: float, value: float) -> JsonValue:
    return [round(at, 3), repr(value).removesuffix(".0")]


def _value(samples: Sequence[Sample], name: str, at: float) -> float | None:
    """Return the newest value at or before `at`; None when it is stale or nothing was known."""
    index = bisect_right(samples, at, key=lambda sample: sample.at)
    if not index or samples[index - 1].at < at - LOOKBACK_S:
        return None
    return _SERIES[name](samples[index - 1])


def _name(params: Mapping[str, str]) -> str:
    match = _EXPRESSION.fullmatch(params.get("query", ""))
    if match is None or match["name"] not in _SERIES:
        known = ", ".join(_SERIES)
        raise InputError(
            f'invalid parameter "query": this shop has recorded series only; ask for one of '
            f'{known}, each with an optional {{service="{SERVICE}"}}'
        )
    return match["name"]


def _moment(params: Mapping[str, str], name: str) -> float:
    """Read Unix seconds or RFC 3339; a time without a zone is refused."""
    text = params.get(name, "")
    moment = _number(text)
    if moment is None:
        try:
            stamp = datetime.fromisoformat(text)
        except ValueError:
            stamp = None
        if stamp is not None and stamp.tzinfo is not None:
            moment = stamp.timestamp()
    if moment is None:
        raise InputError(
            f'invalid parameter "{name}": cannot parse "{text[:64]}" to a valid timestamp'
        )
    return moment


def _step_s(params: Mapping[str, str]) -> float:
    text = params.get("step", "")
    step_s = _number(text)
    match = _DURATION.fullmatch(text)
    if match is not None:
        step_s = int(match["count"]) * _UNIT_S[match["unit"]]
    if step_s is None:
        raise InputError(
            f'invalid parameter "step": cannot parse "{text[:64]}" to a valid duration'
        )
    if step_s <= 0:
        raise InputError(
            'invalid parameter "step": zero or negative query resolution step widths are not '
            "accepted. Try a positive integer"
        )
    return step_s


def _number(text: str) -> float | None:
    try:
        number = float(text)
    except ValueError:
        return None
    return number if math.isfinite(number) else None
