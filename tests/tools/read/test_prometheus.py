"""The Prometheus tools against a server that speaks its API's shapes."""

from urllib.parse import parse_qs

import httpx
import pytest
from pydantic import JsonValue
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, RedirectResponse, Response

from bot.errors import ConfigError, RemoteError, ToolError
from tests.tools.fixtures import CANARY, NOW, Failing, Server, facts, needs, reading
from tools.read import prometheus_query, prometheus_range
from tools.words import BODY_BYTES, size_bytes

SECRETS = {"PROMETHEUS_URL": "http://prometheus.test/prefix", "PROMETHEUS_TOKEN": CANARY}
NOW_PATH = "POST /prefix/api/v1/query"
RANGE_PATH = "POST /prefix/api/v1/query_range"


def answered(kind: str, result: JsonValue, **more: JsonValue) -> JsonValue:
    return {"status": "success", "data": {"resultType": kind, "result": result}, **more}


def vector(values: dict[str, str]) -> JsonValue:
    result: list[JsonValue] = [
        {"metric": {"__name__": "errors", "service": name}, "value": [1.5, value]}
        for name, value in values.items()
    ]
    return answered("vector", result)


async def test_the_largest_value_is_the_value_and_its_labels_the_worst() -> None:
    server = Server()
    server.says(NOW_PATH, vector({"cart": "0.01", "checkout": "0.34", "mail": "-1"}))
    async with reading(prometheus_query, needs(server, secrets=SECRETS)) as look:
        result = await look(query="errors", unit="ratio")
    assert facts(result) == {
        "value": 0.34, "series": 3, "min": -1, "max": 0.34, "worst": "service=checkout"
    }  # fmt: skip
    assert result.facts[0].unit == "ratio"
    assert result.summary == "errors: 34 % (3 series, worst service=checkout)"
    assert result.body["series"][0] == {"labels": "service=checkout", "points": [[1.5, 0.34]]}
    asked = server.asked[0]
    assert parse_qs(asked.body.decode()) == {"query": ["errors"]}
    assert asked.headers["authorization"] == f"Bearer {CANARY}"


async def test_values_that_are_no_numbers_are_left_out() -> None:
    server = Server()
    odd = {"a": "NaN", "b": "+Inf", "c": "-Inf", "d": "2", "e": "none"}
    server.says(NOW_PATH, vector(odd))
    async with reading(prometheus_query, needs(server, secrets=SECRETS)) as look:
        result = await look(query="errors")
    assert facts(result) == {"value": 2, "series": 1, "min": 2, "max": 2, "worst": "service=d"}


@pytest.mark.parametrize("values", [{}, {"a": "NaN"}])
async def test_no_data_proves_nothing_but_that(values: dict[str, str]) -> None:
    server = Server()
    server.says(NOW_PATH, vector(values))
    async with reading(prometheus_query, needs(server, secrets=SECRETS)) as look:
        result = await look(query="errors")
    assert facts(result) == {"series": 0}
    assert result.summary == "errors: no data"


async def test_a_scalar_is_one_series_without_labels() -> None:
    server = Server()
    server.says(NOW_PATH, answered("scalar", [1435781430, "1"]))
    async with reading(prometheus_query, needs(server, secrets=SECRETS)) as look:
        result = await look(query="scalar(x)")
    assert facts(result) == {"value": 1, "series": 1, "min": 1, "max": 1, "worst": ""}
    assert result.summary == "scalar(x): 1 (1 series)"


async def test_a_scalar_that_is_no_number_is_no_data() -> None:
    server = Server()
    server.says(NOW_PATH, answered("scalar", [1435781430, "NaN"]))
    async with reading(prometheus_query, needs(server, secrets=SECRETS)) as look:
        assert facts(await look(query="scalar(x)")) == {"series": 0}


async def test_a_text_is_told_as_text() -> None:
    server = Server()
    server.says(NOW_PATH, answered("string", [1435781430.1, "hello\nworld"]))
    async with reading(prometheus_query, needs(server, secrets=SECRETS)) as look:
        result = await look(query='"hello"')
    assert facts(result) == {"value": "hello world", "series": 0}


async def test_a_range_selector_tells_the_last_value_of_each_series() -> None:
    server = Server()
    server.says(NOW_PATH, answered("matrix", [{"metric": {}, "values": [[1, "9"], [2, "4"]]}]))
    async with reading(prometheus_query, needs(server, secrets=SECRETS)) as look:
        assert facts(await look(query="x[5m]"))["value"] == 4


async def test_histograms_are_left_out() -> None:
    server = Server()
    server.says(NOW_PATH, answered("vector", [{"metric": {}, "histogram": [1, {"count": "3"}]}]))
    async with reading(prometheus_query, needs(server, secrets=SECRETS)) as look:
        assert facts(await look(query="x")) == {"series": 0}


async def test_at_most_fifty_series_are_kept_the_highest_first() -> None:
    server = Server()
    server.says(NOW_PATH, vector({f"s{number}": str(number) for number in range(80)}))
    async with reading(prometheus_query, needs(server, secrets=SECRETS)) as look:
        result = await look(query="errors")
    assert facts(result)["series"] == 80
    assert len(result.body["series"]) == 50
    assert result.body["series"][0]["labels"] == "service=s79"
    assert result.body["series_left_out"] == 30


async def test_what_is_kept_fits_however_much_came() -> None:
    server = Server()
    points: list[JsonValue] = [[number + 0.123, f"{number}.123456789012"] for number in range(2000)]
    server.says(
        RANGE_PATH,
        answered("matrix", [{"metric": {"s": str(n)}, "values": points} for n in range(30)]),
    )
    async with reading(prometheus_range, needs(server, secrets=SECRETS)) as look:
        result = await look(query="x", minutes=60)
    assert size_bytes(result.body) <= BODY_BYTES
    assert 0 < len(result.body["series"]) < 30


async def test_warnings_are_told() -> None:
    server = Server()
    server.says(NOW_PATH, answered("vector", [], warnings=["partial\nresult"]))
    async with reading(prometheus_query, needs(server, secrets=SECRETS)) as look:
        result = await look(query="x")
    assert result.summary == "1 warning; x: no data"
    assert result.body["warnings"] == ["partial result"]


async def test_a_range_tells_how_the_worst_series_went() -> None:
    server = Server()
    low: JsonValue = {"metric": {"service": "a"}, "values": [[1, "1"], [2, "1"]]}
    high: JsonValue = {
        "metric": {"service": "b"},
        "values": [[1, "2"], [2, "NaN"], [3, "9"], [4, "4"]],
    }
    server.says(RANGE_PATH, answered("matrix", [low, high]))
    async with reading(prometheus_range, needs(server, secrets=SECRETS)) as look:
        result = await look(query="x", minutes=10, unit="s")
    assert facts(result) == {
        "first": 2, "last": 4, "min": 2, "max": 9, "avg": 5, "points": 3, "series": 2,
        "change_ratio": 2,
    }  # fmt: skip
    assert result.summary == (
        "x over 10 min: 2 s → 4 s, min 2 s, max 9 s (3 points, 2 series, worst service=b)"
    )


async def test_there_is_no_ratio_to_nothing() -> None:
    server = Server()
    server.says(RANGE_PATH, answered("matrix", [{"metric": {}, "values": [[1, "0"], [2, "1"]]}]))
    async with reading(prometheus_range, needs(server, secrets=SECRETS)) as look:
        assert "change_ratio" not in facts(await look(query="x", minutes=10))


async def test_a_range_without_data_proves_nothing_but_that() -> None:
    server = Server()
    server.says(RANGE_PATH, answered("matrix", []))
    async with reading(prometheus_range, needs(server, secrets=SECRETS)) as look:
        result = await look(query="x", minutes=10)
    assert facts(result) == {"points": 0, "series": 0}
    assert result.summary == "x over 10 min: no data"


@pytest.mark.parametrize("minutes", [1, 3, 60, 1440])
async def test_a_range_asks_for_at_most_two_hundred_points(minutes: int) -> None:
    server = Server()
    server.says(RANGE_PATH, answered("matrix", []))
    async with reading(prometheus_range, needs(server, secrets=SECRETS)) as look:
        await look(query="x", minutes=minutes)
    form = {name: value[0] for name, value in parse_qs(server.asked[0].body.decode()).items()}
    length = float(form["end"]) - float(form["start"])
    assert length == minutes * 60
    assert float(form["end"]) == NOW.timestamp()
    assert length / int(form["step"]) + 1 <= 200


@pytest.mark.parametrize("status", [200, 400, 422])
async def test_prometheus_own_words_are_told_when_it_refuses_a_query(status: int) -> None:
    server = Server()
    said = f"parse error {CANARY} " + "x" * 1000
    error: JsonValue = {"status": "error", "errorType": "bad_data", "error": said}
    server.says(NOW_PATH, error, status)
    async with reading(prometheus_query, needs(server, secrets=SECRETS)) as look:
        with pytest.raises(ToolError, match=r"bad_data: parse error \[secret\]") as caught:
            await look(query="(")
    assert not caught.value.retryable
    assert len(str(caught.value)) <= 320


async def test_an_overloaded_prometheus_is_retryable_in_its_own_words() -> None:
    server = Server()
    error: JsonValue = {"status": "error", "errorType": "timeout", "error": "too slow"}
    server.says(NOW_PATH, error, 503)
    async with reading(prometheus_query, needs(server, secrets=SECRETS)) as look:
        with pytest.raises(RemoteError, match="timeout: too slow") as caught:
            await look(query="x")
    assert caught.value.retryable


def oversize(request: Request) -> Response:
    return PlainTextResponse("[" + "1," * 3 * 1024 * 1024 + "1]")


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (PlainTextResponse("<html>"), "did not answer with JSON"),
        (JSONResponse({"hello": 1}), "unknown shape"),
        (JSONResponse({"status": "success", "data": {"resultType": "cake"}}), "unknown shape"),
        (PlainTextResponse("who are you", 401), "check PROMETHEUS_TOKEN"),
        (PlainTextResponse("gateway", 502), "failed"),
        (RedirectResponse("http://elsewhere.test"), "redirect"),
        (oversize, "ask for less"),
    ],
    ids=["html", "shape", "kind", "401", "502", "redirect", "oversize"],
)
async def test_a_wrong_answer_is_an_error_that_says_what(answer: Response, words: str) -> None:
    server = Server({NOW_PATH: answer})
    async with reading(prometheus_query, needs(server, secrets=SECRETS)) as look:
        with pytest.raises(RemoteError, match=words) as caught:
            await look(query="x")
    assert str(caught.value).startswith("prometheus: ")
    assert CANARY not in str(caught.value)


async def test_a_refusal_without_words_is_still_a_refusal() -> None:
    server = Server()
    server.says(NOW_PATH, {"status": "error"}, 422)
    async with reading(prometheus_query, needs(server, secrets=SECRETS)) as look:
        with pytest.raises(ToolError, match="did not say why"):
            await look(query="x")


async def test_no_answer_is_retryable() -> None:
    away = Failing(httpx.ReadTimeout("slow"))
    async with reading(prometheus_range, needs(away, secrets=SECRETS)) as look:
        with pytest.raises(RemoteError, match="no answer within") as caught:
            await look(query="x", minutes=5)
    assert caught.value.retryable


async def test_without_an_address_the_tools_stay_off_the_shelf() -> None:
    for declared in (prometheus_query, prometheus_range):
        async with declared.open(needs()) as opened:
            assert opened is None


async def test_g04_an_address_with_a_password_is_refused_without_showing_it() -> None:
    given = needs(secrets={"PROMETHEUS_URL": f"http://me:{CANARY}@prometheus.test"})
    with pytest.raises(ConfigError, match="PROMETHEUS_URL: take the user and password") as caught:
        async with prometheus_query.open(given):
            pass
    assert CANARY not in str(caught.value)
    assert caught.value.__cause__ is None
