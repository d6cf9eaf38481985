"""A local server that answers as told, and the Needs an adapter is opened with."""

from collections.abc import AsyncGenerator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import httpx
from pydantic import JsonValue
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.types import Receive, Scope, Send

from bot.incident.model import Change
from bot.shelf import Action, ActionCall, Needs, ReadTool, Tool, ToolResult

NOW = datetime(2031, 5, 4, 12, 0, tzinfo=UTC)
CANARY = "canary-7f3a9c1e"
ONCE = ActionCall(key="k1", by="dana")

Answering = Callable[[Request], Response]


@dataclass
class Asked:
    """One request the server saw."""

    method: str
    path: str
    query: list[tuple[str, str]]
    headers: Mapping[str, str]
    body: bytes


@dataclass
class Server:
    """Answers `METHOD /path` with the response (or what the function returns), else 404."""

    answers: dict[str, Answering | Response] = field(default_factory=dict[str, Any])
    asked: list[Asked] = field(default_factory=list[Asked])

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        request = Request(scope, receive)
        body = await request.body()
        self.asked.append(
            Asked(
                request.method,
                request.url.path,
                request.query_params.multi_items(),
                dict(request.headers),
                body,
            )
        )
        answer = self.answers.get(f"{request.method} {request.url.path}")
        if answer is None:
            answer = PlainTextResponse("no such path", 404)
        response = answer if isinstance(answer, Response) else answer(request)
        await response(scope, receive, send)

    def says(self, call: str, value: JsonValue, status: int = 200) -> None:
        self.answers[call] = JSONResponse(value, status)


def needs(
    transport: httpx.AsyncBaseTransport | Server | None = None,
    *,
    secrets: Mapping[str, str] | None = None,
    files: Mapping[str, JsonValue] | None = None,
    changes: Sequence[Change] = (),
) -> Needs:
    async def recent(service: str, window_s: float) -> Sequence[Change]:
        return [
            change
            for change in changes
            if service in {"", change.service} and (NOW - change.at).total_seconds() <= window_s
        ]

    if isinstance(transport, Server):
        transport = httpx.ASGITransport(transport)
    return Needs(
        folder=lambda name: (files or {}).get(name, {}),
        secret=lambda name: (secrets or {}).get(name, ""),
        changes=recent,
        now=lambda: NOW,
        transport=transport,
    )


@asynccontextmanager
async def reading(tool: Tool, given: Needs) -> AsyncGenerator[Callable[..., Any]]:
    """Yield `look(**args)`: the opened read tool behind its declared arguments."""
    async with tool.open(given) as opened:
        assert opened is not None
        assert tool.kind == "read"
        reader: ReadTool = opened  # pyright: ignore[reportAssignmentType]

        async def look(**args: JsonValue) -> ToolResult:
            return await reader.run(tool.args.model_validate(args))

        yield look


@asynccontextmanager
async def acting(tool: Tool, given: Needs) -> AsyncGenerator[Action]:
    """Yield the opened action."""
    async with tool.open(given) as opened:
        assert opened is not None
        assert tool.kind == "action"
        yield opened  # pyright: ignore[reportReturnType]


def facts(result: ToolResult) -> dict[str, object]:
    return {fact.name: fact.value for fact in result.facts}


class Failing(httpx.AsyncBaseTransport):
    """A network that fails as told."""

    def __init__(self, error: Exception) -> None:
        self.error = error

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        raise self.error
