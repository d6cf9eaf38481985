"""What is kept beside the log: evidence, conversations, posts, sessions."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from pydantic import JsonValue


@dataclass(frozen=True, slots=True)
class Evidence:
    """One stored tool result. `id` is the first 16 hex characters of `digest` (SHA-256 of body).

    `incident` is where it was first seen; `deleted_at` marks a stub kept after retention.
    """

    id: str
    digest: str
    incident: str
    tool: str
    args: Mapping[str, JsonValue]
    at: datetime
    media_type: str
    body: bytes
    deleted_at: datetime | None = None


class EvidenceStore(Protocol):
    """Content-addressed results behind permalinks."""

    async def put(self, evidence: Evidence) -> str:
        """Store (already redacted) evidence; return its id. Twice is once."""
        ...

    async def get(self, identifier: str) -> Evidence | None:
        """Return evidence by id, or None."""
        ...


@dataclass(frozen=True, slots=True)
class ConversationRow:
    """Where an incident is talked about in one channel, and how far that channel was told."""

    incident: str
    channel: str
    address: str
    cursor: int
    wake_at: datetime | None
    failures: int = 0


@dataclass(frozen=True, slots=True)
class Post:
    """One message of ours in a conversation; `message_id` empty: sending began, outcome unknown."""

    key: str
    message_id: str
    version: str


class Posts(Protocol):
    """The outbox's memory: conversations, cursors and message ids."""

    async def behind(self, channel: str, now: datetime, limit: int = 200) -> list[str]:
        """Return incidents with events that `channel` was not told and whose retry time came."""
        ...

    async def conversation(self, incident: str, channel: str) -> ConversationRow | None:
        """Return the conversation, or None when none was opened yet."""
        ...

    async def save(self, row: ConversationRow) -> None:
        """Insert or replace a conversation's row."""
        ...

    async def posts(self, incident: str, channel: str) -> dict[str, Post]:
        """Return the posts of a conversation by key."""
        ...

    async def save_post(self, incident: str, channel: str, post: Post) -> None:
        """Insert or replace one post."""
        ...


@dataclass(frozen=True, slots=True)
class SessionRow:
    """A web session; `id` is the SHA-256 (hex) of the cookie's token. `csrf` is its form token."""

    id: str
    person: str
    csrf: str
    created_at: datetime
    seen_at: datetime


class Sessions(Protocol):
    """Web sessions and single-use tokens (kept)."""

    async def open(self, row: SessionRow) -> None:
        """Store a new session."""
        ...

    async def get(self, identifier: str) -> SessionRow | None:
        """Return the session, or None."""
        ...

    async def touch(self, identifier: str, seen_at: datetime) -> None:
        """Note that the session was used."""
        ...

    async def close(self, identifier: str) -> None:
        """Delete the session; nothing happens when it is gone."""
        ...

    async def close_all(self, person: str) -> int:
        """Delete every session of a person, on every process; return how many there were."""
        ...

    async def spend(self, token_digest: str, at: datetime) -> bool:
        """Mark a single-use token as used; False when it was used before."""
        ...
