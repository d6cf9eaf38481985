"""A storm told to a channel that takes one message a second in one place and says so."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from heapq import heappop, heappush
from itertools import pairwise

from bot.conversation.cards import draw
from bot.conversation.teller import Ledger, Teller
from bot.conversation.timing import Timing
from bot.incident.card import Card
from bot.incident.facts_alerts import IncidentOpened
from bot.incident.model import Severity
from bot.ports import Limits
from tests.bot.conversation.fakes import FakeLog, FakePosts
from tests.bot.conversation.situations import LOOK, concluded, loaded
from tests.bot.incident.making import alert, received
from tests.channels.fake_channel import FakeChannel, answered
from tests.fakes import T0, FakeClock

SECOND = timedelta(seconds=1)
INCIDENTS = 20


@dataclass
class Strict(FakeChannel):
    """Answers 429 to a second message within a second; notes when it was spoken to and edited."""

    limits: Limits = field(default_factory=lambda: Limits(post_every_s=1.0))
    clock: FakeClock = field(default_factory=FakeClock)
    posted_at: list[datetime] = field(default_factory=list[datetime])
    edited_at: dict[str, list[datetime]] = field(default_factory=dict[str, list[datetime]])
    refused: int = 0

    async def open(self, conversation: str, card: Card, key: str) -> str:
        self._admit()
        return await super().open(conversation, card, key)

    async def reply(self, address: str, card: Card, key: str) -> str:
        self._admit()
        return await super().reply(address, card, key)

    async def update(self, address: str, message_id: str, card: Card) -> None:
        self.edited_at.setdefault(message_id or address, []).append(self.clock.now())
        await super().update(address, message_id, card)

    def _admit(self) -> None:
        now = self.clock.now()
        if self.posted_at and now < self.posted_at[-1] + SECOND:
            self.refused += 1
            raise answered(429, 1.0)
        self.posted_at.append(now)


class Storm:
    """Many incidents and one teller; time passes from one thing that is due to the next."""

    def __init__(self, limits: Limits | None = None) -> None:
        self.clock = FakeClock()
        self.log = FakeLog(self.clock)
        self.channel = Strict(clock=self.clock, limits=limits or Limits(post_every_s=1.0))
        posts = FakePosts(self.log)
        ledger = Ledger(self.log, posts, self.clock)
        timing = Timing(settle_s=0, edit_every_s=1.0)
        self.teller = Teller(self.channel, ledger, lambda state: draw(state, LOOK), timing)
        self.due: list[tuple[datetime, str]] = []

    def open(self, name: str, severity: Severity = "warning") -> None:
        opening = IncidentOpened(title=name, service="x", severity=severity, group_key=name)
        self.log.add(name, opening, received(alert("firing", name)), loaded(None))
        self.wake(name)

    def wake(self, name: str) -> None:
        heappush(self.due, (self.clock.now(), name))

    async def calm(self, most: int = 2000) -> None:
        """Tell whoever is due, in order, until nobody is."""
        for _ in range(most):
            if not self.due:
                return
            at, name = heappop(self.due)
            self.clock.advance(max((at - self.clock.now()).total_seconds(), 0))
            later = await self.teller.tell(name)
            if later is not None:
                heappush(self.due, (later, name))
        raise AssertionError("it never comes to rest")


async def test_p8_a_storm_of_first_cards_is_told_a_message_a_second_and_never_refused() -> None:
    storm = Storm()
    for number in range(INCIDENTS):
        storm.open(f"INC-{number + 1}")
    await storm.calm()
    channel = storm.channel
    assert channel.refused == 0
    assert len(channel.messages) == len(channel.by_key("INC-1/root")) * INCIDENTS
    spoke = [message.key for message in channel.messages]
    assert sorted(spoke) == sorted(f"INC-{number + 1}/root" for number in range(INCIDENTS))
    assert storm.clock.now() - T0 <= (INCIDENTS + 1) * SECOND


async def test_p8_the_first_card_of_a_critical_incident_overtakes_the_storm() -> None:
    storm = Storm()
    for number in range(INCIDENTS):
        storm.open(f"INC-{number + 1}")
    storm.open("INC-99", "critical")
    await storm.calm()
    keys = [message.key for message in storm.channel.messages]
    assert keys.index("INC-99/root") <= 1


async def test_p8_one_conversation_is_edited_at_most_once_a_second_and_ends_true() -> None:
    storm = Storm()
    storm.open("INC-1")
    await storm.calm()
    for number in range(30):
        storm.log.add("INC-1", received(alert("firing", f"more-{number}")))
        storm.wake("INC-1")
        at, _ = storm.due[0]
        if at <= storm.clock.now():
            await storm.teller.tell("INC-1")
        storm.clock.advance(0.1)
    await storm.calm()
    (edits,) = storm.channel.edited_at.values()
    assert all(later - earlier >= SECOND for earlier, later in pairwise(edits))
    assert len(edits) <= 5
    assert "31 alerts firing" in str(storm.channel.messages[0].card)


async def test_a_complaint_hushes_the_place_for_everybody() -> None:
    storm = Storm()
    storm.channel.posted_at.append(storm.clock.now())  # another bot spoke there just now
    for number in range(5):
        storm.open(f"INC-{number + 1}")
    await storm.calm()
    assert storm.channel.refused == 1
    assert len(storm.channel.messages) == 5


async def test_a_channel_without_a_pace_is_told_at_once() -> None:
    storm = Storm(Limits())
    storm.channel.posted_at = []
    storm.channel.clock = FakeClock()
    for number in range(3):
        storm.open(f"INC-{number + 1}")
        storm.channel.posted_at.clear()
        at, name = heappop(storm.due)
        assert await storm.teller.tell(name) is None
        assert at == storm.clock.now()
    assert len(storm.channel.messages) == 3


async def test_what_follows_in_a_thread_keeps_its_order_at_that_pace() -> None:
    storm = Storm()
    storm.open("INC-1")
    storm.log.add("INC-1", concluded())
    await storm.calm()
    assert storm.channel.refused == 0
    assert [message.key for message in storm.channel.messages] == [
        "INC-1/root",
        "INC-1/finding:r1",
    ]
