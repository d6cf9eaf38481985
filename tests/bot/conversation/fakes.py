"""Ports over dictionaries: a log that tells its listeners, and posts that can lose a write."""

from collections.abc import Callable
from datetime import datetime

from bot.errors import BusyError
from bot.incident.events import Event
from bot.incident.fact import Fact
from bot.incident.reducer import State, fold
from bot.ports import ConversationRow, Draft, Post, Recorded, Refusal
from tests.fakes import FakeClock


class Killed(Exception):  # noqa: N818 - what a kill -9 looks like from inside
    """The process ended right here."""


class FakeLog:
    """The `Log` port over lists."""

    def __init__(self, clock: FakeClock) -> None:
        self.clock = clock
        self.streams: dict[str, list[Event]] = {}
        self.listeners: list[Callable[[frozenset[str]], None]] = []
        self.busy = False

    def add(self, stream: str, *facts: Fact) -> None:
        events = self.streams.setdefault(stream, [])
        for fact in facts:
            events.append(Event(stream, len(events) + 1, self.clock.now(), "test:log", fact))
        for listen in self.listeners:
            listen(frozenset({stream}))

    def types(self, stream: str) -> list[str]:
        return [event.type for event in self.streams[stream]]

    async def state(self, stream: str) -> State:
        return fold(await self.load(stream))

    async def afresh(self, stream: str) -> State:
        return await self.state(stream)

    async def load(self, stream: str, after: int = 0, limit: int | None = None) -> list[Event]:
        if self.busy:
            raise BusyError("the database is away")
        return [event for event in self.streams.get(stream, []) if event.seq > after][:limit]

    async def record(self, stream: str, build: Callable[[State], Draft | Refusal]) -> Recorded:
        made = build(fold(self.streams.get(stream, [])))
        before = len(self.streams.get(stream, []))
        if made.facts:
            self.add(stream, *made.facts)
        events = tuple(self.streams.get(stream, [])[before:])
        return Recorded(events, before + len(events), made if isinstance(made, Refusal) else None)

    async def append(self, stream: str, expect: int, draft: Draft) -> Recorded:
        return await self.record(stream, lambda _: draft)

    async def open(self, make: Callable[[str], Draft]) -> Recorded:
        name = f"INC-{len(self.streams) + 1}"
        return await self.record(name, lambda _: make(name))

    async def sleep(self, stream: str, expect: int, wake_at: datetime | None) -> bool:
        return True

    async def due(self, now: datetime, limit: int = 500) -> list[str]:
        return []

    async def heads(self, stream: str = "") -> dict[str, tuple[int, str]]:
        return {}

    async def changed(self) -> int:
        return sum(map(len, self.streams.values()))


class FakePosts:
    """The `Posts` port over dictionaries; `kill_after` names a post whose sending is not noted."""

    def __init__(self, log: FakeLog) -> None:
        self._log = log
        self.rows: dict[tuple[str, str], ConversationRow] = {}
        self.saved: dict[tuple[str, str], dict[str, Post]] = {}
        self.kill_after = ""

    async def behind(self, channel: str, now: datetime, limit: int = 200) -> list[str]:
        found: list[str] = []
        for incident, events in self._log.streams.items():
            row = self.rows.get((incident, channel))
            ready = row is None or row.wake_at is None or row.wake_at <= now
            if ready and (row.cursor if row else 0) < len(events):
                found.append(incident)
        return found[:limit]

    async def conversation(self, incident: str, channel: str) -> ConversationRow | None:
        return self.rows.get((incident, channel))

    async def save(self, row: ConversationRow) -> None:
        self.rows[row.incident, row.channel] = row

    async def posts(self, incident: str, channel: str) -> dict[str, Post]:
        return dict(self.saved.get((incident, channel), {}))

    async def save_post(self, incident: str, channel: str, post: Post) -> None:
        if post.message_id and post.key == self.kill_after:
            self.kill_after = ""
            raise Killed(post.key)
        self.saved.setdefault((incident, channel), {})[post.key] = post
