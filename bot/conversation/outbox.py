"""The one way out: every channel is told what happened, once, at its own pace."""

import asyncio
from collections.abc import Callable, Sequence

from bot.conversation.cards import draw
from bot.conversation.lane import Lane
from bot.conversation.look import Look
from bot.conversation.teller import Ledger, Teller
from bot.conversation.timing import Timing
from bot.incident.card import Card
from bot.incident.fact import HOUSE
from bot.incident.reducer import State
from bot.ports import Channel

DEFAULT = Timing()


class Outbox:
    """Owns every conversation. What it was told to send is in the log; losing a wake is harmless.

    `look` says how the bot stands when a card of that state is drawn.
    """

    def __init__(
        self,
        ledger: Ledger,
        channels: Sequence[Channel],
        look: Callable[[State], Look],
        timing: Timing = DEFAULT,
    ) -> None:
        self._look = look
        self._over = asyncio.Event()
        self._over.set()
        self._lanes = [
            Lane(Teller(one, ledger, self.cards, timing), ledger.posts, ledger.clock, timing)
            for one in channels
        ]

    @property
    def names(self) -> tuple[str, ...]:
        """The channels, in the order they were given."""
        return tuple(lane.teller.channel.name for lane in self._lanes)

    def cards(self, state: State) -> Sequence[Card]:
        """Return every card of an incident as it would be posted now, the root first."""
        return draw(state, self._look(state))

    def hurt(self) -> dict[str, str]:
        """Return the channels whose last message failed, each with why it did."""
        tellers = (lane.teller for lane in self._lanes)
        return {teller.channel.name: teller.hurt for teller in tellers if teller.hurt}

    def wake(self, streams: frozenset[str]) -> None:
        """Tell every channel about these streams soon; called after a commit, never blocks."""
        incidents = streams - {HOUSE}
        if incidents:
            for lane in self._lanes:
                lane.wake(incidents)

    async def run(self) -> None:
        """Post until stopped; one task a channel, so that none holds up another."""
        self._over.clear()
        try:
            async with asyncio.TaskGroup() as group:
                for lane in self._lanes:
                    group.create_task(lane.run())
        finally:
            self._over.set()

    async def stop(self) -> None:
        """Begin no further message; return when those in flight are through and `run` ended."""
        for lane in self._lanes:
            lane.stop()
        await self._over.wait()
