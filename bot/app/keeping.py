"""Keeps the store in order while the bot runs: old bodies go, and the chains' heads are noted."""

import asyncio
import logging
from pathlib import Path

from bot import telemetry
from bot.app.checkpoint import fault_of, signed_facts, signed_line
from bot.app.key import Key, public_keys
from bot.app.retention import KeepRules, Retention, Taken
from bot.app.safekeeping import break_lines
from bot.errors import BotError, StaleThreadError
from bot.incident.fact import HOUSE
from bot.ports import Clock, Draft, Verified
from bot.settings import Settings
from bot.store.store import Store
from bot.store.witness import Witnessed, bear_witness, last_line

ACTOR = "bot:keeper"
FIRST_S = 60.0
"""How long after the start the first round begins: a start has other things to do."""
EVERY_S = 3600.0
LOOKED_AT = 50_000
"""Events that one round looks at, at most."""
TRIES = 5

log = logging.getLogger(__name__)


class Keeper:
    """Retention, a look at the chains, and checkpoints, every hour; one process is enough.

    Attributes:
        verified: What the last look found; None before the first.
        unwritten: Why the second place does not have every checkpoint; "" when it has.
    """

    def __init__(self, store: Store, clock: Clock, settings: Settings, key: Key) -> None:
        self._store = store
        self._clock = clock
        self._retention = Retention(store.bodies, clock, KeepRules.of(settings))
        self._file: Path | None = settings.checkpoints
        self._key = key
        self._keys = {**public_keys(settings), key.id: key.public}
        self.verified: Verified | None = None
        self.unwritten = ""
        telemetry.audit_verify_ok.set(1)

    @property
    def problem(self) -> str:
        """What an operator must look at; "" when there is nothing."""
        if self.verified is not None and self.verified.faults:
            first = self.verified.faults[0]
            return f"the log is not what was written ({first}); run: triagebot audit verify"
        return self.unwritten

    async def run(self, stopping: asyncio.Event) -> None:
        """Do a round some time after the start and every hour; one checkpoint more at the end."""
        wait_s = FIRST_S
        while not await _is_set_within(stopping, wait_s):
            wait_s = EVERY_S
            await self.look()
            await self.checkpoint()
            await self._sweep(stopping)
        await self.checkpoint()

    async def look(self) -> None:
        """Verify what came since the newest checkpoint, and that one's signature; never raises."""
        try:
            events, breaks = await self._store.verify_newest(LOOKED_AT)
            newest = await self._store.checkpoints.newest()
        except BotError as error:
            log.warning("the chains could not be looked at: %s", error)
            return
        faults = break_lines(breaks)
        if newest is not None and newest.fact is not None and newest.fact.signature:
            fault = fault_of(newest.fact, self._keys)
            faults += [f"{HOUSE} event {newest.seq}: {fault}"] if fault else []
        self.verified = Verified(self._clock.now(), events, tuple(faults))
        telemetry.audit_verify_ok.set(0 if faults else 1)
        for fault in faults:
            log.error("the log is not what was written: %s", fault)

    async def checkpoint(self) -> bool:
        """Note what moved since the last checkpoint; False when nothing did, or it failed.

        It never raises: a checkpoint that cannot be taken now is taken by the next round.
        """
        try:
            taken = await self._take()
        except BotError as error:
            log.warning("no checkpoint was taken: %s", error)
            return False
        if taken and self._file is not None:
            await self._bear_witness(self._file)
        return taken

    async def _take(self) -> bool:
        """Sign and record, as the next checkpoint after the newest: never beside another one."""
        for _ in range(TRIES):
            moved = await self._store.checkpoints.moved()
            if not moved.heads:
                return False
            now, witnessed = self._clock.now(), self._file is not None
            facts = tuple(signed_facts(self._key, moved, now, witnessed=witnessed))
            try:
                made = await self._store.log.append(HOUSE, moved.house, Draft(ACTOR, facts))
            except StaleThreadError:
                continue
            hashed = await self._store.checkpoints.hash_of(HOUSE, made.seq)
            telemetry.checkpoint_signed.set(1)
            log.info(  # where logs are shipped they are a place more
                "checkpoint: house %d %s, %d events, signed by %s: %s",
                made.seq, hashed, moved.events, self._key.id, facts[-1].signature,
            )  # fmt: skip
            return True
        raise StaleThreadError("house moves on all the time; it is taken in the next round")

    async def _bear_witness(self, file: Path) -> None:
        try:
            last = await asyncio.to_thread(last_line, file)
            self.unwritten = await self._other_log(file, last)
            if not self.unwritten:
                lines = await self._owed(last)
                await asyncio.to_thread(bear_witness, file, lines)
        except OSError as error:
            reason = error.strerror or type(error).__name__
            self.unwritten = f"TRIAGE_CHECKPOINTS: {file} cannot be written ({reason})"
        except BotError as error:
            self.unwritten = f"TRIAGE_CHECKPOINTS: {file} was not written ({error})"
        if self.unwritten:
            log.warning("%s; the checkpoint stands in the database only", self.unwritten)

    async def _other_log(self, file: Path, last: Witnessed | None) -> str:
        """Return what to do when the last line saw an event that this log does not have."""
        if last is None or await self._store.checkpoints.hash_of(HOUSE, last.seq) == last.hash:
            return ""
        return (
            f"TRIAGE_CHECKPOINTS: {file} tells of another log than this one (house event "
            f"{last.seq}). After a restore move the file away; else run: triagebot audit verify "
            "--checkpoints"
        )

    async def _owed(self, last: Witnessed | None) -> list[Witnessed]:
        """Return the lines of the checkpoints that the file lacks at its end, oldest first.

        One that is not signed by a key of ours is not vouched for.
        """
        seen = await self._store.checkpoints.since(0 if last is None else last.seq)
        return [
            signed_line(self._key, one, one.fact)
            for one in seen
            if one.fact is not None and not fault_of(one.fact, self._keys)
        ]

    async def _sweep(self, stopping: asyncio.Event) -> None:
        try:
            taken = await self._retention.sweep(stopping)
        except BotError as error:
            log.warning("retention stopped early and goes on in an hour: %s", error)
            return
        if taken:
            log.info("retention deleted %s", taken_words(taken))


def taken_words(taken: Taken) -> str:
    """Return `the bytes of 12 raw deliveries and 3 pieces of evidence, 4096 bytes in all`."""
    deliveries, evidence = taken.bodies.get("delivery", 0), taken.bodies.get("evidence", 0)
    return (
        f"the bytes of {deliveries} raw deliver{'y' if deliveries == 1 else 'ies'} and "
        f"{evidence} piece{'' if evidence == 1 else 's'} of evidence, {taken.size_bytes} bytes "
        "in all"
    )


async def _is_set_within(event: asyncio.Event, seconds: float) -> bool:
    try:
        async with asyncio.timeout(seconds):
            await event.wait()
    except TimeoutError:
        return False
    return True
