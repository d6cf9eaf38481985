"""Writes into the log that a channel was opened, or cannot be reached; each once."""

from bot.incident.facts_alerts import ConversationBroken, ConversationOpened
from bot.incident.reducer import State
from bot.ports import Draft, Log, Refusal

ACTOR = "bot:outbox"
WHY_CHARS = 400
KNOWN = Refusal("the log says so already")


class Chronicle:
    """One channel's facts about its conversations."""

    def __init__(self, channel: str, log: Log) -> None:
        self._channel = channel
        self._log = log

    async def opened(self, incident: str, address: str) -> None:
        """Record where the incident is talked about, or that it can be reached again.

        Raises:
            BusyError: The log is away; the same is recorded at the next occasion.
        """
        name = self._channel

        def build(state: State) -> Draft | Refusal:
            view = state.incident
            if view.conversations.get(name) == address and name not in view.broken:
                return KNOWN
            return Draft(ACTOR, (ConversationOpened(channel=name, address=address),))

        await self._log.record(incident, build)

    async def broken(self, incident: str, why: str) -> None:
        """Record that the channel cannot reach the incident's conversation, and why.

        Raises:
            BusyError: The log is away.
        """
        name = self._channel

        def build(state: State) -> Draft | Refusal:
            if name in state.incident.broken:
                return KNOWN
            return Draft(ACTOR, (ConversationBroken(channel=name, why=why[:WHY_CHARS]),))

        await self._log.record(incident, build)
