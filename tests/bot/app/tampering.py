"""Somebody with the database's own rights: no trigger stops them, and they can count hashes."""

from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

from sqlalchemy import Connection, create_engine, text

from bot.incident.events import GENESIS, ChainLink, chain
from tests.fakes import url_of

TRIGGERS = ("event_no_update", "event_no_delete")
ROWS = "SELECT row, seq, type, v, at, actor, body FROM event WHERE stream = :stream ORDER BY seq"
LINK = "UPDATE event SET seq = :seq, prev = :prev, hash = :hash WHERE row = :row"
BODY = "UPDATE event SET body = :body WHERE row = :row"


@contextmanager
def tampering(folder: Path) -> Generator[Connection]:
    """Yield the folder's database, on which nothing guards the log."""
    engine = create_engine(url_of(folder))
    with engine.begin() as connection:
        if engine.dialect.name == "sqlite":
            for trigger in TRIGGERS:
                connection.execute(text(f"DROP TRIGGER IF EXISTS {trigger}"))
        else:
            connection.execute(text("SET session_replication_role = replica"))
        yield connection
    engine.dispose()


def run(connection: Connection, script: str) -> None:
    """Run statements that are divided by semicolons."""
    for statement in filter(None, map(str.strip, script.split(";"))):
        connection.execute(text(statement))


def change(connection: Connection, stream: str, seq: int, old: bytes, new: bytes) -> None:
    """Change the body of an event; its hash stays as it is."""
    rows = connection.execute(text(ROWS), {"stream": stream}).all()
    (row,) = (one for one in rows if one.seq == seq)
    body = bytes(row.body)
    assert old in body
    connection.execute(text(BODY), {"row": row.row, "body": body.replace(old, new)})


def chain_anew(connection: Connection, stream: str) -> list[str]:
    """Count the seqs and hashes of a stream anew; return every hash in hex, oldest first."""
    prev, hashes = GENESIS, list[str]()
    for seq, row in enumerate(connection.execute(text(ROWS), {"stream": stream}).all(), start=1):
        link = ChainLink(stream, seq, row.type, row.v, row.at, bytes(row.body), row.actor)
        digest = chain(prev, link)
        change = {"row": row.row, "seq": seq, "prev": prev, "hash": digest}
        connection.execute(text(LINK), change)
        prev = digest
        hashes.append(digest.hex())
    return hashes
