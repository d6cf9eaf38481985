"""What pages and lists ask of the derived tables; read-only."""

from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from bot.incident.model import Similar


@dataclass(frozen=True, slots=True)
class IncidentRow:
    """One line of the list."""

    id: str
    seq: int
    title: str
    status: str
    severity: str
    service: str
    opened_at: datetime
    resolved_at: datetime | None
    pending: int
    alerts: int


@dataclass(frozen=True, slots=True)
class Filter:
    """What the list shows; empty fields do not filter. `before` is a cursor: rows older than it."""

    status: str = ""
    severity: str = ""
    service: str = ""
    text: str = ""
    before: str = ""
    limit: int = 50


@dataclass(frozen=True, slots=True)
class ProposalRow:
    """One line of the approvals inbox."""

    id: str
    revision: int
    incident: str
    title: str
    status: str
    risk: str
    service: str
    digest: str
    created_at: datetime
    expires_at: datetime


class Incidents(Protocol):
    """Read-only questions to the derived tables."""

    async def page(self, where: Filter) -> list[IncidentRow]:
        """Return incidents, newest first, at most `where.limit` (≤ 200)."""
        ...

    async def proposals(self, status: str = "pending", limit: int = 100) -> list[ProposalRow]:
        """Return proposals in that status (all when empty), oldest first."""
        ...

    async def decided(self, limit: int = 20) -> list[ProposalRow]:
        """Return proposals that do not wait for a decision (any more), newest first."""
        ...

    async def find_proposal(self, prefix: str) -> list[ProposalRow]:
        """Return the proposals whose id begins with `prefix` (≥ 4 characters), open ones first."""
        ...

    async def similar(
        self, title: str, service: str, exclude: str, limit: int = 3
    ) -> list[Similar]:
        """Return closed or resolved incidents that resemble this one, best first."""
        ...
