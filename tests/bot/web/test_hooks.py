"""The hot path: the status policy of D-04, the cap, and nothing of the body in an answer."""

import json
from collections.abc import AsyncIterator

import httpx
import pytest
from starlette.types import Message

from bot.errors import BusyError, InputError, OversizeError, SignatureError
from bot.incident.fact import HOUSE
from bot.incident.facts_house import OversizeRefused
from bot.telemetry import REGISTRY
from bot.web.hooks import Hooks
from tests.bot.web.browsing import client
from tests.bot.web.world import World

DOOR = "/hooks/alertmanager/default"


async def test_d03_an_accepted_delivery_is_200_and_names_its_incidents(world: World) -> None:
    async with client(world) as sender:
        answer = await sender.post(DOOR, content=b'{"a":1}', headers={"X-Key": "k"})
    assert (answer.status_code, answer.json()) == (
        200,
        {"incidents": ["INC-1"], "duplicate": False},
    )
    source, route, headers, body = world.taken[0]
    assert (source, route, headers["x-key"], body) == ("alertmanager", "default", "k", b'{"a":1}')


async def test_d04_a_duplicate_is_200_too(world: World) -> None:
    async with client(world) as sender:
        await sender.post(DOOR, content=b"x")
        answer = await sender.post(DOOR, content=b"x")
    assert (answer.status_code, answer.json()["duplicate"]) == (200, True)


async def test_change_is_a_reserved_source(world: World) -> None:
    async with client(world) as sender:
        answer = await sender.post("/hooks/change/ci", content=b"{}")
    assert answer.status_code == 200
    assert world.taken[0][:2] == ("change", "ci")


@pytest.mark.parametrize(
    ("error", "status"),
    [
        (InputError("not JSON"), 400),
        (SignatureError("wrong secret"), 401),
        (OversizeError("inflates to more than the cap"), 413),
        (BusyError("the queue is full", 7), 503),
        (RuntimeError("secret detail"), 500),
    ],
)
async def test_d04_every_error_has_its_status(world: World, error: Exception, status: int) -> None:
    world.error = error
    async with client(world) as sender:
        answer = await sender.post(DOOR, content=b"the-body-itself")
    assert answer.status_code == status
    assert "the-body-itself" not in answer.text
    assert "secret detail" not in answer.text
    assert answer.headers.get("retry-after") == ("7" if status == 503 else None)


async def test_g12_a_bug_is_answered_with_the_callers_trace_id(world: World) -> None:
    world.error = RuntimeError("boom")
    trace = "4bf92f3577b34da6a3ce929d0e0e4736"
    async with client(world) as sender:
        answer = await sender.post(
            DOOR, content=b"x", headers={"traceparent": f"00-{trace}-00f067aa0ba902b7-01"}
        )
    assert answer.json()["correlation"] == trace


@pytest.mark.parametrize(
    "path", ["/hooks/nobody/default", "/hooks/alertmanager/", "/hooks/alertmanager", "/hooks/a/b/c"]
)
async def test_a_door_that_is_not_there_is_404(world: World, path: str) -> None:
    async with client(world) as sender:
        assert (await sender.post(path, content=b"x")).status_code == 404


async def test_only_post_is_taken(world: World) -> None:
    async with client(world) as sender:
        for method in ("GET", "HEAD", "PUT", "DELETE"):
            answer = await sender.request(method, DOOR)
            assert (answer.status_code, answer.headers["allow"]) == (405, "POST")
    assert world.taken == []


async def test_d05_a_declared_length_over_the_cap_is_413_before_a_byte_is_read(
    world: World,
) -> None:
    sent: list[Message] = []

    async def receive() -> Message:
        raise AssertionError("the body was read")

    async def send(message: Message) -> None:
        sent.append(message)

    size = str(world.settings.body_max_bytes + 1).encode()
    scope = {"type": "http", "method": "POST", "path": DOOR, "headers": [(b"content-length", size)]}
    await Hooks(world.doors())(scope, receive, send)
    assert sent[0]["status"] == 413
    assert (b"connection", b"close") in sent[0]["headers"]


async def test_p6_a_full_queue_is_503_before_a_byte_is_read(world: World) -> None:
    world.full = "2000 writes are waiting already; send it again later"
    read: list[bytes] = []

    async def endless() -> AsyncIterator[bytes]:
        read.append(b"")
        yield b"x"

    async with client(world) as sender:
        answer = await sender.post(DOOR, content=endless())
    assert answer.status_code == 503
    assert int(answer.headers["retry-after"]) >= 1
    assert answer.json()["error"] == world.full
    assert (read, world.taken) == ([], [])


async def test_d05_a_stream_is_cut_off_at_the_cap(world: World) -> None:
    read = 0

    async def endless() -> AsyncIterator[bytes]:
        nonlocal read
        while True:
            read += 65536
            yield b"x" * 65536

    async with client(world) as sender:
        answer = await sender.post(DOOR, content=endless())
    assert answer.status_code == 413
    assert read <= world.settings.body_max_bytes + 2 * 65536
    assert world.taken == []


async def test_d05_an_oversize_delivery_is_a_fact_once_a_minute_and_only_of_known_sources(
    world: World,
) -> None:
    big = b"x" * (world.settings.body_max_bytes + 1)
    async with client(world) as sender:
        for path in (DOOR, DOOR, "/hooks/stranger/default"):
            assert (await sender.post(path, content=big)).status_code == 413
        world.clock.advance(61)
        await sender.post(DOOR, content=big)
    facts = [event.body for event in await world.log.load(HOUSE)]
    assert (
        facts
        == [
            OversizeRefused(source="alertmanager", route="default", size_bytes=len(big)),
        ]
        * 2
    )


async def test_an_oversize_delivery_is_413_even_when_the_log_is_busy(world: World) -> None:
    world.log.busy = True
    async with client(world) as sender:
        answer = await sender.post(DOOR, content=b"x" * (world.settings.body_max_bytes + 1))
    assert answer.status_code == 413


async def test_a_sender_that_hangs_up_is_no_delivery_and_no_error(world: World) -> None:
    sent: list[Message] = []
    messages = [{"type": "http.request", "body": b"{", "more_body": True},
                {"type": "http.disconnect"}]  # fmt: skip

    async def receive() -> Message:
        return messages.pop(0)

    async def send(message: Message) -> None:
        sent.append(message)

    scope: dict[str, object] = {"type": "http", "method": "POST", "path": DOOR, "headers": []}
    await Hooks(world.doors())(scope, receive, send)
    assert (sent, world.taken) == ([], [])


async def test_g10_an_unknown_source_is_no_label(world: World) -> None:
    async with client(world) as sender:
        await sender.post("/hooks/anything-an-attacker-likes/x", content=b"x")
    name = "triage_webhook_duration_seconds_count"
    assert REGISTRY.get_sample_value(name, {"source": "unknown", "code": "404"})
    labels = {"source": "anything-an-attacker-likes", "code": "404"}
    assert REGISTRY.get_sample_value(name, labels) is None


async def test_the_answer_is_json_with_its_length(world: World) -> None:
    async with client(world) as sender:
        answer: httpx.Response = await sender.post(DOOR, content=b"x")
    assert answer.headers["content-type"] == "application/json"
    assert int(answer.headers["content-length"]) == len(json.dumps(answer.json()))
