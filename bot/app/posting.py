"""The ways out around a Bot: channels that are configured, and how their cards are drawn."""

from contextlib import AsyncExitStack

from bot.app.bot import Bot
from bot.conversation.look import Look, Terms
from bot.conversation.outbox import Outbox
from bot.conversation.teller import Ledger
from bot.incident.policy import Case, Refuse, enabled, quorum
from bot.incident.state import ProposalView, State
from bot.ports import Channel
from bot.version import VERSION, revision
from channels import CHANNELS


async def open_posting(stack: AsyncExitStack, bot: Bot, base_url: str) -> Outbox:
    """Return the outbox over every channel that is configured; it hears every commit.

    Raises:
        ConfigError: A channel is half configured; the message says what to set.
    """
    opened: list[Channel] = []
    for declared in CHANNELS.values():
        channel = await stack.enter_async_context(declared.open(bot.given))
        if channel is not None:
            opened.append(channel)
    store = bot.store
    looks = Looks(bot, base_url)
    posting = Outbox(Ledger(store.log, store.posts, bot.world.clock), opened, looks)
    bot.on_commit(posting.wake)
    return posting


class Looks:
    """How the bot stands when a card is drawn: asked anew for each card."""

    def __init__(self, bot: Bot, base_url: str) -> None:
        self._bot = bot
        self._base_url = base_url
        self._version = " ".join(filter(None, (f"triagebot {VERSION}", revision())))

    def __call__(self, state: State) -> Look:
        """Return the look for the cards of this state."""
        return Look(
            base_url=self._base_url,
            version=self._version,
            read_only=self._bot.read_only,
            paused_by=self._bot.household.house.paused_by,
            terms={
                identifier: self._terms(view)
                for identifier, view in state.incident.proposals.items()
            },
        )

    def _terms(self, view: ProposalView) -> Terms:
        proposal, library = view.proposal, self._bot.library
        owner = library.owner(proposal.service)
        case = Case(
            proposal.action,
            proposal.service,
            proposal.environment,
            proposal.risk,
            owner=owner,
            requested_by=proposal.requested_by,
        )
        rule = enabled(library.policy, case)
        if isinstance(rule, Refuse):
            return Terms(f"nobody: {rule.why}")
        words = [
            f"the service's owner ({owner or 'unknown'})" if one == "owner" else one
            for one in rule.approvers
        ]
        return Terms(", ".join(words), quorum(rule, proposal.risk))
