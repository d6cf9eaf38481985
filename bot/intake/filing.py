"""Verbs that hand out a document about an incident: timeline, postmortem."""

from collections.abc import Awaitable, Callable

from bot.incident.commands import Command
from bot.ports import Outcome, Papers, Reply

PAPER_CHARS = 1800
"""A longer document is only linked to: this much is one message on every surface."""


class Filing:
    """Answers with where a document is, and with all of it where it fits; nothing is written."""

    def __init__(self, papers: Papers, base_url: Callable[[], str]) -> None:
        self._papers = papers
        self._base_url = base_url

    def verbs(self) -> dict[str, Callable[[Reply, Command], Awaitable[Outcome]]]:
        """Return the verbs by word."""
        return {"timeline": self.timeline, "postmortem": self.postmortem}

    async def timeline(self, _reply: Reply, command: Command) -> Outcome:
        """Return where the timeline is."""
        text = await self._papers.timeline(command.incident)
        link = self._link(command.incident)
        said = f"The timeline: {link} (to take away: {link}/timeline.md)"
        return _told(command.incident, said, text)

    async def postmortem(self, _reply: Reply, command: Command) -> Outcome:
        """Return where the draft of the postmortem is."""
        text = await self._papers.postmortem(command.incident)
        link = f"{self._link(command.incident)}/postmortem"
        said = f"The draft of the postmortem: {link} (to take away: {link}.md)"
        return _told(command.incident, said, text)

    def _link(self, incident: str) -> str:
        return f"{self._base_url()}/incidents/{incident}"


def _told(incident: str, said: str, text: str) -> Outcome:
    whole = f"{said}\n\n{text}" if len(text) <= PAPER_CHARS else said
    return Outcome(whole, "done", incident)
