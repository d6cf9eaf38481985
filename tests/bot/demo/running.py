"""A shop in this process: its own traffic and its webhooks go through ASGI, not a socket."""

import asyncio
import json
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import httpx
from pydantic import JsonValue, SecretStr, TypeAdapter
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from bot.demo.shop import Shop
from bot.demo.shop_options import Options, ShopSettings

URL = "http://shop.test"
DEPLOY = {"Authorization": "Bearer deploy-secret"}
SETTINGS = ShopSettings(
    deploy_token=SecretStr("deploy-secret"),
    alert_token=SecretStr("alert-secret"),
    change_token=SecretStr("change-secret"),
)
JSON_OBJECT: TypeAdapter[dict[str, JsonValue]] = TypeAdapter(dict[str, JsonValue])


@dataclass
class Receiver:
    """Stands for the bot: keeps what is posted, and answers the given statuses first, then 200."""

    statuses: list[int] = field(default_factory=list[int])
    got: list[tuple[str, str, dict[str, JsonValue]]] = field(
        default_factory=list[tuple[str, str, dict[str, JsonValue]]]
    )
    asked: int = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        request = Request(scope, receive)
        self.asked += 1
        status = self.statuses.pop(0) if self.statuses else 200
        if status == 200:
            body = JSON_OBJECT.validate_json(await request.body())
            self.got.append((request.url.path, request.headers["authorization"], body))
        await Response(status_code=status)(scope, receive, send)

    def bodies(self, path: str) -> list[dict[str, JsonValue]]:
        """What came to one path, oldest first."""
        return [body for where, _, body in self.got if where == path]


def quick(**changes: object) -> Options:
    """Options with everything a few milliseconds long, and no traffic of its own."""
    short: dict[str, object] = {
        "requests_per_s": 0,
        "latency_s": 0,
        "window_s": 0.4,
        "sample_s": 0.01,
        "evaluate_s": 0.01,
        "for_s": 0.05,
    }
    return Options.model_validate({**short, **changes})


@asynccontextmanager
async def running(
    options: Options, receiver: Receiver | None = None
) -> AsyncGenerator[httpx.AsyncClient]:
    """Run a shop with all its tasks and give a client of it."""
    shop = Shop(options, SETTINGS, URL)
    own_transport = httpx.ASGITransport(shop.app)
    out_transport = httpx.ASGITransport(receiver or Receiver())
    async with (
        httpx.AsyncClient(transport=own_transport, base_url=URL) as own,
        httpx.AsyncClient(transport=out_transport) as out,
        asyncio.TaskGroup() as group,
    ):
        tasks = [group.create_task(task) for task in shop.tasks(own, out)]
        yield own
        for task in tasks:
            task.cancel()


async def until(holds: Callable[[], bool], what: str) -> None:
    """Wait until something holds; fail with `what` after some seconds."""
    for _ in range(1500):
        if holds():
            return
        await asyncio.sleep(0.01)
    raise AssertionError(what)


async def state(shop: httpx.AsyncClient) -> dict[str, JsonValue]:
    """What `/state` says."""
    return JSON_OBJECT.validate_json((await shop.get("/state")).content)


def number(value: JsonValue) -> float:
    """A JSON number as a float; anything else fails the test."""
    assert isinstance(value, int | float), json.dumps(value)
    return float(value)
