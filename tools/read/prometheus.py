"""Prometheus, or what speaks its query API: an expression now, or over the last minutes."""

import math
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Annotated

from pydantic import AfterValidator, Field, JsonValue, SecretStr

from bot.errors import RemoteError, ToolError
from bot.incident.model import Observation, Value
from bot.settings import Section
from bot.shelf import Needs, Tool, ToolResult
from tools import address
from tools.configured import configured
from tools.credential import bearer
from tools.http import Call, Remote, client
from tools.read.series import (
    REPLY,
    Reply,
    instant_facts,
    instant_summary,
    kept,
    range_facts,
    range_summary,
    series,
    text,
)
from tools.words import line, plural

MAX_POINTS = 200


class Settings(Section, env_prefix="PROMETHEUS_"):
    """Without `PROMETHEUS_URL` both tools stay off the shelf."""

    url: Annotated[str, AfterValidator(address.base)] | None = Field(
        default=None, description="Address of Prometheus, with its path prefix if it has one."
    )
    token: SecretStr = Field(default=SecretStr(""), description="Bearer token, if it wants one.")


class PrometheusQuery(Value):
    """One PromQL expression, evaluated now. `unit` is what its value is measured in."""

    query: str = Field(min_length=1, max_length=2000, description="A PromQL expression.")
    unit: str = Field(default="", max_length=32, description="Unit of the value, such as s.")


class PrometheusRange(PrometheusQuery):
    """One PromQL expression over the last `minutes`."""

    minutes: int = Field(default=60, strict=True, ge=1, le=1440, description="Minutes to look.")


@dataclass(frozen=True, slots=True)
class Query:
    """`prometheus_query`, opened."""

    remote: Remote

    async def run(self, args: PrometheusQuery) -> ToolResult:
        """Evaluate the expression now."""
        reply = await _ask(self.remote, "/api/v1/query", {"query": args.query})
        if reply.data and (words := text(reply.data)) is not None:
            return _said(args, reply, words)
        found = series(reply.data) if reply.data else []
        return ToolResult(
            summary=_warned(instant_summary(args.query, found, args.unit), reply),
            facts=instant_facts(found, args.unit),
            body=kept(args.model_dump(mode="json"), reply, found),
        )


@dataclass(frozen=True, slots=True)
class Range:
    """`prometheus_range`, opened."""

    remote: Remote
    now: Callable[[], datetime]

    async def run(self, args: PrometheusRange) -> ToolResult:
        """Evaluate the expression at up to 200 moments of the window, the last one now."""
        end = self.now()
        start = end - timedelta(minutes=args.minutes)
        step_s = max(1, math.ceil(args.minutes * 60 / (MAX_POINTS - 1)))
        form = {
            "query": args.query,
            "start": f"{start.timestamp():.3f}",
            "end": f"{end.timestamp():.3f}",
            "step": str(step_s),
        }
        reply = await _ask(self.remote, "/api/v1/query_range", form)
        found = series(reply.data) if reply.data else []
        asked: JsonValue = {**args.model_dump(mode="json"), "step_s": step_s}
        return ToolResult(
            summary=_warned(range_summary(args.query, args.minutes, found, args.unit), reply),
            facts=range_facts(found, args.unit),
            body=kept(asked, reply, found),
        )


@asynccontextmanager
async def open_query(needs: Needs) -> AsyncGenerator[Query | None]:
    """Yield the instant query, or None without `PROMETHEUS_URL`."""
    async with _connected(needs) as remote:
        yield Query(remote) if remote else None


@asynccontextmanager
async def open_range(needs: Needs) -> AsyncGenerator[Range | None]:
    """Yield the range query, or None without `PROMETHEUS_URL`."""
    async with _connected(needs) as remote:
        yield Range(remote, needs.now) if remote else None


@asynccontextmanager
async def _connected(needs: Needs) -> AsyncGenerator[Remote | None]:
    settings = configured(Settings, needs)
    url = settings.url
    if url is None:
        yield None
        return
    credential = bearer(settings.token.get_secret_value(), "PROMETHEUS_TOKEN")
    async with client(needs, lambda: (url,)) as http:
        yield Remote(http, "prometheus", url, credential)


async def _ask(remote: Remote, path: str, form: dict[str, str]) -> Reply:
    answer = await remote.send(Call("POST", path, form=form))
    try:
        reply = answer.parse(REPLY)
    except RemoteError:
        if answer.ok:
            raise
        raise answer.refusal() from None
    said = line(f"{reply.kind}: {reply.error}", 300) if reply.error else ""
    if answer.status in {400, 422} or (answer.ok and reply.status == "error"):
        raise ToolError(f"prometheus: {said or 'refused the query and did not say why'}")
    if not answer.ok:
        raise answer.refusal(said)
    return reply


def _said(args: PrometheusQuery, reply: Reply, words: str) -> ToolResult:
    body: JsonValue = {"asked": args.model_dump(mode="json"), "type": "string", "text": words}
    facts = (Observation(name="value", value=words), Observation(name="series", value=0))
    return ToolResult(_warned(f"{line(args.query, 120)}: {words}", reply), facts, body)


def _warned(summary: str, reply: Reply) -> str:
    count = len(reply.warnings)
    return line(f"{plural(count, 'warning')}; {summary}") if count else line(summary)


prometheus_query = Tool(
    name="prometheus_query",
    kind="read",
    version="1",
    description=(
        "Evaluate a PromQL expression now. Facts: value (the largest of all series), series (how "
        "many), min, max, worst (labels of the largest). Without data only series = 0 is known."
    ),
    args=PrometheusQuery,
    open=open_query,
    facts=("value", "series", "min", "max", "worst"),
    settings=Settings,
)

prometheus_range = Tool(
    name="prometheus_range",
    kind="read",
    version="1",
    description=(
        "Evaluate a PromQL expression over the last minutes. Facts describe the series with the "
        "highest peak: first, last, min, max, avg, points, change_ratio (last / first, absent "
        "when first is 0); series counts all of them."
    ),
    args=PrometheusRange,
    open=open_range,
    facts=("first", "last", "min", "max", "avg", "points", "series", "change_ratio"),
    settings=Settings,
)
