"""How an adapter declares itself, and how a package collects the declarations."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any, Literal, Protocol, TextIO, TypeVar, runtime_checkable

from pydantic import JsonValue

from bot.errors import ConfigError
from bot.incident.json_schema import INVENTORY
from bot.incident.model import Alert, Change, Observation, Probe, Risk, Value
from bot.incident.proposal import Undo
from bot.ports import Channel
from bot.settings import Section

if TYPE_CHECKING:  # a command that opens no adapter need not pay for the client
    from httpx import AsyncBaseTransport


@dataclass(frozen=True, slots=True)
class Parsed:
    """What an authentic payload says. Both empty: no alert, not an error.

    `group_key` is the source's own grouping; `truncated` counts alerts the source left out.
    `dedupe` names the message where the sender gives it an id, else "".
    """

    alerts: tuple[Alert, ...] = ()
    group_key: str = ""
    truncated: int = 0
    dedupe: str = ""


@dataclass(frozen=True, slots=True)
class Source:
    """A monitoring system: what its webhook means. Verification is the door's (`hooks.yaml`).

    `parse(payload, fields)` is pure; `fields` are the route's field pointers (generic JSON only).
    It raises InputError for garbage and nothing else. `swift(body)` may read the commonest bodies
    without the general reader: it returns what `parse` would, or None to have `parse` called.
    """

    name: str
    parse: Callable[[JsonValue, Mapping[str, str]], Parsed]
    example: Callable[[datetime], JsonValue]
    swift: Callable[[bytes], Parsed | None] | None = None


@dataclass(frozen=True, slots=True)
class ToolResult:
    """What a tool saw or did.

    `summary` is one line for humans (≤ 400 characters), `facts` its typed core, `body` the raw
    result (JSON, ≤ 256 kB, kept as evidence). `ok` False: an action answered that it failed.
    """

    summary: str
    facts: tuple[Observation, ...] = ()
    body: JsonValue = None
    ok: bool = True
    link: str = ""


class ReadTool(Protocol):
    """An opened read tool: looks, and changes nothing."""

    async def run(self, args: Any) -> ToolResult:  # noqa: ANN401 - the tool's own args model
        """Look; `args` is an instance of the declaration's `args`.

        Raises:
            ToolError: It could not look.
        """
        ...


@dataclass(frozen=True, slots=True)
class Plan:
    """What an action would do with given arguments; computed by code before humans are asked.

    `preview` is text humans see ("" never: say "no preview available" and set `previewed` False,
    which raises the risk by one class, E-32).
    `action` is the name policy rules match: the tool, or `tool:job`.
    `targets` counts what it changes at once: many raise the risk (E-21).
    `undo` None means irreversible, which is high risk, unless `ends` says how it ends by itself or
    why nothing needs taking back. `before` is the captured state an undo needs.
    """

    action: str
    title: str
    target: str
    environment: str
    service: str
    risk: Risk
    preview: str
    previewed: bool
    undo: Undo | None
    preconditions: tuple[Probe, ...] = ()
    verify: tuple[Probe, ...] = ()
    verify_after_s: tuple[int, ...] = (60, 300, 900)
    ends: str = ""
    before: str = ""
    targets: int = 1


@dataclass(frozen=True, slots=True)
class ActionCall:
    """One granted execution, as the target may know it.

    `key` is an idempotency key, the same for `run` and `read_back`. `by` holds the canonical names
    of those who approved, comma separated ("" when not known), for audit at the target.
    """

    key: str
    by: str


class Action(Protocol):
    """An opened action: changes something, only ever called with a Grant's exact arguments."""

    def declared(self, args: Any) -> str:  # noqa: ANN401 - each tool has its own
        """Return what defines this action besides its arguments and the tool's version.

        Hex SHA-256, or "" when nothing does. It becomes part of the proposal's `tool_version`, so
        a job edited between approval and execution is refused.

        Raises:
            ToolError: What the arguments name is not declared, or cannot be read.
        """
        ...

    async def plan(self, args: Any) -> Plan:  # noqa: ANN401 - each tool has its own
        """Say what `run` would do; reads only.

        Raises:
            ToolError: The target cannot be read or refuses these arguments.
        """
        ...

    async def run(self, args: Any, call: ActionCall) -> ToolResult:  # noqa: ANN401 - each tool has its own
        """Act once.

        Raises:
            RemoteError: `sent` False when certainly nothing was sent.
            ToolError: The target refused.
        """
        ...

    async def read_back(self, args: Any, key: str) -> ToolResult | None:  # noqa: ANN401 - each tool has its own
        """Say whether an interrupted `run` took effect; None when it cannot be told."""
        ...


@runtime_checkable
class Choosy(Protocol):
    """An action that says for each call what its declaration allows at most."""

    def cancellable(self, args: Any) -> bool:  # noqa: ANN401 - each tool has its own
        """Tell whether a call with these arguments may be cut off in the middle."""
        ...

    def idempotent(self, args: Any) -> bool:  # noqa: ANN401 - each tool has its own
        """Tell whether a call with these arguments that was never sent may be made again."""
        ...


@dataclass(frozen=True, slots=True)
class Needs:
    """What the composition root hands to `open`: nothing else reaches an adapter.

    `folder(name)` returns the parsed YAML of a file in the knowledge folder, {} when absent.
    `secret(name)` returns a secret from the environment (or `NAME_FILE`), "" when unset.
    `console` is the terminal cards are printed on, None for no printing. `transport` stands in for
    the network in tests.
    """

    folder: Callable[[str], JsonValue]
    secret: Callable[[str], str]
    changes: Callable[[str, float], Awaitable[Sequence[Change]]]
    now: Callable[[], datetime]
    console: TextIO | None = None
    transport: "AsyncBaseTransport | None" = None


@dataclass(frozen=True, slots=True)
class Assurance:
    """What an action promises to whoever approves it; without one no rule may enable it (law 10).

    `preview`: its plan shows what would happen, or it has none. `verify`: its plan's probes check
    afterwards whether it worked; there is no way around that. `undo`: its plan brings the inverse
    action, or says how it ends by itself, or it is irreversible. `declared`: as the operator's own
    file says of each, and `check` looks there.
    """

    preview: Literal["shown", "none", "declared"]
    verify: Literal["probed", "declared"]
    undo: Literal["inverse", "ends", "irreversible", "declared"]


NOTHING_FITS: dict[str, JsonValue] = {"not": {}}
"""The closed schema of an install that declares nothing the tool could be used on."""


@dataclass(frozen=True, slots=True)
class Tool:
    """One entry of the menu: declared without an SDK, opened when configured.

    `open(needs)` yields a ReadTool or an Action, or None when it is not configured. The
    description is what the model and the newcomer read. `schema(needs)` is the closed JSON schema
    of the arguments for this install, and raises ConfigError when a file it needs cannot be used;
    None: the args model's own. A read tool is handed no secret but the variables of its `settings`
    and those that `secrets` names (E-08). An action that is `cancellable` may be cut off in the
    middle by the kill switch; what became of it is then unknown (E-35). A call of an `idempotent`
    one that certainly was never sent is made again on the same grant (E-12). A `Choosy` action
    narrows both down for each call.
    """

    name: str
    kind: Literal["read", "action"]
    version: str
    description: str
    args: type[Value]
    open: Callable[[Needs], AbstractAsyncContextManager[ReadTool | Action | None]]
    facts: tuple[str, ...] = ()
    settings: type[Section] | None = None
    timeout_s: float = 10.0
    schema: Callable[[Needs], dict[str, JsonValue]] | None = None
    secrets: tuple[str, ...] = ()
    cancellable: bool = False
    idempotent: bool = False
    assurance: Assurance | None = None


@dataclass(frozen=True, slots=True)
class ChannelDeclaration:
    """One channel: opened when configured."""

    name: str
    open: Callable[[Needs], AbstractAsyncContextManager[Channel | None]]
    settings: type[Section] | None = None


class Named(Protocol):
    """Anything with a name of its own."""

    @property
    def name(self) -> str:
        """The name operators, the model and metrics use."""
        ...


def of_inventory(kind: str) -> dict[str, JsonValue]:
    """Return what an argument's JSON schema says besides, when it names one of the inventory.

    `Field(json_schema_extra=of_inventory("services"))`; the kinds are `services`, `versions`,
    `deployments`, `probes`, `jobs` and `evidence`. A model may then name only what the incident
    knows of that kind.
    """
    return {INVENTORY: kind}


T = TypeVar("T", bound=Named)


def shelf(names: Mapping[str, object], kind: type[T]) -> dict[str, T]:
    """Return the declarations of `kind` among `names` (a package's `globals()`), by name.

    Raises:
        ConfigError: Two declarations share a name.
    """
    found: dict[str, T] = {}
    for value in names.values():
        if isinstance(value, kind) and found.setdefault(value.name, value) is not value:
            raise ConfigError(f"two adapters are named {value.name!r}; rename one")
    return found
