"""A body is read no further and no longer than allowed."""

import asyncio
from collections.abc import AsyncIterator

import httpx
import pytest
from starlette.types import Message, Receive

from bot.errors import OversizeError
from bot.web import body
from bot.web.body import Gone, read_body
from tests.bot.web.browsing import client
from tests.bot.web.world import OPERATOR_TOKEN, World


def sending(*parts: bytes, hangs: bool = False) -> Receive:
    """Return what gives these parts, the last as the last, or none after them."""
    left = list(parts)

    async def receive() -> Message:
        if left:
            part = left.pop(0)
            return {"type": "http.request", "body": part, "more_body": bool(left) or hangs}
        if hangs:
            await asyncio.Event().wait()
        return {"type": "http.disconnect"}

    return receive


async def test_d05_parts_are_joined_up_to_the_cap() -> None:
    assert await read_body(sending(b"ab", b"cd"), {}, 4, "") == b"abcd"
    with pytest.raises(OversizeError, match="send less"):
        await read_body(sending(b"ab", b"cde"), {}, 4, "send less")


@pytest.mark.parametrize("declared", ["5", "9" * 30])
async def test_d05_a_declared_length_is_believed_before_a_byte_is_read(declared: str) -> None:
    with pytest.raises(OversizeError):
        await read_body(sending(hangs=True), {"content-length": declared}, 4, "")


async def test_a_body_that_stops_coming_is_not_waited_for() -> None:
    with pytest.raises(TimeoutError):
        await read_body(sending(b"a", hangs=True), {}, 4, "", within_s=0.01)
    left = sending(b"a", b"")
    await left()
    await left()
    with pytest.raises(Gone):
        await read_body(left, {}, 4, "")


@pytest.mark.parametrize(
    ("path", "status"),
    [("/hooks/alertmanager/default", 408), ("/api/v1/commands", 408), ("/login", 403)],
)
async def test_a_slow_sender_is_told_so(
    world: World, monkeypatch: pytest.MonkeyPatch, path: str, status: int
) -> None:
    timeout = asyncio.timeout

    def hurried(_seconds: float) -> asyncio.Timeout:
        return timeout(0.01)

    async def slow() -> AsyncIterator[bytes]:
        yield b"a"
        await asyncio.Event().wait()

    monkeypatch.setattr(body.asyncio, "timeout", hurried)
    headers = {
        "authorization": f"Bearer {OPERATOR_TOKEN}",
        "content-type": "application/x-www-form-urlencoded",
        "sec-fetch-site": "same-origin",
    }
    async with client(world) as sender:
        answer: httpx.Response = await sender.post(path, content=slow(), headers=headers)
    assert answer.status_code == status
    assert "too slowly" in answer.text
