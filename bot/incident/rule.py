"""One row of the reducer's table: a fact's class and the function that applies it."""

from collections.abc import Callable
from typing import TypeVar, cast

from bot.incident.events import Event
from bot.incident.fact import Fact
from bot.incident.state import State

F = TypeVar("F", bound=Fact)

Row = tuple[type[Fact], Callable[[State, Event, Fact], None]]


def rule(fact: type[F], apply: Callable[[State, Event, F], None]) -> Row:
    """Return the row that applies `apply` to facts of exactly this class."""
    return fact, cast("Callable[[State, Event, Fact], None]", apply)
