"""A language model that says what a test wants, over HTTP: OpenAI's wire and Anthropic's.

    async with language_server(fails(429, retry_after_s=2), says('{"step": …}')) as server:
        ...                       # LLM_MODEL=openai:any      OPENAI_BASE_URL=server.openai
        ...                       # LLM_MODEL=anthropic:any   ANTHROPIC_BASE_URL=server.anthropic
    assert server.asked[0].prompt.startswith("You triage incidents")

Each request takes the next turn of the script, and the last turn stays for all requests after it.
A turn is what one of the functions `says … floods` returns, or a function of the request that
returns one. It listens on loopback, one connection a request, in the event loop of the test. A
process started by the test may talk to it as well; a blocking call must go to a thread.

What a reply costs is said in the turn: `input_tokens` counts all the input, cached included, on
both wires (Anthropic's own counting leaves the cached out, and so does its reply here).
"""

import asyncio
import json
from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field, replace

from tests.llm_wire import Asked, Stop, Turn, body_of

Scripted = Turn | Callable[[Asked], Turn]


def says(
    text: str,
    *,
    input_tokens: int = 1500,
    cached_tokens: int = 1200,
    output_tokens: int = 60,
    stop: Stop = "end",
    model: str = "",
) -> Turn:
    """Answer `text`, which is the arguments of the tool where one is demanded; 200.

    `stop` is why it ends: "length" at the limit of tokens, "filter" for the provider's filter.
    """
    return Turn(text, input_tokens, cached_tokens, output_tokens, stop, model)


def chats(text: str) -> Turn:
    """Answer in words although a schema or a tool was demanded: a server that fails open."""
    return replace(says(text), as_text=True)


def fails(
    status: int, message: str = "no", *, code: str = "", retry_after_s: float | None = None
) -> Turn:
    """Answer an error of this status in the shape of the wire that asked."""
    headers = {} if retry_after_s is None else {"retry-after": f"{retry_after_s:g}"}
    return Turn(status=status, message=message, code=code, headers=headers)


def overflows() -> Turn:
    """Answer that the context is longer than the window, in the words of the wire."""
    words = "prompt is too long: maximum context length is 8192 tokens, you sent 9000"
    return fails(400, words, code="context_length_exceeded")


def drops() -> Turn:
    """Close the connection without a word."""
    return Turn(cut_at=0)


def breaks_off(text: str = '{"step": "..."}') -> Turn:
    """Send half of a reply, then close the connection."""
    return replace(says(text), cut_at=60)


def mumbles() -> Turn:
    """Answer 200 with a body that stops in the middle of its JSON."""
    return Turn(raw=b'{"id": "x", "choices": [{"ind')


def stalls() -> Turn:
    """Never answer; the connection stays open until the client gives up."""
    return Turn(answers=False)


def waits(held: asyncio.Event, then: Turn) -> Turn:
    """Answer `then` once the event is set."""
    return replace(then, held=held)


def redirects(to: str) -> Turn:
    """Answer that the model has moved."""
    return Turn(status=307, raw=b"", headers={"location": to})


def floods(size: int) -> Turn:
    """Answer 200 with so many bytes."""
    return Turn(raw=b" " * size)


@dataclass(slots=True)
class LanguageServer:
    """The running server; `asked` are the requests so far, oldest first."""

    script: Sequence[Scripted]
    port: int = 0
    asked: list[Asked] = field(default_factory=list[Asked])
    _came: asyncio.Condition = field(default_factory=asyncio.Condition)

    @property
    def anthropic(self) -> str:
        """What ANTHROPIC_BASE_URL is set to."""
        return f"http://127.0.0.1:{self.port}"

    @property
    def openai(self) -> str:
        """What OPENAI_BASE_URL is set to."""
        return f"{self.anthropic}/v1"

    async def until_asked(self, times: int = 1) -> None:
        """Wait until so many requests have come."""
        async with self._came:
            await self._came.wait_for(lambda: len(self.asked) >= times)

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Answer the one request of a connection."""
        try:
            await self._answer(await _read(reader), reader, writer)
        except (asyncio.IncompleteReadError, ConnectionError):
            pass  # the client went away
        finally:
            writer.close()
            with suppress(ConnectionError):
                await writer.wait_closed()

    async def _answer(
        self, asked: Asked, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        turn = self.script[min(len(self.asked), len(self.script) - 1)]
        async with self._came:
            self.asked.append(asked)
            self._came.notify_all()
        turn = turn if isinstance(turn, Turn) else turn(asked)
        if turn.held is not None:
            await turn.held.wait()
        if not turn.answers:
            await reader.read()  # until the client closes
        elif turn.cut_at != 0:
            await _write(writer, turn, body_of(asked, turn))


@asynccontextmanager
async def language_server(*script: Scripted) -> AsyncGenerator[LanguageServer]:
    """Yield a server on loopback that plays the script; it is gone afterwards."""
    server = LanguageServer(script)
    tasks = set[asyncio.Task[None]]()

    def connected(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.create_task(server.serve(reader, writer))
        tasks.add(task)
        task.add_done_callback(tasks.discard)

    listening = await asyncio.start_server(connected, "127.0.0.1", 0)
    server.port = listening.sockets[0].getsockname()[1]
    try:
        yield server
    finally:
        listening.close()
        for task in tuple(tasks):
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def _read(reader: asyncio.StreamReader) -> Asked:
    head = (await reader.readuntil(b"\r\n\r\n")).decode().split("\r\n")
    headers = {
        name.strip().lower(): value.strip()
        for name, _, value in (line.partition(":") for line in head[1:] if line)
    }
    raw = await reader.readexactly(int(headers.get("content-length", "0")))
    return Asked(head[0].split()[1], headers, json.loads(raw) if raw else {}, raw)


async def _write(writer: asyncio.StreamWriter, turn: Turn, body: bytes) -> None:
    headers = {
        "content-type": "application/json",
        "content-length": str(len(body)),
        "connection": "close",
        **turn.headers,
    }
    lines = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
    writer.write(f"HTTP/1.1 {turn.status} said\r\n{lines}\r\n".encode() + body[: turn.cut_at])
    await writer.drain()
