"""Buttons: what a card sends back when somebody presses one."""

from bot.incident.views import ProposalView
from bot.ports import Outcome, Reply
from tests.bot.engine.house import House


def button(
    view: ProposalView,
    verdict: str = "approve",
    who: str = "web:dana",
    reason: str = "not during the sale",
) -> Reply:
    return Reply(
        actor=who,
        channel=who.partition(":")[0],
        delivery_id="",
        intent="decide",
        payload_digest="f" * 64,
        proposal=view.proposal.id,
        revision=view.proposal.revision,
        digest12=view.asked.digest[:12],
        verdict=verdict,
        reason=reason if verdict == "deny" else "",
    )


async def click(
    house: House,
    verdict: str = "approve",
    who: str = "web:dana",
    reason: str = "not during the sale",
) -> Outcome:
    """Press a button on the card of the proposal that waits."""
    return await house.replies.reply(button(await house.view(), verdict, who, reason))
