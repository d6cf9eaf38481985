"""A teller with everything around it in memory, and a way to kill and restart it."""

from bot.conversation.cards import draw
from bot.conversation.teller import Ledger, Teller
from bot.conversation.timing import Timing
from bot.incident.fact import Fact
from tests.bot.conversation.fakes import FakeLog, FakePosts
from tests.bot.conversation.situations import LOOK
from tests.channels.fake_channel import FakeChannel
from tests.fakes import FakeClock

INCIDENT = "INC-1"


class Scene:
    """A teller, everything around it, and a way to start it anew."""

    def __init__(self, *facts: Fact, channel: FakeChannel | None = None) -> None:
        self.clock = FakeClock()
        self.log = FakeLog(self.clock)
        self.posts = FakePosts(self.log)
        self.channel = channel or FakeChannel()
        self.teller = self.restarted()
        if facts:
            self.log.add(INCIDENT, *facts)

    def restarted(self) -> Teller:
        ledger = Ledger(self.log, self.posts, self.clock)
        timing = Timing(call_s=0.02)
        self.teller = Teller(self.channel, ledger, lambda state: draw(state, LOOK), timing)
        return self.teller

    async def settle(self) -> None:
        """Tell until nothing is left, as a lane would."""
        for _ in range(20):
            later = await self.teller.tell(INCIDENT)
            row = self.posts.rows.get((INCIDENT, "fake"))
            if row is not None and row.cursor == len(self.log.streams[INCIDENT]):
                return
            if later is not None and later > self.clock.now():
                self.clock.advance((later - self.clock.now()).total_seconds())
        raise AssertionError("it never comes to rest")

    def said(self) -> list[str]:
        return [message.key for message in self.channel.messages]
