"""The tables: what a row of each holds. Times are text as `events.stamp` writes it, so it sorts.

`event` is the log. Derived tables are rebuilt from it (bot.store.rebuild); kept tables are not:
`delivery`, `evidence`, `post`, `session`, `token_spent`. The text index lives in bot.store.search.
"""

import re

from sqlalchemy import Column, LargeBinary, MetaData, Table
from sqlalchemy.orm import declared_attr
from sqlmodel import Field, Index, SQLModel, UniqueConstraint

NAMING = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s_%(referred_table_name)s",
    "pk": "pk_%(table_name)s",
}


class Stored(SQLModel):
    """What every table of ours shares: one MetaData with names Alembic can repeat."""

    metadata = MetaData(naming_convention=NAMING)

    @declared_attr.directive
    def __tablename__(cls) -> str:  # noqa: N805 # pyright: ignore[reportIncompatibleVariableOverride]
        """`OpenGroupTable` is stored in `open_group`."""
        return re.sub("(?<=[a-z])(?=[A-Z])", "_", cls.__name__.removesuffix("Table")).lower()


class EventTable(Stored, table=True):
    """One event; (stream, seq) is its place, `row` its place in the log as a whole."""

    __table_args__ = (UniqueConstraint("stream", "seq"),)

    row: int | None = Field(default=None, primary_key=True)
    stream: str
    seq: int
    type: str
    v: int
    at: str
    actor: str
    body: bytes = Field(sa_column=Column(LargeBinary, nullable=False))
    prev: bytes = Field(sa_column=Column(LargeBinary, nullable=False))
    hash: bytes = Field(sa_column=Column(LargeBinary, nullable=False))


class IncidentTable(Stored, table=True):
    """Derived: one line of the list, and the incident's alarm.

    `number` is the number in `id`. `alerts` counts firing alerts received. `alerted_at` is when a
    delivery last spoke of it. `status` may also be `merged`.
    """

    __table_args__ = (
        Index(None, "wake_at"),
        Index(None, "status", "number"),
        Index(None, "service", "number"),
    )

    id: str = Field(primary_key=True)
    number: int = Field(unique=True)
    seq: int
    wake_at: str | None = None
    status: str
    severity: str
    service: str
    title: str
    opened_at: str
    resolved_at: str | None = None
    closed_at: str | None = None
    merged_into: str = ""
    pending: int = 0
    alerts: int = 0
    alerted_at: str = ""
    conclusion: str = ""
    action: str = ""
    outcome: str = ""


class OpenGroupTable(Stored, table=True):
    """Derived: the incident that a source's group opened last."""

    source: str = Field(primary_key=True)
    route: str = Field(primary_key=True)
    group_key: str = Field(primary_key=True)
    incident: str


class AlertSeenTable(Stored, table=True):
    """Derived: one occurrence of an alert, and how far it is known to have come.

    `logged` is 0 when it resolved without an incident, which no event tells. Ten rows of it come
    with every delivery, so the key is the table.
    """

    __table_args__ = {"sqlite_with_rowid": False}

    key: str = Field(primary_key=True)
    status: str
    at: str
    delivery: str
    logged: int


class ProposalTable(Stored, table=True):
    """Derived: one line of the approvals inbox."""

    __table_args__ = (Index(None, "status", "created_at"), Index(None, "incident"))

    id: str = Field(primary_key=True)
    revision: int
    incident: str
    title: str
    status: str
    risk: str
    service: str
    digest: str
    created_at: str
    expires_at: str


class DecisionTable(Stored, table=True):
    """Derived: one verdict a Person, proposal and revision (E-10)."""

    __table_args__ = (UniqueConstraint("proposal", "revision", "person"),)

    row: int | None = Field(default=None, primary_key=True)
    proposal: str
    revision: int
    person: str
    incident: str
    verdict: str
    at: str


class GrantUsedTable(Stored, table=True):
    """Derived: a nonce and a digest start once (E-10)."""

    nonce: str = Field(primary_key=True)
    digest: str = Field(unique=True)
    proposal: str
    incident: str
    at: str


class ConversationTable(Stored, table=True):
    """Derived, but for the cursor: where an incident is talked about, how far it was told.

    `behind` is 1 when events came after the cursor was saved.
    """

    __table_args__ = (Index(None, "channel", "behind"),)

    incident: str = Field(primary_key=True)
    channel: str = Field(primary_key=True)
    address: str
    cursor: int
    wake_at: str | None = None
    failures: int = 0
    behind: int = 1


class ChangeTable(Stored, table=True):
    """Derived: a deploy, config or flag change; `body` is the Change as JSON."""

    __table_args__ = (Index(None, "service", "at"), Index(None, "at"))

    source: str = Field(primary_key=True)
    id: str = Field(primary_key=True)
    service: str
    at: str
    body: str


class PersonLinkTable(Stored, table=True):
    """Derived: an actor that belongs to a Person, linked in chat or on the page."""

    actor: str = Field(primary_key=True)
    person: str


class DeliveryTable(Stored, table=True):
    """Kept: one request as it came. `incidents` are the ids it reached, parted by spaces."""

    __table_args__ = (UniqueConstraint("source", "route", "dedupe"),)

    id: str = Field(primary_key=True)
    source: str
    route: str
    dedupe: str
    received_at: str
    digest: str
    headers: str
    incidents: str
    raw: bytes = Field(sa_column=Column(LargeBinary, nullable=False))


class EvidenceTable(Stored, table=True):
    """Kept: one tool result; `body` is empty and `deleted_at` set after retention."""

    id: str = Field(primary_key=True)
    digest: str
    incident: str
    tool: str
    args: str
    at: str
    media_type: str
    body: bytes = Field(sa_column=Column(LargeBinary, nullable=False))
    deleted_at: str | None = None


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


def _table(row: type[Stored]) -> Table:
    return Stored.metadata.tables[str(row.__tablename__)]


EVENT = _table(EventTable)
INCIDENT = _table(IncidentTable)
OPEN_GROUP = _table(OpenGroupTable)
ALERT_SEEN = _table(AlertSeenTable)
PROPOSAL = _table(ProposalTable)
DECISION = _table(DecisionTable)
GRANT_USED = _table(GrantUsedTable)
CONVERSATION = _table(ConversationTable)
CHANGE = _table(ChangeTable)
PERSON_LINK = _table(PersonLinkTable)
DELIVERY = _table(DeliveryTable)
EVIDENCE = _table(EvidenceTable)
POST = _table(PostTable)
SESSION = _table(SessionTable)
