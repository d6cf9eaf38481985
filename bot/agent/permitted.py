"""What the matched runbook permits to propose, with which values; nothing else can be named. Pure.

A template's own words are fixed. Where it leaves a place to fill, these may stand: what it would be
filled with, the inventory's names of that kind, and what a human asked for in this thread.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import cast

from pydantic import JsonValue

from bot.agent.fitting import unfit
from bot.agent.strict import BRANCHES, CHOICES, Known, an_object, branches, one_of
from bot.incident.context import Context
from bot.incident.json_schema import INVENTORY, Schema, as_schema, referred
from bot.incident.model import ActionTemplate
from bot.knowledge import fills, schema
from bot.knowledge.known import values
from bot.knowledge.predicate import FactValue

NAME_CHARS = 200
WORD = re.compile(r"[\w.:/@+-]{1,64}")


@dataclass(frozen=True, slots=True)
class Permit:
    """One template that can be proposed now: the tool it implies, and the schema of its args."""

    template: ActionTemplate
    args: dict[str, JsonValue]
    filled: Mapping[str, FactValue]

    def complete(self, given: JsonValue) -> dict[str, JsonValue]:
        """Return all arguments: those that were given, and the lists that the runbook wrote."""
        return cast("dict[str, JsonValue]", _complete(self.template.args, given, self.filled))


def permits(context: Context, known: Known) -> list[Permit]:
    """Return the templates of the matched runbook that can be proposed now, in its order.

    None before anything was looked at: evidence comes before a proposal.
    """
    if context.runbook is None or not any(result.evidence for result in context.results):
        return []
    offers = {offer.name: offer for offer in context.tools if offer.kind == "action"}
    filled, heard = values(context), tuple(dict.fromkeys(_heard(context)))
    found: list[Permit] = []
    for template in context.runbook.actions[:BRANCHES]:
        offer = offers.get(template.tool)
        shape = None if offer is None else _shape(template.args, offer.args_schema)
        if offer is None or shape is None:
            continue
        place = _Place(offer.args_schema, filled, known, heard)
        args = place.member("", template.args, shape)
        if args is not None:
            found.append(Permit(template, args, filled))
    return found


def _shape(args: Mapping[str, JsonValue], whole: Schema) -> Schema | None:
    """Return the part of a closed schema that these arguments belong to; None when none fits."""
    whole = referred(whole, whole)
    for branch in branches(whole) or [whole]:
        choice = referred(branch, whole)
        if not schema.misfits(dict(args), {**choice, "$defs": whole.get("$defs", {})}):
            return choice if "properties" in choice else None
    return None


@dataclass(frozen=True, slots=True)
class _Place:
    root: Schema
    filled: Mapping[str, FactValue]
    known: Known
    heard: tuple[str, ...]

    def member(self, name: str, wanted: JsonValue, shape: Schema) -> dict[str, JsonValue] | None:
        """Return the schema of what may stand where the template wants this; None: nothing may."""
        shape = referred(shape, self.root)
        match wanted:
            case dict():
                return self._object(wanted, shape)
            case str() if fills.wanted(wanted):
                found = self._candidates(name, wanted, shape)
                return one_of(found) if found else None
            case str() | int() if not isinstance(wanted, float):
                return one_of([wanted])
            case _:
                return None

    def _object(
        self, wanted: Mapping[str, JsonValue], shape: Schema
    ) -> dict[str, JsonValue] | None:
        members = as_schema(shape.get("properties"))
        others = shape.get("additionalProperties")
        made: dict[str, JsonValue] = {}
        for key, inner in wanted.items():
            if isinstance(inner, list):  # the runbook's own, put in by code
                if fills.fill(inner, self.filled).missing:
                    return None
                continue
            one = self.member(key, inner, as_schema(members.get(key, others)))
            if one is None:
                return None
            made[key] = one
        return an_object(made)

    def _candidates(self, name: str, wanted: str, shape: Schema) -> list[JsonValue]:
        filled = fills.fill(wanted, self.filled)
        first = None if filled.missing else fills.exact(filled.value)
        if isinstance(first, int):
            return [first]
        marked = shape.get(INVENTORY)
        kind = marked if isinstance(marked, str) else f"{name}s"
        texts = [*([first] if isinstance(first, str) else []), *self.known.get(kind, ())]
        fit = (text for text in (*texts, *self.heard) if _fits(text, shape, self.root))
        return list[JsonValue](dict.fromkeys(fit))[:CHOICES]


def _fits(text: str, shape: Schema, root: Schema) -> bool:
    """Tell whether a text could be the argument; a pattern must match all of it."""
    if len(text) > NAME_CHARS or not text.isprintable():
        return False
    for choice in branches(shape) or [shape]:
        one = referred(choice, root)
        pattern = one.get("pattern")
        whole = not isinstance(pattern, str) or re.fullmatch(pattern, text) is not None
        if whole and one.get("type") == "string" and not unfit(text, one):
            return True
    return False


def _heard(context: Context) -> Iterator[str]:
    """Yield the words humans addressed to the bot in this thread: answers, and the question."""
    said = [one.value for one in reversed(context.answers) if one.value]
    if context.question is not None:
        said.append(context.question.text)
    for text in said:
        yield text
        for word in WORD.findall(text):
            yield word.rstrip(".:/-")


def _complete(wanted: JsonValue, given: JsonValue, filled: Mapping[str, FactValue]) -> JsonValue:
    match wanted:
        case dict():
            there = given if isinstance(given, dict) else {}
            return {key: _complete(inner, there.get(key), filled) for key, inner in wanted.items()}
        case list():
            return fills.exact(fills.fill(wanted, filled).value)
        case _:
            return given
