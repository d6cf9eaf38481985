"""Freezes what a human will approve: exact arguments, a plan without secrets, nothing unseen."""

from dataclasses import replace

from pydantic import JsonValue

from bot.engine.rejected import Rejected
from bot.incident.leaves import unfit_text, uninspectable
from bot.incident.model import Value
from bot.incident.proposal import Proposal, canonical
from bot.incident.storable import encodable
from bot.knowledge.redact import redact, would_redact
from bot.shelf import Plan


def frozen_args(parsed: Value) -> dict[str, JsonValue]:
    """Return every argument as it will be sent, defaults too: what is shown is what runs.

    Raises:
        Rejected: A number that is not exact, or a text that has no one form (E-06).
    """
    args: dict[str, JsonValue] = parsed.model_dump(mode="json")
    try:
        canonical(args)
    except ValueError as error:
        raise Rejected(f"its arguments cannot be approved: {error}") from None
    if unfit := unfit_text(args):
        raise Rejected(f"its arguments cannot be approved: {unfit}")
    return args


def without_secrets(plan: Plan) -> Plan:
    """Return the plan with a redacted preview: a target answers what it likes.

    Raises:
        Rejected: What would run or be undone holds a secret; that is never rewritten.
    """
    undo = plan.undo.model_dump(mode="json") if plan.undo is not None else None
    secret = would_redact([plan.title, plan.target, plan.before, undo])
    if secret is not None:
        raise Rejected(f"what it would do names a secret ({secret}); actions never carry one")
    return replace(plan, preview=redact(encodable(plan.preview)).text)


def check_inspectable(proposal: Proposal) -> None:
    """Let only through what a human can read to the last character (E-05).

    Raises:
        Rejected: Something in it cannot be seen, or has no exact form.
    """
    if why := uninspectable(proposal):
        raise Rejected(f"it could not be approved: {why}")
