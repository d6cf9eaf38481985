"""The text index on PostgreSQL: a table with a tsvector and a GIN index over it.

Words are parted and folded here as FTS5 does it on SQLite, so that both find the same; the
server stems them (the configuration `triagebot` of the first migration has no stop words). A
score is that of bm25, but for the length of the text.
"""

import math
import re
import unicodedata
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

CONFIGURATION = "triagebot"
TOKEN = re.compile(r"[^\W_]+")
TOKEN_CHARS = 500
"""The server refuses words of more than 2046 bytes."""
SATURATION = 1.2
_RANK = f"'{{{LABELS / SERVICE}, {LABELS / SERVICE}, {TITLE / SERVICE}, 1.0}}'"
_FREQUENCY = f"{SERVICE * math.pi**2 / 6} * ts_rank({_RANK}, x.words, w.query)"
_TITLE = f"setweight(to_tsvector('{CONFIGURATION}', :title_words), 'B')"
_SERVICE = f"setweight(to_tsvector('{CONFIGURATION}', :service_words), 'A')"
_LABELS = f"setweight(to_tsvector('{CONFIGURATION}', :labels_words), 'D')"
_MATCHES = f"words @@ to_tsquery('{CONFIGURATION}', :query)"


def folded(said: str) -> list[str]:
    """Return the words of a text, small and without accents."""
    parts = unicodedata.normalize("NFKD", said.lower())
    plain = "".join(sign for sign in parts if not unicodedata.combining(sign))
    return [word[:TOKEN_CHARS] for word in TOKEN.findall(plain)]


def _row(number: int, title: str, service: str, labels: str) -> dict[str, Any]:
    row = {"title": title, "service": service, "labels": labels}
    words = {f"{name}_words": " ".join(folded(said)) for name, said in row.items()}
    return {"number": number, **row, **words}


def _one(word: str) -> str:
    return " <-> ".join(f"'{part}'" for part in folded(word))


def _every(words: Sequence[str]) -> str:
    return " & ".join(f"({query}:*)" for word in words if (query := _one(word)))


def _asked(counted: Sequence[Counted], total: int) -> dict[str, Any]:
    known = [(count, query) for count, word in counted if (query := _one(word))]
    return {
        "query": " | ".join(f"({query})" for _, query in known),
        "queries": [query for _, query in known],
        "worth": [
            max(1e-6, math.log((max(total, count) - count + 0.5) / (count + 0.5)))
            for count, _ in known
        ],
    }


TSVECTOR = TextIndex(
    table=table(NAME, column("number")),
    key="number",
    row=_row,
    read=text(f"SELECT title, service FROM {NAME} WHERE number = :number"),  # noqa: S608 - constant
    add=text(
        f"INSERT INTO {NAME} (number, title, service, labels, words) "  # noqa: S608 - constants
        f"VALUES (:number, :title, :service, :labels, {_TITLE} || {_SERVICE} || {_LABELS})"
    ),
    change=text(
        f"UPDATE {NAME} SET title = :title, service = :service, "  # noqa: S608 - constants
        f"words = {_TITLE} || {_SERVICE} || ts_filter(words, '{{d}}') WHERE number = :number"
    ),
    clear=text(f"DELETE FROM {NAME}"),  # noqa: S608 - a constant
    matching=text(_MATCHES),
    count=text(
        f"SELECT count(*) FROM (SELECT 1 FROM {NAME} "  # noqa: S608 - constants
        f"WHERE {_MATCHES} LIMIT {COMMON}) AS found"
    ),
    best=text(
        f"WITH w AS MATERIALIZED (SELECT to_tsquery('{CONFIGURATION}', said) AS query, worth "  # noqa: S608 - constants
        "FROM unnest(CAST(:queries AS text[]), CAST(:worth AS float8[])) AS u (said, worth)), "
        f"f AS (SELECT x.number, (SELECT sum(w.worth * {1 + SATURATION} * s.often "
        f"/ (s.often + {SATURATION})) FROM w, LATERAL (SELECT {_FREQUENCY} AS often) AS s) "
        f"AS score FROM {NAME} AS x WHERE x.{_MATCHES} AND x.number > :after) "
        "SELECT i.id, i.service, i.number, f.score FROM f "
        "JOIN incident AS i ON i.number = f.number "
        "WHERE i.status IN ('resolved', 'closed') AND i.id <> :exclude "
        f"ORDER BY f.score DESC, i.number DESC LIMIT {CANDIDATES}"
    ),
    every=_every,
    one=_one,
    asked=_asked,
)
