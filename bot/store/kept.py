"""The kept tables: what no event tells, so no rebuild can bring it back.

What of them grows with time is deleted again by retention, which leaves a stub.
"""

from sqlalchemy import BigInteger, Column, LargeBinary
from sqlmodel import Field, Index, UniqueConstraint

from bot.store.stored import Stored, table_of


class DeliveryTable(Stored, table=True):
    """Kept: one request as it came. `incidents` are the ids it reached, parted by spaces.

    After retention `raw` and `headers` are empty and `deleted_at` is set; the row stays (D-03).
    """

    __table_args__ = (
        UniqueConstraint("source", "route", "dedupe"),
        Index(None, "deleted_at", "received_at"),
    )

    id: str = Field(primary_key=True)
    source: str
    route: str
    dedupe: str
    received_at: str
    digest: str
    headers: str
    incidents: str
    raw: bytes = Field(sa_column=Column(LargeBinary, nullable=False))
    deleted_at: str | None = None


class HeardTable(Stored, table=True):
    """Kept: when a door that is expected to speak was last heard; one row a door."""

    source: str = Field(primary_key=True)
    route: str = Field(primary_key=True)
    at: str


class EvidenceTable(Stored, table=True):
    """Kept: one tool result; `body` is empty and `deleted_at` set after retention."""

    __table_args__ = (Index(None, "deleted_at", "at"),)

    id: str = Field(primary_key=True)
    digest: str
    incident: str
    tool: str
    args: str
    at: str
    media_type: str
    body: bytes = Field(sa_column=Column(LargeBinary, nullable=False))
    deleted_at: str | None = None


class EvidenceUseTable(Stored, table=True):
    """Kept: which incidents were answered with one same result, and when last."""

    evidence: str = Field(primary_key=True)
    incident: str = Field(primary_key=True)
    at: str


class PostTable(Stored, table=True):
    """Kept: one message of ours; without a `message_id`, sending began and nobody answered."""

    incident: str = Field(primary_key=True)
    channel: str = Field(primary_key=True)
    key: str = Field(primary_key=True)
    message_id: str
    version: str


class SessionTable(Stored, table=True):
    """Kept: a web session, named by the digest of its token."""

    id: str = Field(primary_key=True)
    person: str
    csrf: str
    created_at: str
    seen_at: str


class TokenSpentTable(Stored, table=True):
    """Kept: a single-use token that was used."""

    digest: str = Field(primary_key=True)
    at: str


class StepUpKeyTable(Stored, table=True):
    """Kept: how one person proves anew who they are; the secrets are sealed (bot.ports.stepup).

    `wrong_at` holds the times of wrong codes, oldest first, parted by spaces.
    """

    person: str = Field(primary_key=True)
    secret: bytes = Field(sa_column=Column(LargeBinary, nullable=False))
    spent: int
    wrong_at: str
    locked_until: str | None = None
    offered: bytes = Field(sa_column=Column(LargeBinary, nullable=False))
    offered_to: str
    offered_at: str | None = None


class ModelCallTable(Stored, table=True):
    """Kept: one request to a model. Budgets and the estimator's ratio are read of it."""

    __table_args__ = (Index(None, "at"), Index(None, "incident"), Index(None, "model", "at"))

    id: str = Field(primary_key=True)
    incident: str
    effect_id: str
    model: str
    at: str
    estimated_tokens: int
    input_tokens: int
    output_tokens: int
    micro_usd: int | None = Field(default=None, sa_column=Column(BigInteger, nullable=True))
    outcome: str


DELIVERY = table_of(DeliveryTable)
HEARD = table_of(HeardTable)
EVIDENCE = table_of(EvidenceTable)
EVIDENCE_USE = table_of(EvidenceUseTable)
MODEL_CALL = table_of(ModelCallTable)
POST = table_of(PostTable)
SESSION = table_of(SessionTable)
STEP_UP_KEY = table_of(StepUpKeyTable)
TOKEN_SPENT = table_of(TokenSpentTable)
