"""Who writes about incidents: documents made of the log, and a model's words for one of them."""

from typing import Protocol

from bot.incident.facts_run import DraftWritten
from bot.incident.state import State


class Papers(Protocol):
    """Documents about one incident, as Markdown, made anew of its thread each time."""

    async def timeline(self, incident: str) -> str:
        """Return the timeline.

        Raises:
            NotFoundError: There is no such incident.
        """
        ...

    async def postmortem(self, incident: str) -> str:
        """Return the draft of a postmortem.

        Raises:
            NotFoundError: There is no such incident.
        """
        ...


class Scribe(Protocol):
    """Finds words for the postmortem of an incident that is about to be closed.

    It is a model's: whatever it writes is shown as such, and nothing depends on it.
    """

    async def write(self, state: State) -> DraftWritten | None:
        """Return its words, or None when it has none.

        Raises:
            ToolError: None came.
        """
        ...
