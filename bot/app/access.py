"""What lets people in, sealed: who can write the database but has no key makes no session or token.

A session, a link, a token and a linked account each say who somebody is, and the bot then seals
the decisions of that person. So they bear a seal of the same key themselves (E-25, E-42).
"""

import hmac
import logging
from dataclasses import replace
from datetime import datetime

from bot.app.key import Key
from bot.incident.events import Event, stamp
from bot.incident.fact import Fact
from bot.incident.facts_house import LinkIssued, PersonLinked, TokenIssued
from bot.ports import SessionRow, Sessions
from bot.telemetry import security_events

ADMITTING = (LinkIssued, PersonLinked, TokenIssued)
"""The facts that say who somebody is."""
SEAL_CHARS = 64
"""So many hex characters at the end of a session's form token are its seal."""
log = logging.getLogger(__name__)


class Access:
    """Seals the facts that let somebody in, and knows them again."""

    def __init__(self, key: Key) -> None:
        self._key = key

    def sealed(self, fact: Fact, seq: int) -> Fact:
        """Return the fact, to stand at `seq` of `house`, with its seal if it lets somebody in."""
        if not isinstance(fact, ADMITTING):
            return fact
        return fact.model_copy(update={"seal": self._seal(fact, seq)})

    def is_own(self, event: Event) -> bool:
        """True unless the event lets somebody in and bears no seal of this key for its place."""
        fact = event.body
        if not isinstance(fact, ADMITTING):
            return True
        try:
            return hmac.compare_digest(self._seal(fact, event.seq).encode(), fact.seal.encode())
        except ValueError:  # its fields have no canonical form
            return False

    def _seal(self, fact: Fact, seq: int) -> str:
        """Return the seal over the place, the type, and every field that is not its default.

        By its place, a copy of what was taken back lets nobody in again.
        """
        fields = fact.model_dump(mode="json", exclude={"seal"}, exclude_defaults=True)
        return self._key.admit(type(fact).__name__, [seq, fields])


class SealedSessions:
    """The `Sessions` port over another: a row counts only as it was opened.

    The seal covers the session's id, person, form token and time of opening. It stands in the form
    token, behind the chance that makes it one; when it was last used is not sealed.
    """

    def __init__(self, kept: Sessions, key: Key) -> None:
        self._kept = kept
        self._key = key

    async def open(self, row: SessionRow) -> None:
        """Store a new session with its seal."""
        await self._kept.open(replace(row, csrf=f"{row.csrf}{self._seal(row)}"))

    async def get(self, identifier: str) -> SessionRow | None:
        """Return the session, or None: also where somebody wrote or changed it in the database."""
        row = await self._kept.get(identifier)
        if row is None:
            return None
        chance, seal = row.csrf[:-SEAL_CHARS], row.csrf[-SEAL_CHARS:]
        if hmac.compare_digest(self._seal(replace(row, csrf=chance)).encode(), seal.encode()):
            return row
        log.error(
            "SECURITY: a session in the name of %s bears no seal of this bot's key, so it lets "
            "nobody in: it was opened with another key, or by other hands",
            row.person,
        )
        security_events.labels("access_forged").inc()
        await self._kept.close(identifier)
        return None

    async def touch(self, identifier: str, seen_at: datetime) -> None:
        """Note that the session was used."""
        await self._kept.touch(identifier, seen_at)

    async def close(self, identifier: str) -> None:
        """Delete the session."""
        await self._kept.close(identifier)

    async def close_all(self, person: str) -> int:
        """Delete every session of a person; return how many there were."""
        return await self._kept.close_all(person)

    async def spend(self, token_digest: str, at: datetime) -> bool:
        """Mark a single-use token as used; False when it was used before."""
        return await self._kept.spend(token_digest, at)

    def _seal(self, row: SessionRow) -> str:
        fields = [row.id, row.person, row.csrf, stamp(row.created_at)]
        return self._key.admit("session", list(fields))
