"""The ways out around a Bot: channels that are configured, and how their cards are drawn."""

import asyncio
from collections.abc import Mapping, Sequence
from contextlib import AsyncExitStack

from bot.app.bot import Bot
from bot.conversation.cards import draw
from bot.conversation.look import Look, Terms
from bot.conversation.outbox import Outbox
from bot.conversation.teller import Ledger
from bot.engine.duty import Duty
from bot.incident.card import Card
from bot.incident.policy import Refuse, enabled, quorum
from bot.incident.state import State
from bot.incident.views import ProposalView
from bot.knowledge.case import case_of
from bot.knowledge.people import People
from bot.ports import Channel
from bot.version import build_name
from channels import CHANNELS


class Posting:
    """Every channel that is configured. Posting to one of them is a duty: one process does it."""

    def __init__(self, ledger: Ledger, channels: Sequence[Channel], looks: "Looks") -> None:
        self._ledger = ledger
        self._channels = channels
        self._looks = looks
        self._outboxes: dict[str, Outbox] = {}

    @property
    def names(self) -> tuple[str, ...]:
        """The channels, in the order of their declarations."""
        return tuple(channel.name for channel in self._channels)

    def cards(self, state: State) -> Sequence[Card]:
        """Return every card of an incident as it would be posted now, the root first."""
        return draw(state, self._looks(state))

    def hurt(self) -> Mapping[str, str]:
        """Return why the last message failed by channel, of those this process posts to."""
        hurt: dict[str, str] = {}
        for outbox in self._outboxes.values():
            hurt |= outbox.hurt()
        return hurt

    def wake(self, streams: frozenset[str]) -> None:
        """Tell the channels of this process about these streams soon."""
        for outbox in self._outboxes.values():
            outbox.wake(streams)

    def duties(self) -> Mapping[str, Duty]:
        """Return posting, a duty for each channel."""
        return {f"posting to {one.name}": self._posting_to(one) for one in self._channels}

    def _posting_to(self, channel: Channel) -> Duty:
        async def post(over: asyncio.Event) -> None:
            outbox = Outbox(self._ledger, [channel], self._looks)
            self._outboxes[channel.name] = outbox
            running, ending = asyncio.create_task(outbox.run()), asyncio.create_task(over.wait())
            try:
                await asyncio.wait({running, ending}, return_when=asyncio.FIRST_COMPLETED)
                await outbox.stop()
                await running
            finally:
                running.cancel()
                ending.cancel()
                del self._outboxes[channel.name]

        return post


async def open_posting(stack: AsyncExitStack, bot: Bot, base_url: str) -> Posting:
    """Return the posting over every channel that is configured; it hears every commit.

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
    posting = Posting(Ledger(store.log, store.posts, bot.world.clock), opened, looks)
    bot.on_commit(posting.wake)
    return posting


def accounts(people: People, links: Mapping[str, str]) -> dict[str, tuple[str, ...]]:
    """Return the accounts of every active person: those of people.yaml, then those linked."""
    linked: dict[str, list[str]] = {}
    for actor, name in links.items():
        linked.setdefault(name, []).append(actor)
    return {
        one.name: tuple(dict.fromkeys((*one.identities, *linked.get(one.name, ()))))
        for one in people.people
        if one.active
    }


class Looks:
    """How the bot stands when a card is drawn: asked anew for each card."""

    def __init__(self, bot: Bot, base_url: str) -> None:
        self._bot = bot
        self._base_url = base_url
        self._version = f"triagebot {build_name()}"

    def __call__(self, state: State) -> Look:
        """Return the look for the cards of this state."""
        return Look(
            base_url=self._base_url,
            version=self._version,
            read_only=self._bot.read_only,
            paused_by=self._bot.household.house.paused_by,
            queued=self._bot.weather.queued(state.stream),
            actors=accounts(self._bot.library.people, self._bot.household.house.links),
            chat_only_high=self._bot.world.settings.accept_chat_only_high,
            terms={
                identifier: self._terms(state, view)
                for identifier, view in state.incident.proposals.items()
            },
        )

    def _terms(self, state: State, view: ProposalView) -> Terms:
        proposal, library = view.proposal, self._bot.library
        case = case_of(proposal, library, self._bot.world.clock.now())
        rule = enabled(library.policy, case)
        if isinstance(rule, Refuse):
            return Terms(f"nobody: {rule.why}")
        meant = {
            "owner": f"the service's owner ({case.owner or 'unknown'})",
            "on_call": "whoever is on call for the service",
        }
        words = [meant.get(one, one) for one in rule.approvers]
        if rule.quiet_hours:
            words.append(f"but nobody in the quiet hours {' and '.join(rule.quiet_hours)}")
        called = self._bot.roster.approvers(state, view, view.at)
        needed = quorum(rule, proposal.risk)
        return Terms(", ".join(words), needed, called.persons, called.quiet)
