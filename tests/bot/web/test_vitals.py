"""What machines watch: alive, ready, and the metrics behind loopback or the token."""

import httpx
import pytest
from pydantic import HttpUrl

from bot.settings import Settings
from bot.web.server import build
from tests.bot.web.browsing import ORIGIN, client
from tests.bot.web.world import OPERATOR_TOKEN, World


def from_afar(world: World, origin: str = ORIGIN) -> httpx.AsyncClient:
    transport = httpx.ASGITransport(build(world.doors()), client=("192.0.2.7", 5555))
    return httpx.AsyncClient(transport=transport, base_url=origin)


async def test_g01_livez_depends_on_nothing(world: World) -> None:
    world.checks = {"database": (False, "gone")}
    world.stopping = True
    async with from_afar(world) as watcher:
        assert (await watcher.get("/livez")).status_code == 200


@pytest.mark.parametrize(
    ("broken", "status", "state"),
    [
        ("", 200, "ok"),
        ("channels", 200, "degraded"),
        ("database", 503, "failing"),
        ("queue", 503, "failing"),
    ],
)
async def test_g01_readyz_says_each_check(
    world: World, broken: str, status: int, state: str
) -> None:
    if broken:
        world.checks[broken] = (False, "it is away")
    async with from_afar(world) as watcher:
        answers = [await watcher.get("/readyz"), await watcher.get("/startupz")]
    for answer in answers:
        assert (answer.status_code, answer.json()["state"]) == (status, state)
        assert set(answer.json()["checks"]) == {"database", "queue", "channels"}


async def test_g02_a_stopping_process_is_not_ready(world: World) -> None:
    world.stopping = True
    async with from_afar(world) as watcher:
        answer = await watcher.get("/readyz")
    assert answer.status_code == 503
    assert "stopping" in answer.json()["checks"]


async def test_g01_metrics_are_free_on_loopback(world: World) -> None:
    async with client(world) as watcher:
        answer = await watcher.get("/metrics")
    assert answer.status_code == 200
    assert "triage_webhook_duration_seconds" in answer.text


@pytest.mark.parametrize("mark", ["x-forwarded-for", "forwarded", "via"])
async def test_g01_metrics_are_not_free_through_a_proxy_on_this_machine(
    world: World, mark: str
) -> None:
    async with client(world) as watcher:
        assert (await watcher.get("/metrics", headers={mark: "192.0.2.9"})).status_code == 401


async def test_g01_metrics_are_not_free_under_a_rebound_name(world: World) -> None:
    async with client(world, "http://rebound.example") as watcher:
        assert (await watcher.get("/metrics")).status_code == 401


async def test_g01_metrics_from_afar_need_the_token(world: World) -> None:
    async with from_afar(world) as watcher:
        assert (await watcher.get("/metrics")).status_code == 401
        headers = {"authorization": f"Bearer {OPERATOR_TOKEN}"}
        assert (await watcher.get("/metrics", headers=headers)).status_code == 200


async def test_h04_hsts_is_sent_on_https_only(world: World) -> None:
    async with client(world) as plain:
        assert "strict-transport-security" not in (await plain.get("/login")).headers
    world.settings = Settings(public_url=HttpUrl("https://bot.example"))
    async with client(world, "https://bot.example") as secure:
        assert (
            "max-age=31536000" in (await secure.get("/login")).headers["strict-transport-security"]
        )
