"""The manners of every HTTP call a tool makes."""

import asyncio
from collections.abc import AsyncIterator

import httpx
import pytest
from pydantic import TypeAdapter
from starlette.requests import Request
from starlette.responses import PlainTextResponse, RedirectResponse, Response

from bot.errors import RemoteError
from tests.tools.fixtures import CANARY, Failing, Server, needs
from tools.credential import bearer
from tools.http import CAP_BYTES, Answer, Call, Remote, client, unsent

GET = Call("GET", "/x")


def everywhere() -> tuple[str, ...]:
    return ("http://there.test",)


async def send(
    transport: Server | httpx.AsyncBaseTransport, call: Call = GET, *, timeout_s: float = 5.0
) -> Answer:
    async with client(needs(transport), everywhere) as http:
        remote = Remote(http, "there", "http://there.test", bearer(CANARY, "A_TOKEN"), timeout_s)
        return await remote.send(call)


async def test_an_answer_comes_back_whatever_its_status() -> None:
    server = Server()
    server.says("GET /x", {"why": "gone"}, 410)
    answer = await send(server)
    assert (answer.status, answer.ok, answer.refused) == (410, False, True)
    assert answer.json() == {"why": "gone"}


async def test_the_credential_is_sent_and_compression_is_not_asked_for() -> None:
    server = Server()
    server.says("GET /x", {})
    await send(server)
    assert server.asked[0].headers["authorization"] == f"Bearer {CANARY}"
    assert server.asked[0].headers["accept-encoding"] == "identity"


async def test_f08_a_redirect_is_refused_and_not_followed() -> None:
    server = Server({"GET /x": RedirectResponse("http://elsewhere.test/x")})
    with pytest.raises(RemoteError, match="redirect") as caught:
        await send(server)
    assert len(server.asked) == 1
    assert caught.value.status == 307
    assert not caught.value.retryable


async def test_f08_an_endless_body_is_cut_at_the_cap_while_it_streams() -> None:
    sent = 0

    async def endless() -> AsyncIterator[bytes]:
        nonlocal sent
        for _ in range(100):
            sent += 1
            yield b" " * 1024 * 1024

    class Slowly(httpx.AsyncBaseTransport):
        async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
            return httpx.Response(200, stream=Stream())

    class Stream(httpx.AsyncByteStream):
        async def __aiter__(self) -> AsyncIterator[bytes]:
            async for chunk in endless():
                yield chunk

    answer = await send(Slowly())
    assert (len(answer.raw), answer.complete) == (CAP_BYTES, False)
    assert sent == CAP_BYTES // (1024 * 1024) + 1
    with pytest.raises(RemoteError, match="ask for less"):
        answer.json()


async def test_a_compressed_body_is_refused_unread() -> None:
    bomb = Response(b"\x1f\x8b", headers={"content-encoding": "gzip"})
    with pytest.raises(RemoteError, match="compressed"):
        await send(Server({"GET /x": bomb}))


async def test_a_cookie_is_not_kept() -> None:
    answer = PlainTextResponse("hello", headers={"set-cookie": "session=1; Path=/"})
    server = Server({"GET /x": answer})
    async with client(needs(server), everywhere) as http:
        remote = Remote(http, "there", "http://there.test")
        await remote.send(GET)
        await remote.send(GET)
    assert ["cookie" in asked.headers for asked in server.asked] == [False, False]


async def test_an_answer_that_drips_past_the_time_out_is_given_up() -> None:
    class Never(httpx.AsyncBaseTransport):
        async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
            await asyncio.Event().wait()
            return httpx.Response(200)

    with pytest.raises(RemoteError, match=r"no answer within 0\.02 s") as caught:
        await send(Never(), timeout_s=0.02)
    assert (caught.value.status, caught.value.sent, caught.value.retryable) == (None, True, True)


@pytest.mark.parametrize(
    ("error", "sent"),
    [
        (httpx.ConnectError(f"no route, {CANARY}"), False),
        (httpx.ConnectTimeout(f"slow, {CANARY}"), False),
        (httpx.PoolTimeout(f"full, {CANARY}"), False),
        (httpx.ReadTimeout(f"slow, {CANARY}"), True),
        (httpx.ReadError(f"reset, {CANARY}"), True),
        (httpx.WriteError(f"reset, {CANARY}"), True),
        (httpx.RemoteProtocolError(f"garbage, {CANARY}"), True),
        (httpx.LocalProtocolError(f"illegal header, {CANARY}"), True),
        (httpx.InvalidURL(f"bad, {CANARY}"), True),
    ],
    ids=lambda value: type(value).__name__,
)
async def test_only_what_never_left_counts_as_unsent(error: Exception, *, sent: bool) -> None:
    with pytest.raises(RemoteError) as caught:
        await send(Failing(error))
    assert caught.value.sent is sent
    assert CANARY not in str(caught.value)
    assert caught.value.__cause__ is None


async def test_what_a_server_repeats_of_our_secret_is_masked() -> None:
    def echo(request: Request) -> Response:
        return PlainTextResponse(f'{{"you said {CANARY}": "{request.headers["authorization"]}"}}')

    answer = await send(Server({"GET /x": echo}))
    assert answer.json() == {"you said [secret]": "Bearer [secret]"}
    assert CANARY not in answer.text()
    assert CANARY not in repr(answer.credential)


async def test_json_that_cannot_be_stored_is_made_storable() -> None:
    odd = r'{"nul": "a\u0000b", "half": "\ud800", "nan": NaN, "huge": 1e999, "ok": 1.5}'
    answer = await send(Server({"GET /x": PlainTextResponse(odd)}))
    assert answer.json() == {"nul": "ab", "half": "?", "nan": None, "huge": None, "ok": 1.5}


@pytest.mark.parametrize("body", ["<html>", "", "[" * 100_000, '{"a": 1', "9" * 5000])
async def test_a_body_that_is_no_json_is_an_error_that_says_so(body: str) -> None:
    answer = await send(Server({"GET /x": PlainTextResponse(body)}))
    with pytest.raises(RemoteError, match="did not answer with JSON") as caught:
        answer.json()
    assert not caught.value.retryable


async def test_json_of_another_shape_is_an_error_that_says_so() -> None:
    server = Server()
    server.says("GET /x", {"a": 1})
    answer = await send(server)
    with pytest.raises(RemoteError, match="unknown shape"):
        answer.parse(TypeAdapter(list[int]))


@pytest.mark.parametrize(
    ("status", "words", "retryable"),
    [
        (401, "check A_TOKEN", False),
        (403, "check A_TOKEN", False),
        (404, "refused", False),
        (429, "slow down", True),
        (503, "failed", True),
    ],
)
async def test_a_bad_status_says_what_to_do(status: int, words: str, *, retryable: bool) -> None:
    answer = PlainTextResponse("no", status, headers={"retry-after": "7"})
    async with client(needs(Server({"GET /x": answer})), everywhere) as http:
        remote = Remote(http, "there", "http://there.test", bearer(CANARY, "A_TOKEN"))
        with pytest.raises(RemoteError, match=words) as caught:
            await remote.get(GET)
    assert (caught.value.status, caught.value.retryable) == (status, retryable)
    assert caught.value.retry_after_s == 7


async def test_a_wait_that_is_no_number_is_no_wait() -> None:
    answer = PlainTextResponse("no", 429, headers={"retry-after": "Sun, 04 May 2031 12:00:00 GMT"})
    assert (await send(Server({"GET /x": answer}))).refusal().retry_after_s is None


def test_a_failed_look_before_an_action_counts_as_unsent() -> None:
    error = unsent(RemoteError("there", "failed (HTTP 503)", 503, retry_after_s=2))
    assert (error.sent, error.status, error.retry_after_s) == (False, 503, 2)
    assert str(error) == "there: failed (HTTP 503) (while looking; nothing was changed)"
