"""Edits as a form sends them, made at once by the loop."""

from collections.abc import Mapping

from pydantic import JsonValue

from bot.incident.views import ProposalView
from bot.ports import Outcome, Reply
from tests.bot.engine.house import INC, House

OTHER: dict[str, JsonValue] = {"job": "rollback", "version": "v40"}


def edit(view: ProposalView, args: Mapping[str, JsonValue] = OTHER, who: str = "web:dana") -> Reply:
    """What a form sends that was drawn of this revision."""
    proposal = view.proposal
    return Reply(
        who, who.partition(":")[0], "", "edit", proposal=proposal.id, revision=proposal.revision,
        digest12=view.asked.digest[:12], args=args, payload_digest="f" * 64,
    )  # fmt: skip


async def edited(
    house: House, args: Mapping[str, JsonValue] = OTHER, who: str = "web:dana"
) -> Outcome:
    outcome = await house.replies.reply(edit(await house.view(), args, who))
    await house.drive(INC)
    return outcome
