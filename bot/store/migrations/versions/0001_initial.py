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
    "evidence_use", "grant_used", "heard", "incident", "open_group", "paused", "person_link",
    "post", "proposal", "session", "token_spent",
)  # fmt: skip


FTS5 = """
CREATE VIRTUAL TABLE incident_fts USING fts5
    (title, service, labels, tokenize = 'porter unicode61')
"""
TSVECTOR = """
CREATE TABLE incident_fts (
    number integer PRIMARY KEY, title text NOT NULL, service text NOT NULL, labels text NOT NULL,
    words tsvector NOT NULL)
"""
INDEX = """
CREATE INDEX ix_incident_fts_words ON incident_fts USING gin (words) WITH (fastupdate = off)
"""
STEMMED = """
ALTER TEXT SEARCH CONFIGURATION triagebot ALTER MAPPING FOR asciiword, word WITH triagebot_stem
"""
REFUSE = """
CREATE FUNCTION event_only_grows() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
    RAISE integrity_constraint_violation USING MESSAGE = 'the event log only grows';
END $$
"""
GUARDS = {
    "sqlite": tuple(
        f"CREATE TRIGGER event_no_{verb.lower()} BEFORE {verb} ON event "
        "BEGIN SELECT RAISE(ABORT, 'the event log only grows'); END"
        for verb in ("UPDATE", "DELETE")
    ),
    "postgresql": (
        REFUSE,
        *(
            f"CREATE TRIGGER event_no_{verb.lower()} BEFORE {verb} ON event "
            "FOR EACH STATEMENT EXECUTE FUNCTION event_only_grows()"
            for verb in ("UPDATE", "DELETE", "TRUNCATE")
        ),
    ),
}
INDEXES = {
    "sqlite": (FTS5,),
    "postgresql": (
        "CREATE TEXT SEARCH DICTIONARY triagebot_stem (TEMPLATE = snowball, LANGUAGE = english)",
        "CREATE TEXT SEARCH CONFIGURATION triagebot (COPY = pg_catalog.simple)",
        STEMMED,
        TSVECTOR,
        INDEX,
    ),
}
UNDONE = {
    "sqlite": ("DROP TABLE incident_fts",),
    "postgresql": (
        "DROP TABLE incident_fts",
        "DROP TEXT SEARCH CONFIGURATION triagebot",
        "DROP TEXT SEARCH DICTIONARY triagebot_stem",
    ),
}


def upgrade() -> None:
    """Make every table, what keeps the log as it is, and the text index."""
    _log()
    _incidents()
    _proposals()
    _conversations()
    _kept()
    kind = op.get_bind().dialect.name
    for said in (*GUARDS[kind], *INDEXES[kind]):
        op.execute(said)


def downgrade() -> None:
    """Drop everything: there is no schema before the first."""
    kind = op.get_bind().dialect.name
    for said in UNDONE[kind]:
        op.execute(said)
    for name in TABLES:
        op.drop_table(name)
    if kind == "postgresql":
        op.execute("DROP FUNCTION event_only_grows")


def _texts(names: str, *, nullable: bool = False) -> list[sa.Column[str]]:
    """Return columns of text that sorts by its bytes, on every database."""
    kind = sa.String().with_variant(sa.String(collation="C"), "postgresql")
    return [sa.Column(name, kind, nullable=nullable) for name in names.split()]


def _integers(names: str) -> list[sa.Column[int]]:
    return [sa.Column(name, sa.Integer(), nullable=False) for name in names.split()]


def _place() -> sa.Column[int]:
    """Return a key that counts up by itself, as SQLite only does with INTEGER."""
    kind = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
    return sa.Column("row", kind, sa.Identity(always=True), nullable=False)


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
        _place(),
        *chain(_texts("stream"), _integers("seq"), _texts("type")),
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
        *_texts("incident title status risk service target digest created_at expires_at"),
        _key("proposal", "id"),
    )
    _indexes("proposal", "status created_at", "created_at", "incident")
    op.create_table(
        "decision",
        _place(),
        *chain(_texts("proposal"), _integers("revision")),
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
    op.create_table("paused", *_texts("at person"), _key("paused", "at"))


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
        *chain(_bytes("raw"), _texts("deleted_at", nullable=True)),
        _key("delivery", "id"),
        _unique("delivery", "source", "route", "dedupe"),
    )
    _indexes("delivery", "deleted_at received_at")
    op.create_table(
        "evidence",
        *chain(_texts("id digest incident tool args at media_type"), _bytes("body")),
        *_texts("deleted_at", nullable=True),
        _key("evidence", "id"),
    )
    _indexes("evidence", "deleted_at at")
    op.create_table(
        "evidence_use",
        *_texts("evidence incident at"),
        _key("evidence_use", "evidence", "incident"),
    )
    op.create_table("heard", *_texts("source route at"), _key("heard", "source", "route"))
    op.create_table("session", *_texts("id person csrf created_at seen_at"), _key("session", "id"))
    op.create_table("token_spent", *_texts("digest at"), _key("token_spent", "digest"))
