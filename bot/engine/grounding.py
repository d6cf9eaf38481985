"""Where arguments come from: the inventory or a human, never an alert's text (F-05, E-23)."""

from collections.abc import Iterator

from pydantic import JsonValue

from bot.incident.briefing import brief
from bot.incident.model import ActionTemplate
from bot.incident.revision import PERSON
from bot.incident.state import State
from bot.knowledge.fills import exact, fill, wanted
from bot.knowledge.known import values
from bot.shelf import Plan

ANSWER = "answer.value"
"""The fill that takes what a human answered last."""


def ungrounded(
    state: State, template: ActionTemplate | None, args: dict[str, JsonValue], plan: Plan
) -> str:
    """Return why an action that a StepModel wants names a target nobody knows; "" when it is known.

    The service must be in the catalogue that the incident was given. A text among the arguments
    that stands in an alert must be one that the runbook's own template fills in there, or the
    inventory's.
    """
    loaded = state.run.context
    inventory = loaded.inventory if loaded else {}
    if plan.service and plan.service not in inventory.get("services", ()):
        return (
            f"the service {plan.service[:60]!r} is not in services.yaml, or not among what this "
            "incident is about; an alert's word is none"
        )
    known = {item for items in inventory.values() for item in items}
    if template is not None:
        known |= set(_texts(exact(fill(template.args, values(brief(state, (), 1))).value)))
    said = set(_said(state))
    for text in _texts(args):
        if text and text in said and text not in known:
            return f"{text[:60]!r} is known from an alert only; targets come from the inventory"
    return ""


def instructed(
    state: State, template: ActionTemplate | None, args: dict[str, JsonValue]
) -> tuple[str, ...]:
    """Return whose answers became arguments, as `person:NAME`: their authors too (E-23)."""
    texts = {*_texts(args)}
    answers = [view for view in state.incident.questions.values() if view.value]
    found = [view.person for view in answers if view.value in texts]
    if template is not None and ANSWER in wanted(template.args):
        found += [view.person for view in answers[-1:]]
    return tuple(dict.fromkeys(f"{PERSON}{name}" for name in found if name))


def _said(state: State) -> Iterator[str]:
    """Yield every value of every alert, whole and word by word."""
    for line in state.incident.alerts.values():
        alert = line.alert
        for text in (alert.title, *alert.labels.values(), *alert.annotations.values()):
            yield text
            yield from text.split()


def _texts(value: JsonValue) -> Iterator[str]:
    match value:
        case str():
            yield value
        case list():
            for item in value:
                yield from _texts(item)
        case dict():
            for item in value.values():
                yield from _texts(item)
        case _:
            return
