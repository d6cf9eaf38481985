"""The text index over incidents: titles, services, labels, by relevance.

Each database has a file for its own index (fts5, tsvector); nothing else knows how text is
searched.
"""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from sqlalchemy import ColumnElement, Connection, TableClause, TextClause, text

from bot.store.engines import Kind
from bot.store.fts5 import FTS5
from bot.store.text_index import COMMON, NAME, Counted, TextIndex
from bot.store.tsvector import TSVECTOR

RAREST = 8
RECENT = 2000
"""How many newest incidents are searched when there are only common words."""
SAME_SERVICE = 5.0
"""What being of the same service adds to a score; a rare word adds about as much."""
WORD = re.compile(r"\w+")
WORDS = 32
LABELS_CHARS = 2000
INDEXES: dict[str, TextIndex] = {"sqlite": FTS5, "postgresql": TSVECTOR}


def owns_table(name: str) -> bool:
    """Tell whether a table is the index, or one it keeps for itself."""
    return name == NAME or name.startswith(f"{NAME}_")


def index_incident(connection: Connection, number: int, title: str, service: str) -> None:
    """Note title and service of an incident; nothing is written when they are known."""
    index = _index(connection)
    known = connection.execute(index.read, {"number": number}).one_or_none()
    if known is None:
        add_incident(connection, number, title, service)
    elif tuple(known) != (title, service):
        connection.execute(index.change, index.row(number, title, service, ""))


def add_incident(
    connection: Connection, number: int, title: str, service: str, labels: str = ""
) -> None:
    """Add an incident that is not in the index."""
    index = _index(connection)
    connection.execute(index.add, index.row(number, title, service, labels))


def clear_index(connection: Connection) -> None:
    """Empty the index."""
    connection.execute(_index(connection).clear)


def labels_text(labels: Iterable[dict[str, str]]) -> str:
    """Return the distinct values of label sets as one text of at most `LABELS_CHARS`."""
    values = {value: None for pairs in labels for value in pairs.values()}
    return " ".join(values)[:LABELS_CHARS]


@dataclass(frozen=True, slots=True)
class Matching:
    """What joins a list to the index: its table, its column of numbers, and the condition."""

    table: TableClause
    number: ColumnElement[int]
    condition: TextClause


def matching(said: str, kind: Kind) -> Matching | None:
    """Return how to find rows with every word of `said`, each begun only; None without a word."""
    words = WORD.findall(said)[:WORDS]
    if not words:
        return None
    index = INDEXES[kind]
    number: ColumnElement[int] = index.table.c[index.key]
    return Matching(index.table, number, index.matching.bindparams(query=index.every(words)))


@dataclass(frozen=True, slots=True)
class Resemblance:
    """An incident that resembles; a higher score resembles more."""

    incident: str
    number: int
    score: float


def resembling(connection: Connection, title: str, service: str, exclude: str) -> list[Resemblance]:
    """Return resolved or closed incidents that share rare words, best first, newest of equals.

    At most `RAREST` words are asked for, so the cost hardly grows with the number of incidents.
    """
    newest = connection.execute(text("SELECT max(number) FROM incident")).scalar() or 0
    counted, after = question(connection, f"{title} {service}", newest)
    if not counted:
        return []
    index = _index(connection)
    asked = {**index.asked(counted, newest), "after": after, "exclude": exclude}
    hits = [
        Resemblance(
            row.id, row.number, row.score + (SAME_SERVICE if service == row.service else 0.0)
        )
        for row in connection.execute(index.best, asked)
    ]
    return sorted(hits, key=lambda hit: (-hit.score, -hit.number))


def question(connection: Connection, said: str, newest: int) -> tuple[Sequence[Counted], int]:
    """Return which words of `said` to look for, and after which incident.

    The rarest words there are; when all are common, only the newest incidents count.
    """
    index = _index(connection)
    words = {word.lower() for word in WORD.findall(said)[:WORDS] if len(word) > 1}
    queries = {word: query for word in words if (query := index.one(word))}
    counted = sorted(
        (connection.execute(index.count, {"query": query}).scalar_one(), word)
        for word, query in queries.items()
    )
    known = [(count, word) for count, word in counted if count > 0]
    rare = [(count, word) for count, word in known if count < COMMON]
    if rare:
        return rare[:RAREST], 0
    return known[:RAREST], max(0, newest - RECENT)


def _index(connection: Connection) -> TextIndex:
    return INDEXES[connection.dialect.name]
