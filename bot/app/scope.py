"""Which secrets a tool may ask for: its own, none of the other side's, none of the bot's (E-08).

A read tool is handed what it declares and nothing else. An action may be told by `jobs.yaml` which
secret it needs, so it is handed any but those that read tools declare. No secret serves both.
"""

from dataclasses import replace

from pydantic import SecretStr

from bot import telemetry
from bot.errors import ConfigError
from bot.settings import PREFIX, variable
from bot.shelf import Needs, Tool
from tools.read import READ_TOOLS
from tools.write import ACTIONS

OWN = "DATABASE_URL"


def scoped(given: Needs, tool: Tool) -> Needs:
    """Return what `open` of this tool is handed; to ask for more is refused, and counted."""
    look_up, declared = given.secret, _declared(tool)
    others = READ_TOOLS if tool.kind == "action" else ACTIONS
    closed = {name for other in others.values() for name in _private(other)}

    def secret(name: str) -> str:
        why = ""
        if name.startswith(PREFIX) or name == OWN:
            why = f"{name} is the bot's own, and no tool's; give {tool.name} a secret of its own"
        elif name in closed:
            side = "an action" if tool.kind == "read" else "a read tool"
            why = f"{name} is the secret of {side}; give {tool.name} one of its own"
        elif tool.kind == "read" and name not in declared:
            why = f"{tool.name} asks for {name}, which it does not declare"
        if why:
            telemetry.security_events.labels("secret_scope").inc()
            raise ConfigError(why)
        return look_up(name)

    return replace(given, secret=secret)


def _declared(tool: Tool) -> frozenset[str]:
    """Return every variable that the tool's own declaration names."""
    kind = tool.settings
    fields = kind.model_fields if kind is not None else {}
    return frozenset({variable(name, kind) for name in fields if kind} | set(tool.secrets))


def _private(tool: Tool) -> frozenset[str]:
    """Return those of them that are secrets."""
    kind = tool.settings
    fields = kind.model_fields.items() if kind is not None else ()
    hidden = {variable(name, kind) for name, one in fields if kind and one.annotation is SecretStr}
    return frozenset(hidden | set(tool.secrets))
