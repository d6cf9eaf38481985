"""Seals on decisions: a MAC by a key that the database does not hold (E-42)."""

from typing import Protocol

from bot.incident.facts_action import DecisionMade


class Sealer(Protocol):
    """Seals a decision when it is made, and tells later whether it was made here."""

    def seal(self, made: DecisionMade) -> str:
        """Return the seal over every other field of `made`; the same for the same fields."""
        ...

    def holds(self, made: DecisionMade) -> bool:
        """Tell whether the seal `made` bears is the one that `seal` gives; "" never is."""
        ...
