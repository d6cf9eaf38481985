import asyncio
import time

import httpx
import pytest
from pydantic import BaseModel

from tests.bot.demo.running import DEPLOY, JSON_OBJECT, quick, running, state


class Series(BaseModel):
    values: list[tuple[float, str]]


class Result(BaseModel):
    result: list[Series]


class Matrix(BaseModel):
    data: Result

    def points(self) -> list[tuple[float, str]]:
        return self.data.result[0].values


async def break_it(shop: httpx.AsyncClient) -> None:
    await shop.post("/deploy", json={"version": "v42", "by": "dana"}, headers=DEPLOY)


async def test_a_checkout_is_sold_by_the_version_that_runs() -> None:
    async with running(quick()) as shop:
        answer = await shop.get("/checkout", params={"item": "tea"})
        assert answer.status_code == 200
        assert answer.json() == {"ok": True, "item": "tea", "version": "v41"}


async def test_a_bad_version_answers_500_for_35_percent() -> None:
    async with running(quick(window_s=60)) as shop:
        await break_it(shop)
        codes = [(await shop.get("/checkout")).status_code for _ in range(40)]
        assert codes.count(500) == 14
        assert codes.count(200) == 26
        assert (await state(shop))["error_ratio"] == 0.35


async def test_the_state_is_a_flat_object_of_six_facts() -> None:
    async with running(quick(window_s=10)) as shop:
        assert await state(shop) == {
            "service": "checkout",
            "version": "v41",
            "previous": "v40",
            "error_ratio": None,
            "requests_per_s": 0.0,
            "healthy": False,
        }
        for _ in range(20):
            await shop.get("/checkout")
        now = await state(shop)
        assert (now["error_ratio"], now["requests_per_s"], now["healthy"]) == (0.0, 2.0, True)


async def test_health_is_of_the_process_and_not_of_the_business() -> None:
    async with running(quick(window_s=60)) as shop:
        await break_it(shop)
        for _ in range(20):
            await shop.get("/checkout")
        assert (await state(shop))["healthy"] is False
        assert (await shop.get("/healthz")).status_code == 200


async def test_metrics_are_prometheus_text() -> None:
    async with running(quick()) as shop:
        await shop.get("/checkout")
        answer = await shop.get("/metrics")
        assert answer.headers["content-type"] == "text/plain; version=0.0.4; charset=utf-8"
        assert 'http_requests_total{code="200",service="checkout"} 1.0' in answer.text
        assert 'app_info{service="checkout",version="v41"} 1.0' in answer.text


async def test_an_instant_query_is_answered_by_get_and_by_form() -> None:
    query = {"query": 'shop:error_ratio{service="checkout"}'}
    async with running(quick(window_s=60)) as shop:
        await break_it(shop)
        for _ in range(20):
            await shop.get("/checkout")
        answers = ["", ""]
        for _ in range(500):
            by_get = await shop.get("/api/v1/query", params=query)
            by_form = await shop.post("/api/v1/query", data=query)
            answers = [by_get.text, by_form.text]
            if all('"0.35"' in answer for answer in answers):
                return
            await asyncio.sleep(0.01)
    pytest.fail(f"no true answer: {answers}")


async def test_a_range_query_shows_how_it_became_bad() -> None:
    async with running(quick(window_s=60)) as shop:
        for number in range(20):
            await shop.get("/checkout")
            await asyncio.sleep(0.005)
            if number == 9:
                await break_it(shop)
        at = time.time()
        params = {"query": "shop:error_ratio", "start": at - 5, "end": at + 5, "step": "10ms"}
        answer = await shop.post("/api/v1/query_range", data=params)
    values = [float(value) for _, value in Matrix.model_validate_json(answer.content).points()]
    assert values[0] == 0.0
    assert values[-1] > 0.05


@pytest.mark.parametrize("path", ["/api/v1/query", "/api/v1/query_range"])
async def test_an_unknown_query_gets_prometheus_own_error(path: str) -> None:
    async with running(quick()) as shop:
        answer = await shop.get(path, params={"query": "up"})
        assert answer.status_code == 400
        refused = JSON_OBJECT.validate_json(answer.content)
        assert (refused["status"], refused["errorType"]) == ("error", "bad_data")


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [("GET", "/nowhere", 404), ("GET", "/runs/7", 404), ("GET", "/rollback", 405)],
)
async def test_what_is_not_there_is_said_in_json(method: str, path: str, status: int) -> None:
    async with running(quick()) as shop:
        answer = await shop.request(method, path)
        assert answer.status_code == status
        assert JSON_OBJECT.validate_json(answer.content)["ok"] is False
