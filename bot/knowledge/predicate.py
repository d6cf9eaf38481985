"""Three-valued truth of a Predicate over facts: yes, no, or unknown; nothing is ever evaluated."""

import math
import re
from collections.abc import Callable, Iterable, Mapping
from typing import cast

from pydantic import JsonValue

from bot.incident.model import Op, Predicate

FactValue = str | int | float | bool | None
Facts = Mapping[str, FactValue]
"""Values by name (`step.fact`); an absent name, None and NaN are all unknown."""

_NUMBER = re.compile(
    r"[-+]?(?:[0-9]{1,30}(?:\.[0-9]{0,30})?|\.[0-9]{1,30})(?:[eE][-+]?[0-9]{1,3})?"
)
_WORDS = {"yes": True, "true": True, "no": False, "false": False}
_ORDER: Mapping[str, Callable[[float, float], bool]] = {
    "lt": lambda left, right: left < right,
    "le": lambda left, right: left <= right,
    "gt": lambda left, right: left > right,
    "ge": lambda left, right: left >= right,
}


def evaluate(predicate: Predicate, facts: Facts) -> bool | None:
    """Return True, False, or None for unknown, by Kleene's tables.

    A missing fact, a comparison of unlike things, and a predicate that tests nothing are unknown.
    Numeric text counts as a number beside a number; two texts are compared as written.
    """
    if predicate.not_ is not None:
        inner = evaluate(predicate.not_, facts)
        return None if inner is None else not inner
    if predicate.all:
        return _weakest(evaluate(part, facts) for part in predicate.all)
    if predicate.any:
        return _strongest(evaluate(part, facts) for part in predicate.any)
    value = facts.get(predicate.fact)
    if not predicate.fact or value is None or (isinstance(value, float) and math.isnan(value)):
        return None
    return _compare(predicate.op, value, predicate.value)


def names(predicate: Predicate) -> tuple[str, ...]:
    """Return every fact the predicate mentions, once each, in order."""
    parts = (*predicate.all, *predicate.any, *((predicate.not_,) if predicate.not_ else ()))
    inner = [name for part in parts for name in names(part)]
    return tuple(dict.fromkeys(([predicate.fact] if predicate.fact else []) + inner))


def support(predicate: Predicate, facts: Facts) -> tuple[str, ...]:
    """Return the facts that make the predicate true or false, in order; empty when unknown."""
    truth = evaluate(predicate, facts)
    if truth is None:
        return ()
    if predicate.not_ is not None:
        return support(predicate.not_, facts)
    parts = predicate.all or predicate.any
    if not parts:
        return (predicate.fact,)
    found = [part for part in parts if evaluate(part, facts) is truth]
    return tuple(dict.fromkeys(name for part in found for name in support(part, facts)))


def number(value: JsonValue) -> int | float | None:
    """Return a number or numeric text as a number; None for anything else (True is no number)."""
    if isinstance(value, str):
        if not _NUMBER.fullmatch(value):
            return None
        return int(value) if value.lstrip("+-").isdecimal() else float(value)
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    return None if math.isnan(value) else value


def _weakest(truths: Iterable[bool | None]) -> bool | None:
    seen = set(truths)
    return False if False in seen else None if None in seen else True


def _strongest(truths: Iterable[bool | None]) -> bool | None:
    seen = set(truths)
    return True if True in seen else None if None in seen else False


def _compare(op: Op, fact: FactValue, value: JsonValue) -> bool | None:
    match op:
        case "exists":
            return True
        case "eq" | "ne":
            same = _equal(fact, value)
            return None if same is None else same is (op == "eq")
        case "in":
            items = value if isinstance(value, list) else [None]
            return _strongest(_equal(fact, item) for item in items)
        case "contains":
            both = isinstance(fact, str) and isinstance(value, str)
            return cast("str", value) in cast("str", fact) if both else None
        case _:
            left, right = number(fact), number(value)
            return None if left is None or right is None else _ORDER[op](left, right)


def _equal(fact: FactValue, value: JsonValue) -> bool | None:
    match fact, value:
        case (str(), str()) | (bool(), bool()):
            return fact == value
        case (bool(flag), str(word)) | (str(word), bool(flag)):
            known = _WORDS.get(word.strip().lower())
            return None if known is None else known is flag
        case (bool(), _) | (_, bool()):
            return None
        case _:
            left, right = number(fact), number(value)
            return None if left is None or right is None else left == right
