"""What changed lately in a service: deploys, configuration and flags the bot was told of."""

from collections.abc import AsyncGenerator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime

from pydantic import Field

from bot.incident.model import Change, Observation, Value
from bot.shelf import Needs, Tool, ToolResult, of_inventory
from tools.words import bounded, duration, line, plural


class ChangesRecent(Value):
    """Changes of `service` (of all services when empty) in the last `window_s` seconds."""

    service: str = Field(
        max_length=200,
        description="A service's name; empty means all.",
        json_schema_extra=of_inventory("services"),
    )
    window_s: int = Field(
        default=86400, strict=True, ge=60, le=30 * 86400, description="Seconds to look back."
    )


@dataclass(frozen=True, slots=True)
class Recent:
    """`changes_recent`, opened."""

    changes: Callable[[str, float], Awaitable[Sequence[Change]]]
    now: Callable[[], datetime]

    async def run(self, args: ChangesRecent) -> ToolResult:
        """Look the changes up; the newest one makes the facts."""
        found = await self.changes(args.service, args.window_s)
        newest_first = sorted(found, key=lambda change: change.at, reverse=True)
        count = Observation(name="count", value=len(newest_first))
        asked = f"in the last {duration(args.window_s)}"
        whose = args.service or "all services"
        body = bounded([change.model_dump(mode="json") for change in newest_first])
        if not newest_first:
            return ToolResult(line(f"no change of {whose} {asked}"), (count,), body)
        latest = newest_first[0]
        age_s = max(0, int((self.now() - latest.at).total_seconds()))
        facts = (
            count,
            Observation(name="latest_version", value=latest.version),
            Observation(name="latest_previous", value=latest.previous),
            Observation(name="latest_age_s", value=age_s, unit="s"),
            Observation(name="latest_by", value=latest.by),
            Observation(name="latest_kind", value=latest.kind),
        )
        counted = plural(len(newest_first), "change")
        told = f"{counted} of {whose} {asked}; latest: {_told(latest)}, {duration(age_s)} ago"
        return ToolResult(line(told), facts, body)


@asynccontextmanager
async def open_recent(needs: Needs) -> AsyncGenerator[Recent]:
    """Yield the look-up; it needs nothing but the bot's own log."""
    yield Recent(needs.changes, needs.now)


def _told(change: Change) -> str:
    came = f" (before: {change.previous})" if change.previous else ""
    by = f" by {change.by}" if change.by else ""
    return f"{change.kind} {change.version or change.title}{came}{by}"


changes_recent = Tool(
    name="changes_recent",
    kind="read",
    version="1",
    description=(
        "List deploys, configuration and flag changes of a service. Facts: count, and of the "
        "newest one latest_version, latest_previous, latest_age_s, latest_by, latest_kind."
    ),
    args=ChangesRecent,
    open=open_recent,
    facts=(
        "count",
        "latest_version",
        "latest_previous",
        "latest_age_s",
        "latest_by",
        "latest_kind",
    ),
)
