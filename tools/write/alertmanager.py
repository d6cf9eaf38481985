"""Silences alerts in Alertmanager for a while; it ends by itself, and never hides everything."""

import re
from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta

from pydantic import Field, JsonValue, SecretStr, TypeAdapter

from bot.errors import RemoteError, ToolError
from bot.incident.model import Observation, Predicate, Probe, Value
from bot.settings import Section
from bot.shelf import ActionCall, Assurance, Needs, Plan, Tool, ToolResult
from tools.alertmanager import Address, Matcher, connected, kept, silences, written
from tools.configured import configured
from tools.http import Call, Remote, Shape, unsent
from tools.words import duration, line, plural

PREVIEW_LINES = 20
LABELS_SHOWN = 5
CHECKS_S = (5, 60)
"""When a silence is looked at afterwards, as long as it lasts."""
UNNAMED = "triagebot"
"""Who made a silence when no approver is named."""

STRANGERS = ("", "x", "Zq-7", "10.1.2.3", "some_other_name")
"""Values that have nothing in common: a pattern that takes two of them takes anything."""


class Settings(Section, env_prefix="ALERTMANAGER_"):
    """Silencing has a token of its own, which no read tool is handed (E-08)."""

    url: Address | None = Field(
        default=None, description="Address of Alertmanager, with its path prefix if it has one."
    )
    token: SecretStr = Field(
        default=SecretStr(""), description="Bearer token to silence with, if it wants one."
    )
    silence_max_alerts: int = Field(
        default=50, ge=1, le=1000, description="Active alerts one silence may hide."
    )


class AlertmanagerSilence(Value):
    """Silence the alerts that all `matchers` match, for `duration_s` seconds from approval."""

    matchers: tuple[Matcher, ...] = Field(min_length=1, max_length=10)
    duration_s: int = Field(strict=True, ge=60, le=86400, description="Seconds, at most a day.")
    comment: str = Field(
        min_length=1, max_length=500, pattern=r"^[^\x00-\x1f\x7f]*$", description="Why."
    )


class ActiveAlert(Shape):
    """An alert Alertmanager holds, as far as a preview goes."""

    labels: dict[str, str]
    starts_at: datetime = Field(alias="startsAt")


class Created(Shape):
    """What Alertmanager answers to a new silence."""

    id: str = Field(alias="silenceID")


ALERTS = TypeAdapter(tuple[ActiveAlert, ...])
CREATED = TypeAdapter(Created)


@dataclass(frozen=True, slots=True)
class Silencing:
    """`alertmanager_silence`, opened."""

    remote: Remote
    max_alerts: int
    now: Callable[[], datetime]

    async def plan(self, args: AlertmanagerSilence) -> Plan:
        """Say which active alerts would fall silent.

        Raises:
            ToolError: The matchers match everything, nothing, or more than allowed.
        """
        found = await self._matched(args)
        matchers = written(args.matchers)
        verified = Probe(
            title="silence is active",
            tool="alertmanager_silences",
            args={"comment_contains": args.comment, "matchers": matchers},
            expect=Predicate(fact="matching", op="ge", value=1),
        )
        plain = {one.name: one.value for one in args.matchers if one.sign == "="}
        return Plan(
            action="alertmanager_silence",
            title=line(f"Silence {matchers} for {duration(args.duration_s)}", 200),
            target=f"alertmanager: {matchers}",
            environment=plain.get("env", plain.get("environment", "")),
            service=plain.get("service", ""),
            risk="low",
            preview=_preview(args, found),
            previewed=True,
            undo=None,
            verify=(verified,),
            verify_after_s=tuple(at for at in CHECKS_S if at < args.duration_s),
            ends=f"It ends by itself after {duration(args.duration_s)}.",
            targets=len(found),
        )

    def declared(self, args: AlertmanagerSilence) -> str:
        """Return "": the arguments say all there is to a silence."""
        _ = args
        return ""

    async def run(self, args: AlertmanagerSilence, call: ActionCall) -> ToolResult:
        """Make the silence, after one more look that it hides neither nothing nor too much."""
        try:
            await self._matched(args)
        except RemoteError as error:
            raise unsent(error) from None
        begins = self.now()
        ends = begins + timedelta(seconds=args.duration_s)
        body: JsonValue = {
            "matchers": [
                {
                    "name": one.name,
                    "value": one.value,
                    "isRegex": one.is_regex,
                    "isEqual": one.is_equal,
                }
                for one in args.matchers
            ],
            "startsAt": begins.isoformat(),
            "endsAt": ends.isoformat(),
            "createdBy": call.by or UNNAMED,
            "comment": f"{args.comment} {_mark(call.key)}",
        }
        answer = await self.remote.send(Call("POST", "/api/v2/silences", body=body))
        if answer.refused:
            raise ToolError(line(f"alertmanager refused, nothing was silenced: {answer.text()}"))
        if not answer.ok:
            raise answer.refusal(answer.text())
        made = answer.parse(CREATED).id
        return ToolResult(
            summary=line(f"silenced {written(args.matchers)} until {ends:%Y-%m-%d %H:%M} UTC"),
            facts=(Observation(name="silence_id", value=made),),
            body={"asked": body, "silence_id": made},
        )

    async def read_back(self, args: AlertmanagerSilence, key: str) -> ToolResult | None:
        """Look for the silence that carries the key: `run` left one, or did nothing."""
        _ = args
        mark = _mark(key)
        found = next((one for one in await silences(self.remote) if mark in one.comment), None)
        if found is None:
            return ToolResult("no silence carries this attempt's mark: none was made", ok=False)
        return ToolResult(
            summary=line(f"the silence was made, it is {found.state}"),
            facts=(Observation(name="silence_id", value=found.id),),
            body=kept(found),
        )

    async def _matched(self, args: AlertmanagerSilence) -> tuple[ActiveAlert, ...]:
        if not any(_selective(one) for one in args.matchers):
            raise ToolError(
                "these matchers match every alert; name at least one label with = and a value"
            )
        query = (
            ("active", "true"),
            ("silenced", "false"),
            *(("filter", one.written) for one in args.matchers),
        )
        answer = await self.remote.send(Call("GET", "/api/v2/alerts", query))
        if answer.status in {400, 422}:
            raise ToolError(line(f"alertmanager cannot read the matchers: {answer.text()}"))
        if not answer.ok:
            raise answer.refusal()
        found = answer.parse(ALERTS)
        if not found:
            raise ToolError("no active alert matches that is not silenced already")
        if len(found) > self.max_alerts:
            raise ToolError(
                f"{len(found)} active alerts match, more than the {self.max_alerts} one silence "
                f"may hide; add a matcher, or raise ALERTMANAGER_SILENCE_MAX_ALERTS"
            )
        return tuple(sorted(found, key=lambda one: sorted(one.labels.items())))


@asynccontextmanager
async def open_silence(needs: Needs) -> AsyncGenerator[Silencing | None]:
    """Yield the action, or None without `ALERTMANAGER_URL`."""
    made = configured(Settings, needs)
    async with connected(needs, made.url, made.token, "ALERTMANAGER_TOKEN") as remote:
        yield Silencing(remote, made.silence_max_alerts, needs.now) if remote else None


def _selective(matcher: Matcher) -> bool:
    """Return whether this matcher can leave an alert out that has nothing to do with it.

    Raises:
        ToolError: The pattern cannot be read.
    """
    if not matcher.is_equal or not matcher.value:
        return False
    if not matcher.is_regex:
        return True
    try:
        pattern = re.compile(matcher.value)
    except (re.error, OverflowError, RecursionError):
        raise ToolError(f"the pattern of {matcher.name} cannot be read; correct it") from None
    return sum(pattern.fullmatch(one) is not None for one in STRANGERS) < 2


def _preview(args: AlertmanagerSilence, found: Sequence[ActiveAlert]) -> str:
    lasts = duration(args.duration_s)
    told = [f"{plural(len(found), 'active alert')} would be silenced for {lasts}:"]
    told += [f"- {_named(one)}" for one in found[:PREVIEW_LINES]]
    if len(found) > PREVIEW_LINES:
        told.append(f"and {len(found) - PREVIEW_LINES} more")
    return "\n".join(told)


def _named(alert: ActiveAlert) -> str:
    others = sorted((name, value) for name, value in alert.labels.items() if name != "alertname")
    labels = " ".join(f"{name}={value}" for name, value in others[:LABELS_SHOWN])
    since = f"since {alert.starts_at:%Y-%m-%d %H:%M} UTC"
    return line(f"{alert.labels.get('alertname', '(no name)')} {line(labels, 140)} {since}", 240)


def _mark(key: str) -> str:
    return f"[triage {key}]"


alertmanager_silence = Tool(
    name="alertmanager_silence",
    kind="action",
    version="1",
    description=(
        "Silence alerts in Alertmanager for up to a day. The preview lists the active alerts it "
        "would hide; it refuses to hide everything, nothing, or more than allowed. It ends by "
        "itself. Facts: silence_id."
    ),
    args=AlertmanagerSilence,
    open=open_silence,
    facts=("silence_id",),
    settings=Settings,
    timeout_s=20.0,
    assurance=Assurance(preview="shown", verify="probed", undo="ends"),
)
