"""The text index over incidents (SQLite FTS5): titles, services, labels, by relevance.

Another database gets its own file of this shape; nothing else knows how text is searched.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass

from sqlalchemy import Connection, TextClause, column, table, text

NAME = "incident_fts"
RAREST = 8
COMMON = 500
"""A word in so many incidents says little."""
RECENT = 2000
"""How many newest incidents are searched when there are only common words."""
CANDIDATES = 50
SAME_SERVICE = 5.0
"""What being of the same service adds to a score; a rare word adds about as much."""
WORD = re.compile(r"\w+")
WORDS = 32
LABELS_CHARS = 2000

_READ = text(f"SELECT title, service FROM {NAME} WHERE rowid = :number")  # noqa: S608 - a constant
_ADD = text(
    f"INSERT INTO {NAME} (rowid, title, service, labels) "  # noqa: S608 - a constant
    "VALUES (:number, :title, :service, :labels)"
)
_CHANGE = text(
    f"UPDATE {NAME} SET title = :title, service = :service WHERE rowid = :number"  # noqa: S608
)
_CLEAR = text(f"DELETE FROM {NAME}")  # noqa: S608 - a constant
_COUNT = text(
    f"SELECT count(*) FROM (SELECT 1 FROM {NAME} "  # noqa: S608 - a constant
    f"WHERE {NAME} MATCH :query LIMIT {COMMON})"
)
_BEST = text(
    "SELECT i.id, i.service, i.number, -f.score AS score FROM "  # noqa: S608 - a constant
    f"(SELECT rowid, bm25({NAME}, 4.0, 6.0, 1.0) AS score FROM {NAME} "
    f"WHERE {NAME} MATCH :query AND rowid > :after) AS f "
    "JOIN incident AS i ON i.number = f.rowid "
    "WHERE i.status IN ('resolved', 'closed') AND i.id <> :exclude "
    f"ORDER BY f.score, i.number DESC LIMIT {CANDIDATES}"
)
INDEX = table(NAME, column("rowid"))
"""The index as a table to join: its rows come by `rowid`, an incident's number, in either order."""


def owns_table(name: str) -> bool:
    """Tell whether a table is the index, or one it keeps for itself."""
    return name == NAME or name.startswith(f"{NAME}_")


def index_incident(connection: Connection, number: int, title: str, service: str) -> None:
    """Note title and service of an incident; nothing is written when they are known."""
    known = connection.execute(_READ, {"number": number}).one_or_none()
    if known is None:
        add_incident(connection, number, title, service)
    elif tuple(known) != (title, service):
        row = {"number": number, "title": title, "service": service}
        connection.execute(_CHANGE, row)


def add_incident(
    connection: Connection, number: int, title: str, service: str, labels: str = ""
) -> None:
    """Add an incident that is not in the index."""
    row = {"number": number, "title": title, "service": service, "labels": labels}
    connection.execute(_ADD, row)


def clear_index(connection: Connection) -> None:
    """Empty the index."""
    connection.execute(_CLEAR)


def labels_text(labels: Iterable[dict[str, str]]) -> str:
    """Return the distinct values of label sets as one text of at most `LABELS_CHARS`."""
    values = {value: None for pairs in labels for value in pairs.values()}
    return " ".join(values)[:LABELS_CHARS]


def matching(said: str) -> TextClause | None:
    """Return the condition on `INDEX` that every word of `said` occurs; None without a word."""
    query = every_word(said)
    return text(f"{NAME} MATCH :query").bindparams(query=query) if query else None


def every_word(said: str) -> str:
    """Return a query for rows that hold every word of `said` (the last may be begun only).

    Empty when there is no word in it.
    """
    return " ".join(f'"{word}" *' for word in WORD.findall(said)[:WORDS])


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
    query, after = question(connection, f"{title} {service}")
    if not query:
        return []
    rows = connection.execute(_BEST, {"query": query, "after": after, "exclude": exclude})
    hits = [
        Resemblance(
            row.id, row.number, row.score + (SAME_SERVICE if service == row.service else 0.0)
        )
        for row in rows
    ]
    return sorted(hits, key=lambda hit: (-hit.score, -hit.number))


def question(connection: Connection, said: str) -> tuple[str, int]:
    """Return what to ask the index for the words of `said`, and after which incident to look.

    The rarest words there are, joined by OR; when all are common, only the newest incidents count.
    """
    words = {word.lower() for word in WORD.findall(said)[:WORDS] if len(word) > 1}
    counted = sorted(
        (connection.execute(_COUNT, {"query": f'"{word}"'}).scalar_one(), word) for word in words
    )
    known = [(count, word) for count, word in counted if count > 0]
    rare = [word for count, word in known if count < COMMON]
    if rare:
        return " OR ".join(f'"{word}"' for word in rare[:RAREST]), 0
    newest = connection.execute(text("SELECT max(number) FROM incident")).scalar() or 0
    common = [word for _, word in known]
    return " OR ".join(f'"{word}"' for word in common[:RAREST]), max(0, newest - RECENT)
