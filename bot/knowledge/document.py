"""A YAML text read strictly: plain values only, errors that say where; it knows no format."""

import math
import re
from dataclasses import dataclass
from typing import Any, TypeVar, cast

import yaml
from pydantic import BaseModel, JsonValue, ValidationError

from bot.errors import ConfigError

MAX_DEPTH = 40
SHOWN_ERRORS = 8
M = TypeVar("M", bound=BaseModel)


@dataclass(frozen=True, slots=True)
class Document:
    """One YAML file's value, and the nodes that know its lines. `first_line` is 1 for a file."""

    path: str
    value: JsonValue
    root: yaml.Node | None
    first_line: int = 1

    def validate(self, model: type[M]) -> M:
        """Return the value as `model`; an empty document or key is as if it were absent.

        Raises:
            ConfigError: Every fault, one a line, with file, line and field.
        """
        value: JsonValue = {} if self.value is None else self.value
        if isinstance(value, dict):
            value = {key: item for key, item in value.items() if item is not None}
        try:
            return model.model_validate(value)
        except ValidationError as error:
            faults = error.errors(include_url=False, include_input=False)
            lines = [
                f"{self.path} line {self.line(*fault['loc'])}: "
                f"{fault_words(fault['loc'], fault['type'], fault['msg'])}"
                for fault in faults
            ]
            raise ConfigError("\n".join(lines[:SHOWN_ERRORS])) from error

    def line(self, *path: str | int) -> int:
        """Return the line of the deepest part of `path` that exists, counted from 1."""
        node, mark = self.root, self.root.start_mark.line if self.root else 0
        for part in path:
            node, mark = _child(node, part, mark)
            if node is None:
                break
        return mark + self.first_line


def fault_words(path: tuple[str | int, ...], kind: str, message: str) -> str:
    """Return one of pydantic's errors as `services[0].name: is missing; add it`."""
    field = "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in path)
    words = {
        "missing": "is missing; add it",
        "extra_forbidden": "is not a key I know; remove it or mend its spelling",
    }.get(kind, message[:1].lower() + message[1:])
    return f"{field.lstrip('.') or 'the file'}: {words}"


def read(path: str, text: str, first_line: int = 1) -> Document:
    """Parse one YAML document of JSON types; dates and yes/no stay text, as in YAML 1.2.

    Raises:
        ConfigError: Not YAML, two documents, an alias, a duplicate or non-text key, a number that
            is not finite, nesting deeper than 40, or a character no file may hold.
    """
    try:
        loader = _Loader(text)
        root = loader.get_single_node()
        value = cast("JsonValue", loader.construct_document(root)) if root else None  # pyright: ignore[reportUnknownMemberType]
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        line = f" line {mark.line + first_line}" if mark else ""
        raise ConfigError(f"{path}{line}: {error.problem or error.context}") from error
    except (yaml.YAMLError, RecursionError, ValueError) as error:
        first = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise ConfigError(f"{path}: this is not plain YAML: {first}") from error
    return Document(path, value, root, first_line)


def _child(node: yaml.Node | None, part: str | int, line: int) -> tuple[yaml.Node | None, int]:
    if isinstance(node, yaml.MappingNode):
        for key, value in cast("list[tuple[yaml.Node, yaml.Node]]", node.value):
            if key.value == part:
                return value, key.start_mark.line
    if isinstance(node, yaml.SequenceNode) and isinstance(part, int):
        items = cast("list[yaml.Node]", node.value)
        if part < len(items):
            return items[part], items[part].start_mark.line
    return None, line


class _Loader(yaml.SafeLoader):
    """SafeLoader without the parts of YAML 1.1 that surprise: aliases, yes/no, dates, 1:30."""

    yaml_implicit_resolvers: dict[str, Any] = {}  # noqa: RUF012 - the name PyYAML looks up
    depth = 0

    def compose_node(self, parent: yaml.Node | None, index: int) -> yaml.Node | None:
        event: Any = cast("Any", self).peek_event()
        if isinstance(event, yaml.AliasEvent):
            raise _refused("aliases (*name) are not read here; write it out", event.start_mark)
        if self.depth >= MAX_DEPTH:
            raise _refused(f"nested deeper than {MAX_DEPTH} levels", event.start_mark)
        self.depth += 1
        node = super().compose_node(parent, index)
        self.depth -= 1
        return node

    def construct_scalar(self, node: Any) -> Any:  # noqa: ANN401 - PyYAML's signature
        value = super().construct_scalar(node)
        if any("\ud800" <= character <= "\udfff" or character == "\0" for character in value):
            raise _refused("a lone surrogate or NUL cannot be kept; remove it", node.start_mark)
        return value

    def construct_mapping(self, node: Any, deep: bool = False) -> dict[Any, Any]:  # noqa: ANN401, FBT001, FBT002 - as PyYAML has it
        seen: set[str] = set()
        for key, _ in cast("list[tuple[yaml.Node, yaml.Node]]", node.value):
            if not isinstance(key, yaml.ScalarNode) or key.tag != "tag:yaml.org,2002:str":
                raise _refused("a key must be text; put it in quotes", key.start_mark)
            if key.value in seen:
                raise _refused(f"the key {key.value!r} stands here twice", key.start_mark)
            seen.add(key.value)
        return super().construct_mapping(node, deep=deep)

    def construct_finite(self, node: Any) -> float:  # noqa: ANN401 - a node of PyYAML
        number = float(self.construct_scalar(node))
        if not math.isfinite(number):
            raise _refused("not a finite number; put it in quotes if it is text", node.start_mark)
        return number


def _refused(problem: str, mark: Any) -> yaml.MarkedYAMLError:  # noqa: ANN401 - a mark of PyYAML
    return yaml.MarkedYAMLError(problem=problem, problem_mark=mark)


for _tag, _pattern, _first in (
    ("bool", r"true|True|TRUE|false|False|FALSE", "tTfF"),
    ("null", r"~|null|Null|NULL|", "~nN\0"),
    ("int", r"[-+]?(?:0|[1-9][0-9]{0,17})", "-+0123456789"),
    ("float", r"[-+]?(?:(?:[0-9]+\.[0-9]*|\.[0-9]+)(?:[eE][-+]?[0-9]+)?|[0-9]+[eE][-+]?[0-9]+)",
     "-+0123456789."),
):  # fmt: skip
    _starts = [*_first.replace("\0", ""), *([""] if "\0" in _first else [])]
    cast("Any", _Loader).add_implicit_resolver(
        f"tag:yaml.org,2002:{_tag}", re.compile(f"^(?:{_pattern})$"), _starts
    )
cast("Any", _Loader).add_constructor("tag:yaml.org,2002:float", _Loader.construct_finite)
