"""The shape of a text index: the SQL one database says for it, and how it says a query."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import TableClause, TextClause

NAME = "incident_fts"
TITLE, SERVICE, LABELS = 4.0, 6.0, 1.0
"""What a word counts where it occurs."""
CANDIDATES = 50
COMMON = 500
"""A word in so many incidents says little."""
Counted = tuple[int, str]
"""How many incidents hold a word, up to `COMMON`, and the word."""


@dataclass(frozen=True, slots=True)
class TextIndex:
    """One database's words for the index over incidents.

    Attributes:
        table: The index as a table to join: its rows come by `key`, in either order.
        key: The column that holds an incident's number.
        row: What `add` and `change` are given for number, title, service and labels.
        matching: The condition that a row matches `:query`.
        count: How many rows match `:query`, up to `COMMON`.
        best: The `CANDIDATES` past incidents after `:after` that match best, with a score.
        every: The query for rows that hold every word, the end of each left open.
        one: The query for rows that hold the word.
        asked: What `best` is given besides, for so many incidents in all.
    """

    table: TableClause
    key: str
    row: Callable[[int, str, str, str], dict[str, Any]]
    read: TextClause
    add: TextClause
    change: TextClause
    clear: TextClause
    matching: TextClause
    count: TextClause
    best: TextClause
    every: Callable[[Sequence[str]], str]
    one: Callable[[str], str]
    asked: Callable[[Sequence[Counted], int], dict[str, Any]]
