"""The closed menu: what a StepModel may name, with which arguments; nothing on it is opened."""

import hashlib
import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from pydantic import JsonValue, ValidationError

from bot.errors import ToolError
from bot.incident.context import ToolOffer
from bot.incident.json_schema import INVENTORY
from bot.incident.model import Value
from bot.incident.state import State
from bot.incident.steps import MAX_CALLS, AskHuman, CallTools, Conclude, ProposeAction
from bot.knowledge.routes import MOST_TOOLS, AllowList
from bot.shelf import Tool, of_inventory

EVIDENCE_KIND = "evidence"


@dataclass(frozen=True, slots=True)
class Install:
    """What this install says of its tools, as of now.

    `schema_of` is the closed schema of a tool's arguments by its name, None where it has none of
    its own; `allow` is the operator's allow-list; `revision` changes whenever one of them may have.
    """

    schema_of: Callable[[str], Mapping[str, JsonValue] | None] = lambda _name: None
    allow: Callable[[], AllowList] = AllowList
    revision: Callable[[], str] = str


class Menu:
    """Names, kinds and argument models; it holds no tool, and nothing that could open one.

    Attributes:
        digest: Hex SHA-256 over the names, versions and schemas of the tools themselves.
    """

    def __init__(self, tools: Iterable[Tool], install: Install | None = None) -> None:
        listed = list(tools)
        self._install = install or Install()
        self._own = tuple(
            ToolOffer(tool.name, tool.description, tool.args.model_json_schema(), tool.kind)
            for tool in sorted(listed, key=lambda tool: tool.name)
        )
        self._reads = {tool.name: tool.args for tool in listed if tool.kind == "read"}
        self._actions = {tool.name: tool.args for tool in listed if tool.kind == "action"}
        self._closed: tuple[str, tuple[ToolOffer, ...]] | None = None
        named = [[tool.name, tool.version] for tool in listed]
        text = json.dumps([named, [[o.name, o.kind, dict(o.args_schema)] for o in self._own]])
        self.digest = hashlib.sha256(text.encode()).hexdigest()

    @property
    def allow(self) -> AllowList:
        """The operator's allow-list, as of now."""
        return self._install.allow()

    @property
    def offers(self) -> tuple[ToolOffer, ...]:
        """Everything on the menu that the operator allows, sorted by name."""
        revision, allow = self._install.revision(), self.allow
        if self._closed is None or self._closed[0] != revision:
            self._closed = (revision, tuple(map(self._close, self._own)))
        return tuple(_narrowed(one, allow) for one in self._closed[1] if allow.lets_use(one.name))

    def offers_for(self, state: State) -> tuple[ToolOffer, ...]:
        """Return what a StepModel may name in this incident, sorted by name, twelve at most.

        The tools of its specialist; of the actions, those its runbook permits; and evidence can be
        read once there is some.
        """
        loaded = state.run.context
        book = loaded.runbook if loaded is not None else None
        permitted = {action.tool for action in book.actions} if book is not None else set[str]()
        own = set(loaded.tools) if loaded is not None else set[str]()
        found = [
            one
            for one in self.offers
            if (one.kind == "read" or one.name in permitted)
            and (not own or one.name in own)
            and (state.run.seen or not _reads_evidence(one))
        ]
        if len(found) > MOST_TOOLS:
            used = permitted | ({step.tool for step in book.diagnose} if book else set[str]())
            found = sorted(found, key=lambda one: one.name not in used)[:MOST_TOOLS]
        return tuple(sorted(found, key=lambda one: one.name))

    def refusal(self, step: object, offers: Sequence[ToolOffer] | None = None) -> str:
        """Return why this is no Step of the menu, for whoever chose it; empty when it is (F-04).

        `offers` are what was offered in this incident; without them, all there is.
        """
        there = None if offers is None else {one.name for one in offers}
        match step:
            case CallTools(calls=calls):
                if not 1 <= len(calls) <= MAX_CALLS:
                    return f"1 to {MAX_CALLS} reads at once, not {len(calls)}"
                known = _among(self._reads, there)
                faults = (_fault("read", known, one.tool, one.args) for one in calls)
                return "; ".join(fault for fault in faults if fault)
            case ProposeAction():
                return _fault("action", _among(self._actions, there), step.tool, step.args)
            case AskHuman() | Conclude():
                return ""
            case _:
                return f"{type(step).__name__} is no Step"

    def _close(self, offer: ToolOffer) -> ToolOffer:
        closed = self._install.schema_of(offer.name)
        return offer if closed is None else replace(offer, args_schema=closed)


def check_allowed(allow: AllowList, tool: Tool, args: Mapping[str, JsonValue]) -> None:
    """Refuse what the operator's allow-list leaves out: the tool, or a service it would name.

    Raises:
        ToolError: It is not on the list.
    """
    if not allow.lets_use(tool.name):
        raise ToolError(f"{tool.name} is not on the allow-list of routes.yaml")
    for name, field in tool.args.model_fields.items():
        marked = field.json_schema_extra == of_inventory("services")
        service = args.get(field.alias or name)
        if marked and isinstance(service, str) and not allow.lets_name(service):
            raise ToolError(f"{service[:60]!r} is not on the allow-list of services in routes.yaml")


def parse_args(tool: Tool, args: Mapping[str, JsonValue]) -> Value:
    """Return the tool's typed arguments.

    Raises:
        ToolError: A field is missing, unknown or out of range; the message names the first three.
    """
    return _parsed(tool.name, tool.args, args)


def _parsed(name: str, kind: type[Value], args: Mapping[str, JsonValue]) -> Value:
    try:
        return kind.model_validate(dict(args))
    except ValidationError as error:
        faults = error.errors(include_url=False, include_input=False)[:3]
        words = "; ".join(f"{'.'.join(map(str, one['loc']))}: {one['msg']}" for one in faults)
        raise ToolError(f"{name} refuses its arguments: {words}") from None


def _among(known: Mapping[str, type[Value]], names: set[str] | None) -> Mapping[str, type[Value]]:
    return known if names is None else {n: kind for n, kind in known.items() if n in names}


def _fault(
    kind: str, known: Mapping[str, type[Value]], name: str, args: Mapping[str, JsonValue]
) -> str:
    if name not in known:
        there = ", ".join(sorted(known)) or "none"
        return f"there is no {kind} {name[:60]!r}; there is {there}"
    try:
        _parsed(name, known[name], args)
    except ToolError as error:
        return str(error)
    return ""


def _reads_evidence(offer: ToolOffer) -> bool:
    """Tell whether it names what this incident has seen."""
    members = offer.args_schema.get("properties")
    inner = members.values() if isinstance(members, dict) else ()
    return any(isinstance(one, dict) and one.get(INVENTORY) == EVIDENCE_KIND for one in inner)


def _narrowed(offer: ToolOffer, allow: AllowList) -> ToolOffer:
    """Return the offer with only those services that may be named."""
    if allow.services is None:
        return offer
    schema = _only(dict(offer.args_schema), list(allow.services))
    return replace(offer, args_schema=schema if isinstance(schema, dict) else {})


def _only(value: JsonValue, services: list[str]) -> JsonValue:
    match value:
        case {"inventory": "services"}:
            given = value.get("enum")
            known = [name for name in services if not isinstance(given, list) or name in given]
            return {**value, "enum": list[JsonValue](known)}
        case dict():
            return {name: _only(inner, services) for name, inner in value.items()}
        case list():
            return [_only(inner, services) for inner in value]
        case _:
            return value
