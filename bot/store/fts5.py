"""The text index on SQLite: a virtual table of FTS5, ranked by bm25."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import column, table, text

from bot.store.text_index import (
    CANDIDATES,
    COMMON,
    LABELS,
    NAME,
    SERVICE,
    TITLE,
    Counted,
    TextIndex,
)


def _row(number: int, title: str, service: str, labels: str) -> dict[str, Any]:
    return {"number": number, "title": title, "service": service, "labels": labels}


def _every(words: Sequence[str]) -> str:
    return " ".join(f'"{word}" *' for word in words)


def _one(word: str) -> str:
    return f'"{word}"'


def _asked(counted: Sequence[Counted], total: int) -> dict[str, Any]:
    _ = total  # bm25 knows it
    return {"query": " OR ".join(_one(word) for _, word in counted)}


FTS5 = TextIndex(
    table=table(NAME, column("rowid")),
    key="rowid",
    row=_row,
    read=text(f"SELECT title, service FROM {NAME} WHERE rowid = :number"),  # noqa: S608 - constant
    add=text(
        f"INSERT INTO {NAME} (rowid, title, service, labels) "  # noqa: S608 - a constant
        "VALUES (:number, :title, :service, :labels)"
    ),
    change=text(
        f"UPDATE {NAME} SET title = :title, service = :service "  # noqa: S608 - a constant
        "WHERE rowid = :number"
    ),
    clear=text(f"DELETE FROM {NAME}"),  # noqa: S608 - a constant
    matching=text(f"{NAME} MATCH :query"),
    count=text(
        f"SELECT count(*) FROM (SELECT 1 FROM {NAME} "  # noqa: S608 - a constant
        f"WHERE {NAME} MATCH :query LIMIT {COMMON})"
    ),
    best=text(
        "SELECT i.id, i.service, i.number, -f.score AS score FROM "  # noqa: S608 - constants
        f"(SELECT rowid, bm25({NAME}, {TITLE}, {SERVICE}, {LABELS}) AS score FROM {NAME} "
        f"WHERE {NAME} MATCH :query AND rowid > :after) AS f "
        "JOIN incident AS i ON i.number = f.rowid "
        "WHERE i.status IN ('resolved', 'closed') AND i.id <> :exclude "
        f"ORDER BY f.score, i.number DESC LIMIT {CANDIDATES}"
    ),
    every=_every,
    one=_one,
    asked=_asked,
)
