from collections.abc import Mapping

import pytest
from pydantic import BaseModel, JsonValue

from bot.demo.shop_metrics import Sample
from bot.demo.shop_query import LOOKBACK_S, instant, over_range, refusal
from bot.errors import InputError

SAMPLES = (
    Sample(100.0, None, 0.0, None),
    Sample(101.0, 0.0, 40.0, 0.0125),
    Sample(102.0, 0.35, 39.6, 0.05),
)


class Series(BaseModel):
    values: list[tuple[float, str]]


class Result(BaseModel):
    result: list[Series]


class Answer(BaseModel):
    data: Result


def envelope(kind: str, *result: JsonValue) -> JsonValue:
    return {"status": "success", "data": {"resultType": kind, "result": list(result)}}


def series(name: str, **values: JsonValue) -> JsonValue:
    return {"metric": {"__name__": name, "service": "checkout"}, **values}


@pytest.mark.parametrize(
    ("query", "name", "value"),
    [
        ("shop:error_ratio", "shop:error_ratio", "0.35"),
        ('shop:error_ratio{service="checkout"}', "shop:error_ratio", "0.35"),
        (' shop:request_rate { service = "checkout" , } ', "shop:request_rate", "39.6"),
        ("shop:latency_p95_seconds{}", "shop:latency_p95_seconds", "0.05"),
    ],
)
def test_an_instant_query_answers_as_prometheus_does(query: str, name: str, value: str) -> None:
    answer = instant(SAMPLES, {"query": query}, 102.5)
    assert answer == envelope("vector", series(name, value=[102.5, value]))


@pytest.mark.parametrize(
    ("time", "value"), [("101.9", "40"), ("1970-01-01T00:01:41.9Z", "40"), ("102", "39.6")]
)
def test_the_value_is_the_newest_at_that_time(time: str, value: str) -> None:
    answer = instant(SAMPLES, {"query": "shop:request_rate", "time": time}, 500.0)
    at = 102 if time == "102" else 101.9
    assert answer == envelope("vector", series("shop:request_rate", value=[at, value]))


@pytest.mark.parametrize("at", [99.0, 100.5, 102.1 + LOOKBACK_S])
def test_nothing_before_unknown_or_stale_is_an_empty_vector(at: float) -> None:
    assert instant(SAMPLES, {"query": "shop:error_ratio"}, at) == envelope("vector")


@pytest.mark.parametrize("step", ["1", "1.0", "1s", "1000ms"])
def test_a_range_query_has_a_point_where_something_is_known(step: str) -> None:
    params = {"query": "shop:error_ratio", "start": "99", "end": "103", "step": step}
    points: JsonValue = [[101.0, "0"], [102.0, "0.35"], [103.0, "0.35"]]
    assert over_range(SAMPLES, params) == envelope(
        "matrix", series("shop:error_ratio", values=points)
    )


def test_a_range_without_any_point_is_an_empty_matrix() -> None:
    params = {"query": "shop:error_ratio", "start": "1", "end": "2", "step": "1"}
    assert over_range(SAMPLES, params) == envelope("matrix")


@pytest.mark.parametrize("step", ["0.1", "0.3", "0.7"])
def test_the_end_is_a_step_when_it_falls_on_one(step: str) -> None:
    last = 101.0 + 10 * float(step)
    params = {"query": "shop:request_rate", "start": "101", "end": str(last), "step": step}
    answer = Answer.model_validate(over_range(SAMPLES, params))
    points = answer.data.result[0].values
    assert [at for at, _ in points] == [
        pytest.approx(101.0 + number * float(step)) for number in range(11)
    ]


@pytest.mark.parametrize(
    "query",
    [
        "",
        "up",
        "rate(shop:error_ratio[5m])",
        'shop:error_ratio{service="billing"}',
        "shop:error_ratio or shop:request_rate",
        "shop:error_ratio}",
        "shop:error_ratio{",
    ],
)
def test_any_other_expression_is_refused_and_told_what_there_is(query: str) -> None:
    with pytest.raises(InputError, match=r"shop:error_ratio, shop:request_rate") as raised:
        instant(SAMPLES, {"query": query}, 102.0)
    assert refusal(raised.value) == {
        "status": "error",
        "errorType": "bad_data",
        "error": str(raised.value),
    }


GOOD = {"query": "shop:error_ratio", "start": "100", "end": "102", "step": "1"}


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"start": "soon"}, 'parameter "start"'),
        ({"start": ""}, 'parameter "start"'),
        ({"end": "nan"}, 'parameter "end"'),
        ({"end": "2026-01-01T00:00:00"}, 'parameter "end"'),
        ({"end": "99"}, "before start time"),
        ({"step": "often"}, 'parameter "step"'),
        ({"step": "0"}, "zero or negative"),
        ({"step": "0s"}, "zero or negative"),
        ({"step": "-1"}, "zero or negative"),
        ({"step": "1e-300"}, "exceeded maximum resolution of 11,000"),
        ({"end": "20000"}, "exceeded maximum resolution of 11,000"),
    ],
)
def test_a_range_that_cannot_be_answered_is_refused(wrong: Mapping[str, str], said: str) -> None:
    with pytest.raises(InputError, match=said):
        over_range(SAMPLES, {**GOOD, **wrong})
