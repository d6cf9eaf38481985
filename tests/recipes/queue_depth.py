"""How many messages wait in a queue, as `QUEUE_URL` answers."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import Literal

from pydantic import TypeAdapter

from bot.incident.model import Observation, Value
from bot.shelf import Needs, Tool, ToolResult
from tools.http import Call, Remote, client


class QueueDepth(Value):
    """The queue to look at; the names are fixed here, so no alert can bring in another."""

    queue: Literal["mail", "orders"]


class _Looking:
    def __init__(self, remote: Remote) -> None:
        self._remote = remote

    async def run(self, args: QueueDepth) -> ToolResult:
        answer = await self._remote.get(Call("GET", f"/queues/{args.queue}"))
        waiting = answer.parse(TypeAdapter(dict[str, int]))["waiting"]
        fact = Observation(name="waiting", value=waiting)
        return ToolResult(f"{waiting} messages wait in {args.queue}", (fact,), answer.json())


@asynccontextmanager
async def _open(needs: Needs) -> AsyncGenerator[_Looking | None]:
    url = needs.secret("QUEUE_URL")
    async with client(needs, lambda: (url,)) as http:
        yield _Looking(Remote(http, "queue", url)) if url else None


queue_depth = Tool(
    name="queue_depth",
    kind="read",
    version="1",
    description="Count the messages that wait in a queue. Facts: waiting.",
    args=QueueDepth,
    open=_open,
    facts=("waiting",),
    secrets=("QUEUE_URL",),
)
