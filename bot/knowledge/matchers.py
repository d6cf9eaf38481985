"""Alertmanager's matcher syntax, compiled: `name="value"`, `!=`, `=~`, `!~`; it chooses nothing."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Literal, cast

from bot.errors import ConfigError

MAX_PATTERN_CHARS = 256
MAX_VALUE_CHARS = 256
MAX_REPEATS = 4

Comparison = Literal["=", "!=", "=~", "!~"]

_SYNTAX = re.compile(
    r'\s*(?:(?P<name>[a-zA-Z_:][a-zA-Z0-9_:]*)|"(?P<quoted>[^"\\]+)")\s*(?P<op>=~|!=|!~|=)\s*'
    r"(?P<value>.*?)\s*",
    re.DOTALL,
)
_ESCAPE = re.compile(r'\\([n"\\])')
_BACKREFERENCE = re.compile(r"\\[1-9]|\(\?P=|\(\?[=!<(>]")


@dataclass(frozen=True, slots=True)
class Matcher:
    """One test of one label; regexes are anchored at both ends and a missing label is ""."""

    name: str
    op: Comparison
    value: str
    pattern: re.Pattern[str] | None = None

    def holds(self, labels: Mapping[str, str]) -> bool:
        """Say whether the labels pass. Text longer than 512 characters matches no regex."""
        label = labels.get(self.name, "")
        if self.pattern is None:
            return (label == self.value) is (self.op == "=")
        fits = len(label) <= MAX_VALUE_CHARS and self.pattern.fullmatch(label) is not None
        return fits is (self.op == "=~")


@lru_cache(maxsize=4096)
def compile_matcher(text: str) -> Matcher:
    """Return the matcher that `text` writes.

    Raises:
        ConfigError: Not a matcher, or a regex that does not compile or could run away.
    """
    found = _SYNTAX.fullmatch(text)
    if found is None:
        raise ConfigError(f'{text!r} is not a matcher; write name="value", or !=, =~, !~')
    name = found["name"] or found["quoted"]
    op = cast("Comparison", found["op"])
    value = _value(text, found["value"])
    return Matcher(name, op, value, _pattern(text, value) if op in {"=~", "!~"} else None)


def compile_all(texts: Iterable[str]) -> tuple[Matcher, ...]:
    """Return the matchers in order.

    Raises:
        ConfigError: As `compile_matcher`, for the first that is wrong.
    """
    return tuple(compile_matcher(text) for text in texts)


def all_hold(matchers: Iterable[Matcher], labels: Mapping[str, str]) -> bool:
    """Say whether every matcher holds; True when there are none."""
    return all(matcher.holds(labels) for matcher in matchers)


def _value(text: str, raw: str) -> str:
    if not raw.startswith('"'):
        if '"' in raw:
            raise ConfigError(f"{text!r}: a quote inside an unquoted value; quote the whole value")
        return raw
    inner = raw[1:-1]
    closed = len(raw) > 1 and raw.endswith('"') and not _odd_backslashes(inner)
    if not closed or '"' in _ESCAPE.sub("", inner):
        raise ConfigError(f'{text!r}: the quotes do not pair up; write \\" for a quote inside')
    return _ESCAPE.sub(lambda hit: "\n" if hit[1] == "n" else hit[1], inner)


def _odd_backslashes(text: str) -> bool:
    return (len(text) - len(text.rstrip("\\"))) % 2 == 1


def _pattern(text: str, value: str) -> re.Pattern[str]:
    if len(value) > MAX_PATTERN_CHARS:
        raise ConfigError(f"{text[:60]!r}…: a pattern has at most {MAX_PATTERN_CHARS} characters")
    if _BACKREFERENCE.search(value):
        raise ConfigError(f"{text!r}: look-around and back references are not in this syntax")
    if _runs_away(value):
        raise ConfigError(
            f"{text!r}: it can run away: no choice or repetition inside a repetition, "
            f"and at most {MAX_REPEATS} repetitions in a branch; write it flat"
        )
    try:
        return re.compile(value, re.DOTALL)
    except (re.error, OverflowError, RecursionError) as error:
        raise ConfigError(f"{text!r}: this is not a regular expression: {error}") from error


def _runs_away(value: str) -> bool:
    """Say whether a repeated group holds a choice or a repetition, or a branch has too many."""
    bare = re.sub(r"\\.", "x", value, flags=re.DOTALL)
    bare = re.sub(r"\[\^?\]?[^\]]*\]", "x", bare)
    repeats, most, choices, groups = 0, 0, 0, list[int]()
    for place, character in enumerate(bare):
        following = bare[place + 1 : place + 2]
        if character == "(":
            groups.append(repeats + choices)
        elif character == ")" and groups:
            inside = repeats + choices - groups.pop()
            if inside and following in {*"*+{"}:
                return True
        elif character == "|":
            choices += 1
            repeats = repeats if groups else 0
        elif character in "*+{":
            repeats += 1
        most = max(most, repeats)
    return most > MAX_REPEATS
