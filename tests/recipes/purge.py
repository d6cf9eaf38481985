"""Empties the cache of one site, at `CACHE_URL`; it fills again by itself."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import Literal

from bot.errors import ToolError
from bot.incident.model import Predicate, Probe, Value
from bot.shelf import ActionCall, Assurance, Needs, Plan, Tool, ToolResult
from tools.http import Call, Remote, client


class CachePurge(Value):
    """The site whose cache is emptied."""

    site: Literal["blog", "shop"]


class _Purging:
    def __init__(self, remote: Remote) -> None:
        self._remote = remote

    def declared(self, args: CachePurge) -> str:
        _ = args  # the arguments say it all; a job would return the digest of its declaration
        return ""

    async def plan(self, args: CachePurge) -> Plan:
        answers = Probe(
            title=f"{args.site} still answers",
            tool="http_probe",
            args={"service": args.site, "probe": "health"},
            expect=Predicate(fact="ok", op="eq", value=True),
        )
        return Plan(
            action="cache_purge",
            title=f"Empty the cache of {args.site}",
            target=f"cache of {args.site}",
            environment="production",
            service=args.site,
            risk="medium",
            preview=f"POST /purge/{args.site}; every page is made anew once",
            previewed=True,
            undo=None,
            ends="Every page is made anew when somebody asks for it.",
            verify=(answers,),
        )

    async def run(self, args: CachePurge, call: ActionCall) -> ToolResult:
        headers = {"idempotency-key": call.key}
        answer = await self._remote.send(Call("POST", f"/purge/{args.site}", headers=headers))
        if answer.refused:
            raise ToolError(f"the cache refused, nothing was emptied: {answer.text()}")
        if not answer.ok:
            raise answer.refusal(answer.text())  # what became of it is unknown
        return ToolResult(f"the cache of {args.site} is empty")

    async def read_back(self, args: CachePurge, key: str) -> ToolResult | None:
        _ = args, key  # the cache keeps no record, so an interrupted purge stays unknown
        return None


@asynccontextmanager
async def _open(needs: Needs) -> AsyncGenerator[_Purging | None]:
    url = needs.secret("CACHE_URL")
    async with client(needs, lambda: (url,)) as http:
        yield _Purging(Remote(http, "cache", url)) if url else None


cache_purge = Tool(
    name="cache_purge",
    kind="action",
    version="1",
    description="Empty the cache of one site; it fills again by itself. Facts: none.",
    args=CachePurge,
    open=_open,
    assurance=Assurance(preview="shown", verify="probed", undo="ends"),
)
