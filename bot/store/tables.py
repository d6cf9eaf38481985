"""The tables: what a row of each holds. Times are text as `events.stamp` writes it, so it sorts.

`event` is the log. Derived tables are rebuilt from it (bot.store.rebuild); kept tables are not, and
live in bot.store.kept. The text index lives in bot.store.search.
"""

from sqlalchemy import BigInteger, Column, Identity, Integer, LargeBinary
from sqlmodel import Field, Index, UniqueConstraint

from bot.store.stored import Stored, table_of


def _place() -> Column[int]:
    """Return a key that counts up by itself."""
    kind = BigInteger().with_variant(Integer(), "sqlite")  # the only one SQLite counts up
    return Column(kind, Identity(always=True), primary_key=True)


class EventTable(Stored, table=True):
    """One event; (stream, seq) is its place, `row` its place in the log as a whole."""

    __table_args__ = (UniqueConstraint("stream", "seq"),)

    row: int | None = Field(default=None, sa_column=_place())
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

    __table_args__ = ({"sqlite_with_rowid": False},)

    key: str = Field(primary_key=True)
    status: str
    at: str
    delivery: str
    logged: int


class ProposalTable(Stored, table=True):
    """Derived: one line of the approvals inbox. `target` is what is changed, and where."""

    __table_args__ = (
        Index(None, "status", "created_at"),
        Index(None, "created_at"),
        Index(None, "incident"),
    )

    id: str = Field(primary_key=True)
    revision: int
    incident: str
    title: str
    status: str
    risk: str
    service: str
    target: str
    digest: str
    created_at: str
    expires_at: str


class DecisionTable(Stored, table=True):
    """Derived: one verdict a Person, proposal and revision (E-10)."""

    __table_args__ = (UniqueConstraint("proposal", "revision", "person"),)

    row: int | None = Field(default=None, sa_column=_place())
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


class PausedTable(Stored, table=True):
    """Derived: the kill switch; it has a row while the bot is paused."""

    at: str = Field(primary_key=True)
    person: str


EVENT = table_of(EventTable)
INCIDENT = table_of(IncidentTable)
OPEN_GROUP = table_of(OpenGroupTable)
ALERT_SEEN = table_of(AlertSeenTable)
PROPOSAL = table_of(ProposalTable)
DECISION = table_of(DecisionTable)
GRANT_USED = table_of(GrantUsedTable)
CONVERSATION = table_of(ConversationTable)
CHANGE = table_of(ChangeTable)
PERSON_LINK = table_of(PersonLinkTable)
PAUSED = table_of(PausedTable)
