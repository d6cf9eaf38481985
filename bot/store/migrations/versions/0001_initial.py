"""The first schema."""

from itertools import chain

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

TABLES = (
    "alert_seen", "change", "conversation", "decision", "delivery", "event", "evidence",
    "grant_used", "incident", "open_group", "person_link", "post", "proposal", "session",
    "token_spent",
)  # fmt: skip


def upgrade() -> None:
    """Make every table; on SQLite also the triggers that keep the log, and the text index."""
    _log()
    _incidents()
    _proposals()
    _conversations()
    _kept()
    if op.get_bind().dialect.name == "sqlite":
        for verb in ("UPDATE", "DELETE"):
            op.execute(
                f"CREATE TRIGGER event_no_{verb.lower()} BEFORE {verb} ON event "
                "BEGIN SELECT RAISE(ABORT, 'the event log only grows'); END"
            )
        op.execute(
            "CREATE VIRTUAL TABLE incident_fts USING fts5"
            "(title, service, labels, tokenize = 'porter unicode61')"
        )


def downgrade() -> None:
    """Drop everything: there is no schema before the first."""
    if op.get_bind().dialect.name == "sqlite":
        op.execute("DROP TABLE incident_fts")
    for name in TABLES:
        op.drop_table(name)


def _texts(names: str, *, nullable: bool = False) -> list[sa.Column[str]]:
    return [sa.Column(name, sa.String(), nullable=nullable) for name in names.split()]


def _integers(names: str) -> list[sa.Column[int]]:
    return [sa.Column(name, sa.Integer(), nullable=False) for name in names.split()]


def _bytes(names: str) -> list[sa.Column[bytes]]:
    return [sa.Column(name, sa.LargeBinary(), nullable=False) for name in names.split()]


def _key(table: str, *names: str) -> sa.PrimaryKeyConstraint:
    return sa.PrimaryKeyConstraint(*names, name=op.f(f"pk_{table}"))


def _unique(table: str, *names: str) -> sa.UniqueConstraint:
    return sa.UniqueConstraint(*names, name=op.f(f"uq_{table}_{'_'.join(names)}"))


def _indexes(table: str, *indexes: str) -> None:
    for names in indexes:
        columns = names.split()
        op.create_index(op.f(f"ix_{table}_{'_'.join(columns)}"), table, columns, unique=False)


def _log() -> None:
    op.create_table(
        "event",
        *chain(_integers("row"), _texts("stream"), _integers("seq"), _texts("type")),
        *chain(_integers("v"), _texts("at actor"), _bytes("body prev hash")),
        _key("event", "row"),
        _unique("event", "stream", "seq"),
    )


def _incidents() -> None:
    op.create_table(
        "incident",
        *chain(_texts("id"), _integers("number seq"), _texts("wake_at", nullable=True)),
        *_texts("status severity service title opened_at"),
        *chain(_texts("resolved_at closed_at", nullable=True), _texts("merged_into")),
        *chain(_integers("pending alerts"), _texts("alerted_at conclusion action outcome")),
        _key("incident", "id"),
        _unique("incident", "number"),
    )
    _indexes("incident", "wake_at", "status number", "service number")
    op.create_table(
        "open_group",
        *_texts("source route group_key incident"),
        _key("open_group", "source", "route", "group_key"),
    )
    op.create_table(
        "alert_seen",
        *chain(_texts("key status at delivery"), _integers("logged")),
        _key("alert_seen", "key"),
        sqlite_with_rowid=False,
    )
    op.create_table("change", *_texts("source id service at body"), _key("change", "source", "id"))
    _indexes("change", "service at", "at")


def _proposals() -> None:
    op.create_table(
        "proposal",
        *chain(_texts("id"), _integers("revision")),
        *_texts("incident title status risk service digest created_at expires_at"),
        _key("proposal", "id"),
    )
    _indexes("proposal", "status created_at", "incident")
    op.create_table(
        "decision",
        *chain(_integers("row"), _texts("proposal"), _integers("revision")),
        *_texts("person incident verdict at"),
        _key("decision", "row"),
        _unique("decision", "proposal", "revision", "person"),
    )
    op.create_table(
        "grant_used",
        *_texts("nonce digest proposal incident at"),
        _key("grant_used", "nonce"),
        _unique("grant_used", "digest"),
    )
    op.create_table("person_link", *_texts("actor person"), _key("person_link", "actor"))


def _conversations() -> None:
    op.create_table(
        "conversation",
        *chain(_texts("incident channel address"), _integers("cursor")),
        *chain(_texts("wake_at", nullable=True), _integers("failures behind")),
        _key("conversation", "incident", "channel"),
    )
    _indexes("conversation", "channel behind")
    op.create_table(
        "post",
        *_texts("incident channel key message_id version"),
        _key("post", "incident", "channel", "key"),
    )


def _kept() -> None:
    op.create_table(
        "delivery",
        *_texts("id source route dedupe received_at digest headers incidents"),
        *_bytes("raw"),
        _key("delivery", "id"),
        _unique("delivery", "source", "route", "dedupe"),
    )
    op.create_table(
        "evidence",
        *chain(_texts("id digest incident tool args at media_type"), _bytes("body")),
        *_texts("deleted_at", nullable=True),
        _key("evidence", "id"),
    )
    op.create_table("session", *_texts("id person csrf created_at seen_at"), _key("session", "id"))
    op.create_table("token_spent", *_texts("digest at"), _key("token_spent", "digest"))
