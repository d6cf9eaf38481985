"""Somebody who can write the database, and knows how its chain of hashes is made."""

from collections.abc import Sequence
from datetime import datetime
from pathlib import Path

from sqlalchemy import Connection, create_engine, text

from bot.incident.events import ChainLink, chain, encode, stamp
from bot.incident.fact import Fact
from tests.fakes import T0, url_of

HEAD = "SELECT seq, hash FROM event WHERE stream = :stream ORDER BY seq DESC LIMIT 1"
INSERT = (
    "INSERT INTO event (stream, seq, type, v, at, actor, body, prev, hash) "
    "VALUES (:stream, :seq, :type, :v, :at, :actor, :body, :prev, :hash)"
)


def forge(
    folder: Path, stream: str, facts: Sequence[Fact], *scripts: str, at: datetime = T0
) -> None:
    """Append facts to a stream as the bot would, hashes and all, and run `scripts` after that."""
    engine = create_engine(url_of(folder))
    with engine.begin() as connection:
        for fact in facts:
            _append(connection, stream, fact, stamp(at))
        for script in scripts:
            connection.execute(text(script), {"stream": stream})
    engine.dispose()


def _append(connection: Connection, stream: str, fact: Fact, at: str) -> None:
    seq, prev = connection.execute(text(HEAD), {"stream": stream}).one()
    link = ChainLink(stream, seq + 1, type(fact).__name__, fact.v, at, encode(fact), "web:dana")
    row = {
        "stream": stream,
        "seq": link.seq,
        "type": link.type,
        "v": link.v,
        "at": link.at,
        "actor": link.actor,
        "body": link.body,
        "prev": bytes(prev),
        "hash": chain(bytes(prev), link),
    }
    connection.execute(text(INSERT), row)
