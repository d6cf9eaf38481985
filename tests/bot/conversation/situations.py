"""Incidents at every point of their life, as facts: what the tests of cards and outbox draw."""

from bot.conversation.cards import draw
from bot.conversation.look import Look, Terms
from bot.conversation.shown import card_texts
from bot.incident import facts_action, facts_alerts, facts_run
from bot.incident.card import Card
from bot.incident.fact import Fact
from bot.incident.facts_action import ActionProposed
from bot.incident.model import Change, Finding, Runbook, Service, Similar
from bot.incident.reducer import State, fold
from tests.bot.incident.making import (
    alert,
    approved,
    at,
    decided,
    opened,
    proposal,
    proposed,
    received,
    started,
    thread,
)

LOOK = Look(
    base_url="https://bot.example",
    version="triagebot 0.1.0",
    terms={"7F3KQ2AB": Terms("group:sre", 1)},
)
ATTEMPT = "7F3KQ2AB-1"
KEY = "proposal:7F3KQ2AB:1"
CHECKOUT = Service(
    name="checkout",
    title="Checkout",
    owner="group:payments",
    tier=1,
    environment="demo",
    conversations={"fake": "C-payments"},
)
DEPLOY = Change(
    id="d42", source="ci", service="checkout", version="v42", previous="v41", by="dana",
    at=at(-95),
)  # fmt: skip
RUNBOOK = Runbook(name="bad-deploy", title="Bad deploy", path="b.md", digest="d", text="Look.")
EARLIER = Similar(
    incident="INC-0", title="CheckoutErrorRateHigh", at=at(-90_000), conclusion="a bad deploy",
    action="Roll back", outcome="succeeded",
)  # fmt: skip


def loaded(service: Service | None = CHECKOUT, **changed: object) -> facts_run.ContextLoaded:
    fields: dict[str, object] = {
        "service": service,
        "changes": (DEPLOY,),
        "runbook": RUNBOOK,
        "similar": (EARLIER,),
        "inventory": {},
        "runbook_why": "the alert's name matches",
        **changed,
    }
    return facts_run.ContextLoaded.model_validate(fields)


def beginning() -> list[Fact]:
    return [opened("high"), received(alert(), alert(fingerprint="a2")), loaded()]


def finished(*, ok: bool = True, attempt: str = ATTEMPT) -> facts_action.ActionFinished:
    return facts_action.ActionFinished(
        attempt=attempt, ok=ok, evidence="f" * 16, summary="rolled back to v41" if ok else "500"
    )


def concluded(by: str = "planner") -> facts_run.ConclusionReached:
    finding = Finding(claim="errors began with v42", evidence=("e" * 16,))
    return facts_run.ConclusionReached(
        summary="v42 broke it", findings=(finding,), by=by, outcome="cause_found"
    )


def done(asked: ActionProposed | None = None) -> list[Fact]:
    asked = asked or proposed()
    return [*beginning(), asked, decided(asked), approved(asked), started(asked), finished()]


def asked_question(kind: str = "choice") -> facts_alerts.QuestionAsked:
    return facts_alerts.QuestionAsked.model_validate(
        {
            "id": "r1s3",
            "question": "Is the sale on?",
            "kind": kind,
            "options": ("yes, all day", "no") if kind == "choice" else (),
            "deadline": at(3600),
            "default": "no",
        }
    )


def whole_story() -> list[Fact]:
    """Everything that can be drawn, in one thread."""
    asked = proposed()
    waiting = proposed(proposal("9QQQQQQQ", risk="high", undo=None))
    over = facts_alerts.IncidentResolved(reason="every alert resolved")
    return [*done(asked), asked_question(), waiting, concluded(), over]


def state_of(*facts: Fact) -> State:
    return fold(thread(facts))


def card_of(*facts: Fact, look: Look = LOOK, key: str = KEY) -> Card:
    found = {card.key: card for card in draw(state_of(*beginning(), *facts), look)}
    return found[key]


def verbs(card: Card) -> list[str]:
    return [control.verb for control in card.controls]


def cards_of(*facts: Fact, look: Look = LOOK) -> dict[str, Card]:
    return {card.key: card for card in draw(state_of(*facts), look)}


def root_of(*facts: Fact, look: Look = LOOK) -> Card:
    return cards_of(*facts, look=look)["root"]


def facts_shown(card: Card) -> dict[str, str]:
    return {line.label: line.text.value for line in card.facts}


def text_of(card: Card) -> str:
    return "\n".join(card_texts(card))
