"""The closed menu: what a StepModel may name, with which arguments; nothing on it is opened."""

import hashlib
import json
from collections.abc import Iterable, Mapping

from pydantic import JsonValue, ValidationError

from bot.errors import ToolError
from bot.incident.context import ToolOffer
from bot.incident.model import Value
from bot.incident.steps import MAX_CALLS, AskHuman, CallTools, Conclude, ProposeAction
from bot.shelf import Tool


class Menu:
    """Names, kinds and argument models; it holds no tool, and nothing that could open one.

    Attributes:
        offers: What a StepModel is told, sorted by name.
        digest: Hex SHA-256 over the names, versions and schemas.
    """

    def __init__(self, tools: Iterable[Tool]) -> None:
        listed = list(tools)
        self.offers = tuple(
            ToolOffer(tool.name, tool.description, tool.args.model_json_schema(), tool.kind)
            for tool in sorted(listed, key=lambda tool: tool.name)
        )
        self._reads = {tool.name: tool.args for tool in listed if tool.kind == "read"}
        self._actions = {tool.name: tool.args for tool in listed if tool.kind == "action"}
        named = [[tool.name, tool.version] for tool in listed]
        text = json.dumps([named, [[o.name, o.kind, dict(o.args_schema)] for o in self.offers]])
        self.digest = hashlib.sha256(text.encode()).hexdigest()

    def refusal(self, step: object) -> str:
        """Return why this is no Step of the menu, for whoever chose it; empty when it is (F-04)."""
        match step:
            case CallTools(calls=calls):
                if not 1 <= len(calls) <= MAX_CALLS:
                    return f"1 to {MAX_CALLS} reads at once, not {len(calls)}"
                faults = (_fault("read", self._reads, one.tool, one.args) for one in calls)
                return "; ".join(fault for fault in faults if fault)
            case ProposeAction():
                return _fault("action", self._actions, step.tool, step.args)
            case AskHuman() | Conclude():
                return ""
            case _:
                return f"{type(step).__name__} is no Step"


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
