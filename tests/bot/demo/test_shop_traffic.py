import asyncio

import httpx
import pytest
from pydantic import SecretStr
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from bot.demo.shop_traffic import ITEMS, Courier, shop_around
from tests.bot.demo.running import Receiver, until

HOOK = "http://bot.test/hook"


def courier() -> Courier:
    return Courier(HOOK, SecretStr("alert-secret"), first_retry_s=0.001)


async def deliver(post: Courier, transport: httpx.AsyncBaseTransport, receiver: Receiver) -> None:
    """Send two messages and wait until the second has come."""
    post.send({"n": 1})
    post.send({"n": 2})
    async with httpx.AsyncClient(transport=transport) as http:
        running = asyncio.create_task(post.run(http))
        await until(lambda: {"n": 2} in receiver.bodies("/hook"), "the second message")
        running.cancel()


async def test_messages_come_in_order_with_the_bearer() -> None:
    bot = Receiver()
    await deliver(courier(), httpx.ASGITransport(bot), bot)
    bearer = "Bearer alert-secret"
    assert bot.got == [("/hook", bearer, {"n": 1}), ("/hook", bearer, {"n": 2})]


async def test_a_5xx_is_retried_and_the_order_is_kept() -> None:
    bot = Receiver(statuses=[503, 500, 200, 502])
    await deliver(courier(), httpx.ASGITransport(bot), bot)
    assert bot.bodies("/hook") == [{"n": 1}, {"n": 2}]
    assert bot.asked == 5


async def test_no_answer_is_retried() -> None:
    bot = Receiver()

    class Flaky(httpx.ASGITransport):
        refusals = 2

        async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
            if self.refusals:
                self.refusals -= 1
                msg = "refused"
                raise httpx.ConnectError(msg)
            return await super().handle_async_request(request)

    await deliver(courier(), Flaky(bot), bot)
    assert bot.bodies("/hook") == [{"n": 1}, {"n": 2}]


async def test_a_4xx_drops_the_message_and_says_so_without_the_token(
    caplog: pytest.LogCaptureFixture,
) -> None:
    bot = Receiver(statuses=[401])
    await deliver(courier(), httpx.ASGITransport(bot), bot)
    assert bot.bodies("/hook") == [{"n": 2}]
    assert f"{HOOK} answered 401: dropped" in caplog.text
    assert "alert-secret" not in caplog.text


async def test_a_customer_asks_for_one_item_after_the_other_even_when_refused() -> None:
    items: list[str] = []

    async def shop(scope: Scope, receive: Receive, send: Send) -> None:
        request = Request(scope, receive)
        items.append(request.query_params["item"])
        if len(items) == 2:
            msg = "gone"
            raise httpx.ReadError(msg)
        await Response(status_code=500)(scope, receive, send)

    transport = httpx.ASGITransport(shop)
    async with httpx.AsyncClient(transport=transport, base_url="http://shop.test") as http:
        customer = asyncio.create_task(shop_around(http, requests_per_s=1000, first=3))
        await until(lambda: len(items) >= 7, "seven requests")
        customer.cancel()
    assert items[:7] == [ITEMS[number % len(ITEMS)] for number in range(3, 10)]
