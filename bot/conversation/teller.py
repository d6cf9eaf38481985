"""Tells one channel about one incident: whatever it was not told yet, each message once."""

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

from bot import telemetry
from bot.conversation.chronicle import Chronicle
from bot.conversation.fit import fit
from bot.conversation.pace import Pace, Urgency
from bot.conversation.plan import GIVEN_UP, ROOT, Move, plan
from bot.conversation.sending import Sender
from bot.conversation.timing import Timing, retry_at
from bot.errors import ConversationLost, RemoteError
from bot.incident.card import Card
from bot.incident.model import SEVERITIES
from bot.incident.reducer import State
from bot.ports import Channel, Clock, ConversationRow, Log, Post, Posts

log = logging.getLogger(__name__)
EDITS_MAX = 2000
"""How many incidents' last edit is remembered; forgetting one only makes an edit come early."""


@dataclass(frozen=True, slots=True)
class Ledger:
    """Where the outbox reads and remembers."""

    log: Log
    posts: Posts
    clock: Clock


class Teller:
    """One channel's voice. It holds nothing that a restart would miss.

    `hurt` says why the last message failed, empty when it did not; `early` names the incidents
    whose first card waits for what is known locally.
    """

    def __init__(
        self,
        channel: Channel,
        ledger: Ledger,
        draw: Callable[[State], Sequence[Card]],
        timing: Timing,
    ) -> None:
        self.channel = channel
        self.stopping = False
        self.hurt = ""
        self.early: set[str] = set()
        self._ledger = ledger
        self._draw = draw
        self._timing = timing
        self._sender = Sender(channel, ledger.posts, timing.call_s)
        self._chronicle = Chronicle(channel.name, ledger.log)
        self._edited_at: dict[str, datetime] = {}
        self._pace = Pace(channel.limits.post_every_s)

    async def tell(self, incident: str) -> datetime | None:
        """Say what is new, and return when to come back although nothing new was said; or None.

        A kill at any point loses no message and doubles none: what was begun is looked for first.

        Raises:
            BusyError: The log or the outbox's memory is away.
        """
        state = await self._ledger.log.state(incident)
        now, name = self._ledger.clock.now(), self.channel.name
        row = await self._ledger.posts.conversation(incident, name)
        row = row or ConversationRow(incident, name, "", 0, None)
        if not state.exists:
            return None
        if row.failures and row.wake_at is not None and row.wake_at > now:
            return row.wake_at
        known = await self._ledger.posts.posts(incident, name)
        early = self._too_early(state, known, now)
        if early is not None:
            self.early.add(incident)
            return early
        self.early.discard(incident)
        try:
            later = await self._say(state, known)
        except ConversationLost as lost:
            return await self._lost(state, row, lost)
        except RemoteError as error:
            return await self._again(state, row, error)
        if not self.stopping:
            address = known[ROOT].message_id if ROOT in known else row.address
            cursor = row.cursor if later else state.seq
            told = replace(row, address=address, cursor=cursor, wake_at=later, failures=0)
            if told != row:
                await self._ledger.posts.save(told)
        return later

    def _too_early(self, state: State, known: dict[str, Post], now: datetime) -> datetime | None:
        """Return until when the first card waits for what is known locally; None: say it now."""
        view = state.incident
        if ROOT in known or state.run.context is not None or view.opened_at is None:
            return None
        until = view.opened_at + timedelta(seconds=self._timing.settle_s)
        return until if view.status == "open" and now < until else None

    async def _say(self, state: State, known: dict[str, Post]) -> datetime | None:
        """Make every move that is due; return when a held back edit is."""
        name, limits = self.channel.name, self.channel.limits
        cards = [fit(card, limits) for card in self._draw(state)]
        later: datetime | None = None
        silent = False
        moves = plan(cards, known, edits=limits.edits)
        for move in moves:
            if self.stopping:
                return None
            if move.kind != "open" and not _address(known):
                break
            if silent and move.kind != "update":
                continue  # what comes after a message that waits is not said before it
            held = self._held_back(state, move)
            if held is not None:
                later = held if later is None else min(later, held)
                silent = silent or move.kind != "update"
                continue
            await self._make(state, known, move)
        address = _address(known)
        if address and state.incident.conversations.get(name) != address:
            await self._chronicle.opened(state.stream, address)
        return later

    def _held_back(self, state: State, move: Move) -> datetime | None:
        """Return until when a move waits: a place takes so many messages, a card so many edits."""
        now, pace_s = self._ledger.clock.now(), self._timing.pace_s(self.channel.name)
        if move.kind != "update":
            return self._pace.turn(_place(state, self.channel.name), _urgency(state, move), now)
        if move.key != ROOT:
            return None
        incident = state.stream
        last = self._edited_at.get(incident)
        if last is not None and now < last + timedelta(seconds=pace_s):
            return last + timedelta(seconds=pace_s)
        if len(self._edited_at) >= EDITS_MAX:
            self._edited_at.pop(next(iter(self._edited_at)))
        self._edited_at[incident] = now
        return None

    async def _make(self, state: State, known: dict[str, Post], move: Move) -> None:
        """Make one move, or note that the channel refuses it for good.

        Raises:
            ConversationLost: The place is gone.
            RemoteError: It may be tried again.
        """
        place = _address(known) or _place(state, self.channel.name)
        try:
            post = await self._sender.send(state.stream, place, move, known.get(move.key))
        except RemoteError as error:
            if error.retryable:
                raise
            await self._chronicle.broken(state.stream, str(error))
            post = Post(move.key, move.message_id, f"{GIVEN_UP}{move.version}")
            await self._ledger.posts.save_post(state.stream, self.channel.name, post)
            known[move.key] = post
            self._count("refused", str(error))
            return
        known[move.key] = post
        self._count("edited" if move.kind == "update" else "sent")
        if move.kind == "open":
            self._measure_first(state)
        if move.kind == "open" or self.channel.name in state.incident.broken:
            await self._chronicle.opened(state.stream, _address(known))

    async def _again(self, state: State, row: ConversationRow, error: RemoteError) -> datetime:
        """Note the failure and return when to try again."""
        failures = row.failures + 1
        wake_at = retry_at(self._ledger.clock.now(), failures, error.retry_after_s)
        if error.retry_after_s is not None:
            self._pace.hush(_place(state, self.channel.name), wake_at)
        self._count("retried", str(error))
        await self._ledger.posts.save(replace(row, wake_at=wake_at, failures=failures))
        return wake_at

    async def _lost(
        self, state: State, row: ConversationRow, lost: ConversationLost
    ) -> datetime | None:
        """Forget the place, say so in the log, and try to open another; once refused, give up."""
        name, incident = self.channel.name, row.incident
        self._count("lost", str(lost))
        await self._chronicle.broken(incident, str(lost))
        known = await self._ledger.posts.posts(incident, name)
        opened = bool(_address(known))
        root = known.get(ROOT)
        refused = f"{GIVEN_UP}{root.version}" if root is not None and not opened else ""
        for key in known:
            version = refused if key == ROOT else ""
            await self._ledger.posts.save_post(incident, name, Post(key, "", version))
        failures = row.failures + 1 if opened else 0
        wake_at = retry_at(self._ledger.clock.now(), failures, None) if opened else None
        cursor = row.cursor if opened else state.seq
        gone = replace(row, address="", cursor=cursor, wake_at=wake_at, failures=failures)
        await self._ledger.posts.save(gone)
        return wake_at

    def _measure_first(self, state: State) -> None:
        opened_at = state.incident.opened_at
        if opened_at is not None:
            waited = self._ledger.clock.now() - opened_at
            telemetry.first_message.observe(max(waited.total_seconds(), 0.0))

    def _count(self, outcome: str, why: str = "") -> None:
        name = self.channel.name
        telemetry.channel_send.labels(name, outcome).inc()
        if why and not self.hurt:
            log.warning("cannot post: %s", why, extra={"channel": name})
        self.hurt = why


def _address(known: dict[str, Post]) -> str:
    """Return where the incident is talked about; empty before it was opened."""
    root = known.get(ROOT)
    return root.message_id if root is not None else ""


def _place(state: State, channel: str) -> str:
    """Return where the team wants to hear about this service; empty: the channel's own default."""
    loaded = state.run.context
    service = loaded.service if loaded is not None else None
    return service.conversations.get(channel, "") if service is not None else ""


def _urgency(state: State, move: Move) -> Urgency:
    view = state.incident
    opened_at = view.opened_at or datetime.max.replace(tzinfo=UTC)
    return Urgency(SEVERITIES.index(view.severity), move.kind != "open", opened_at, view.id)
