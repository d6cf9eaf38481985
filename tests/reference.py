"""The parts of README.md and .env.example that are made from the code.

`python -m tests.reference` writes them anew; tests/test_readme.py fails when they are out of date.
"""

import inspect
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, get_args, get_origin

import typer
import yaml
from annotated_types import Ge, Le
from pydantic import SecretStr
from pydantic.fields import FieldInfo
from pydantic_core import PydanticUndefined
from typer.models import ArgumentInfo

from bot.agent.llm_settings import LlmSettings
from bot.cli.root import LOCAL, app
from bot.incident.commands import BY_NAME
from bot.settings import SHIPPED_RUNBOOKS, Section, Settings, variable
from channels import CHANNELS
from tools.read import READ_TOOLS
from tools.write import ACTIONS

ROOT = Path(__file__).parent.parent
README = ROOT / "README.md"
ENV_EXAMPLE = ROOT / ".env.example"


@dataclass(frozen=True)
class Setting:
    """One environment variable; `default` is spelled as it would be set, "" when there is none."""

    name: str
    default: str
    words: str
    secret: bool = False


def own_settings() -> list[Setting]:
    return [_setting(variable(name), one) for name, one in Settings.model_fields.items()]


def tool_settings() -> list[Setting]:
    """What the shelves' declarations ask for; each variable once, in order of the tools' names."""
    found: dict[str, Setting] = {}
    declared = {**READ_TOOLS, **ACTIONS, **CHANNELS}
    for _, one in sorted(declared.items()):
        for setting in _section(one.settings) if one.settings else ():
            found.setdefault(setting.name, setting)
    return list(found.values())


def model_settings() -> list[Setting]:
    """What there is to set about a language model, besides its provider's own variables."""
    return list(_section(LlmSettings))


def hook_settings() -> list[Setting]:
    """The secrets that the shipped doors name."""
    hooks = yaml.safe_load(SHIPPED_RUNBOOKS.joinpath("hooks.yaml").read_text())
    doors = [(route["source"], route) for route in hooks["routes"]]
    doors += [("change", route) for route in hooks["changes"]]
    return [
        Setting(name, "", f"Opens /hooks/{source}/{route['route']} ({route['auth']}).", secret=True)
        for source, route in doors
        for name in route["secrets"]
    ]


def _section(kind: type[Section]) -> Iterator[Setting]:
    prefix = str(kind.model_config.get("env_prefix", ""))
    for name, field in kind.model_fields.items():
        yield _setting(f"{prefix}{name}".upper(), field)


def _setting(name: str, field: FieldInfo) -> Setting:
    secret = field.annotation is SecretStr
    return Setting(name, _spelled(field.default), f"{field.description}{_bounds(field)}", secret)


def _spelled(default: object) -> str:
    if default is None or default is PydanticUndefined:
        return ""
    if default == SHIPPED_RUNBOOKS:
        return SHIPPED_RUNBOOKS.relative_to(ROOT).as_posix()
    if isinstance(default, SecretStr):
        return default.get_secret_value()
    if isinstance(default, bool):
        return str(int(default))
    return f"{default:g}" if isinstance(default, float) else str(default)


def _bounds(field: FieldInfo) -> str:
    if get_origin(field.annotation) is Literal:
        return f" One of {', '.join(get_args(field.annotation))}."
    low = next((one.ge for one in field.metadata if isinstance(one, Ge)), None)
    high = next((one.le for one in field.metadata if isinstance(one, Le)), None)
    if low is None and high is None:
        return ""
    return f" {low} or more." if high is None else f" {low} to {high}."


def every_setting() -> list[Setting]:
    return [*own_settings(), *model_settings(), *tool_settings(), *hook_settings()]


def settings_table() -> str:
    rows = ["| variable | default | what it sets |", "|---|---|---|"]
    for one in every_setting():
        default = f"`{one.default}`" if one.default else ""
        rows.append(f"| `{one.name}` | {default} | {one.words} |")
    return "\n".join(rows)


def commands_text() -> str:
    """Every command and what it does; the words that act in a later version in one line."""
    lines = [f"{usage:<55} {does}" for usage, does, later in _told() if not later]
    later = ", ".join(usage for usage, _, is_later in _told() if is_later)
    waiting = ["", f"understood, not acting yet: {later}"] if later else []
    return "\n".join(["```text", *lines, *waiting, "```"])


def commands(group: typer.Typer = app, before: str = "") -> dict[str, Callable[..., object]]:
    """Return every command of the program by its full name, such as `audit verify`."""
    found = {
        f"{before}{one.name}": one.callback for one in group.registered_commands if one.callback
    }
    for one in group.registered_groups:
        if one.typer_instance is not None:
            found |= commands(one.typer_instance, f"{before}{one.name} ")
    return found


def _told() -> Iterator[tuple[str, str, bool]]:
    """Yield usage, meaning, and whether it does not act yet."""
    for name, function in commands().items():
        word = BY_NAME.get(name)
        if word is None or name in LOCAL:
            yield _usage(name, function), _first_sentence(inspect.getdoc(function) or ""), False
        else:
            yield (name if word.later else word.usage), word.does, bool(word.later)


def _usage(name: str, function: Callable[..., object]) -> str:
    parts = [name]
    for field, one in inspect.signature(function).parameters.items():
        (declared,) = one.annotation.__metadata__
        if isinstance(declared, ArgumentInfo):
            must = one.default is inspect.Parameter.empty
            parts.append(field.upper() if must else f"[{field.upper()}]")
        else:
            said = [part for part in (declared.default, *(declared.param_decls or ())) if part]
            flag = next((part for part in said if str(part).startswith("--")), f"--{field}")
            parts.append(f"[{flag}]" if isinstance(one.default, bool) else f"[{flag} …]")
    return " ".join(parts)


def _first_sentence(text: str) -> str:
    return re.split(r"(?<=[.;])\s", " ".join(text.split()), maxsplit=1)[0].rstrip(".;")


def env_example() -> str:
    lines = [
        "# What can be set, with its default. Copy this file to .env and take the # away where you",
        "# want another value: `docker compose` reads .env by itself, a shell with",
        "#     set -a; . ./.env; set +a",
        "# Each variable may be given as NAME_FILE instead: a file that holds the value.",
    ]
    parts = (
        ("The bot itself", own_settings()),
        (
            "A language model; its key and address are the provider's own variables",
            model_settings(),
        ),
        ("Systems the tools look at; without the URL a tool stays off", tool_settings()),
        ("Secrets of the doors in hooks.yaml; a door without one is closed", hook_settings()),
    )
    for title, settings in parts:
        lines += ["", f"# ---- {title}"]
        for one in settings:
            lines += ["", f"# {one.words}", f"# {one.name}={one.default}"]
    return "\n".join(lines) + "\n"


def heartbeat_code() -> str:
    return f"```python\n{ROOT.joinpath('tests/recipes/heartbeat.py').read_text()}```"


GENERATED = {"settings": settings_table, "commands": commands_text, "heartbeat": heartbeat_code}


def marked(text: str, name: str) -> re.Match[str]:
    """Return the generated part `name` of a text as group 1."""
    pattern = rf"<!-- {name}: made by python -m tests\.reference -->\n(.*?)<!-- /{name} -->"
    found = re.search(pattern, text, re.DOTALL)
    assert found is not None, f"README.md has no generated part {name!r}"
    return found


def renewed(text: str) -> str:
    """Return the README's text with every generated part made anew."""
    for name, made in GENERATED.items():
        found = marked(text, name)
        text = f"{text[: found.start(1)]}{made()}\n{text[found.end(1) :]}"
    return text


if __name__ == "__main__":
    README.write_text(renewed(README.read_text()))
    ENV_EXAMPLE.write_text(env_example())
