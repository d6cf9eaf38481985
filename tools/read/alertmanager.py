"""Which silences are active in Alertmanager; it makes none."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass

from pydantic import Field, JsonValue, SecretStr

from bot.incident.model import Observation, Value
from bot.settings import Section
from bot.shelf import Needs, Tool, ToolResult
from tools.alertmanager import Address, connected, kept, silences, written
from tools.configured import configured
from tools.http import Remote
from tools.words import bounded, line, plural

KEPT_SILENCES = 50


class Settings(Section, env_prefix="ALERTMANAGER_"):
    """Without `ALERTMANAGER_URL` its tools stay off the shelf."""

    url: Address | None = Field(
        default=None, description="Address of Alertmanager, with its path prefix if it has one."
    )
    read_token: SecretStr = Field(
        default=SecretStr(""), description="Bearer token to look with, if it wants one."
    )


class AlertmanagerSilences(Value):
    """Count active silences whose comment contains a text, and whose matchers are these."""

    comment_contains: str = Field(max_length=600, description="Text to find; empty finds all.")
    matchers: str = Field(
        default="",
        max_length=4000,
        description='Exactly these matchers, such as alertname="A", service="b"; empty: any.',
    )


@dataclass(frozen=True, slots=True)
class Silences:
    """`alertmanager_silences`, opened."""

    remote: Remote

    async def run(self, args: AlertmanagerSilences) -> ToolResult:
        """Count them."""
        active = [one for one in await silences(self.remote) if one.state == "active"]
        matching = [
            one
            for one in active
            if args.comment_contains in one.comment and args.matchers in {"", written(one.matchers)}
        ]
        shown: list[JsonValue] = [kept(one) for one in matching[:KEPT_SILENCES]]
        return ToolResult(
            summary=line(f"{plural(len(active), 'active silence')}, {len(matching)} as asked"),
            facts=(
                Observation(name="active", value=len(active)),
                Observation(name="matching", value=len(matching)),
            ),
            body=bounded({"asked": args.model_dump(mode="json"), "matching": shown}),
        )


@asynccontextmanager
async def open_silences(needs: Needs) -> AsyncGenerator[Silences | None]:
    """Yield the look-up, or None without `ALERTMANAGER_URL`."""
    settings = configured(Settings, needs)
    name = "ALERTMANAGER_READ_TOKEN"
    async with connected(needs, settings.url, settings.read_token, name) as remote:
        yield Silences(remote) if remote else None


alertmanager_silences = Tool(
    name="alertmanager_silences",
    kind="read",
    version="1",
    description=(
        "Count Alertmanager's active silences. Facts: active (all of them), matching (those with "
        "this text in their comment and, where given, exactly these matchers)."
    ),
    args=AlertmanagerSilences,
    open=open_silences,
    facts=("active", "matching"),
    settings=Settings,
)
