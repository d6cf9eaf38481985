"""Verbs that only look: list, show, status, whoami, and the documents about an incident."""

from collections.abc import Awaitable, Callable

from bot.errors import NotFoundError
from bot.incident.commands import Command
from bot.incident.state import State
from bot.intake.decisions import Decisions
from bot.intake.filing import Filing
from bot.intake.person import Persons
from bot.intake.wording import day_time, state_line
from bot.ports import Filter, IncidentRow, Incidents, Log, Outcome, Reply

LINES = 20


class Reading:
    """Answers in plain text; nothing is written."""

    def __init__(
        self,
        log: Log,
        incidents: Incidents,
        decisions: Decisions,
        persons: Persons,
        status: Callable[[], str],
        filing: Filing,
    ) -> None:
        self._log = log
        self._incidents = incidents
        self._decisions = decisions
        self._persons = persons
        self._status = status
        self._filing = filing

    def verbs(self) -> dict[str, Callable[[Reply, Command], Awaitable[Outcome]]]:
        """Return the verbs by word."""
        return {
            "list": self.page,
            "show": self.show,
            "status": self.status,
            "whoami": self.whoami,
            **self._filing.verbs(),
        }

    async def page(self, _reply: Reply, command: Command) -> Outcome:
        """Return incidents of one status, newest first."""
        rows = await self._incidents.page(Filter(status=command.value, limit=LINES))
        lines = [
            f"{row.id}  {row.severity:<8}  {row.service or '-':<16}  {row.title}"
            f"{f'  ({row.pending} to decide)' if row.pending else ''}{await self._whose(row)}"
            for row in rows
        ]
        return Outcome("\n".join(lines) or f"No incident is {command.value}.", "done")

    async def _whose(self, row: IncidentRow) -> str:
        if row.status != "open":
            return ""
        who = (await self._log.state(row.id)).incident.acked_by
        return f"  ({who} takes care)" if who else ""

    async def show(self, _reply: Reply, command: Command) -> Outcome:
        """Return one incident, or one proposal, in words."""
        if command.incident:
            state = await self._state(command.incident)
            return Outcome(_in_words(state), "done", command.incident)
        row = await self._decisions.find(command.proposal)
        if isinstance(row, Outcome):
            return row
        view = (await self._state(row.incident)).incident.proposals[row.id]
        args = ", ".join(f"{name}={value}" for name, value in view.proposal.args.items())
        text = f"{state_line(view)}\n{view.proposal.title}\n{view.proposal.tool}: {args}"
        return Outcome(text, "done", row.incident, row.id)

    async def status(self, _reply: Reply, _command: Command) -> Outcome:
        """Return how the bot is."""
        return Outcome(self._status(), "done")

    async def whoami(self, reply: Reply, _command: Command) -> Outcome:
        """Return which person the bot takes the speaker for."""
        person = self._persons.of(reply)
        if person is None:
            return Outcome(f"You are {reply.actor}; no person has that account.", "done")
        groups = ", ".join(person.groups) or "no group"
        admin = ", admin" if person.admin else ""
        return Outcome(f"You are {person.name} ({groups}{admin}), as {reply.actor}.", "done")

    async def _state(self, incident: str) -> State:
        state = await self._log.state(incident)
        if not state.exists:
            raise NotFoundError(f"There is no {incident}.")
        return state


def _care(state: State) -> list[str]:
    """Return who takes care, who was called, and until when it is quiet; a line each."""
    view = state.incident
    lines: list[str] = []
    if view.acked_by:
        since = f" since {day_time(view.acked_at)}" if view.acked_at is not None else ""
        lines.append(f"{view.acked_by} takes care of it{since}")
    if view.handoff is not None:
        lines.append(f"{view.handoff.to} was asked to take over and has not accepted")
    if view.called is not None:
        who = view.called.to or "nobody"
        lines.append(f"Level {view.called.level} was called: {who}")
    if view.snoozed_until is not None:
        lines.append(f"No reminders until {day_time(view.snoozed_until)}")
    return lines


def _in_words(state: State) -> str:
    view = state.incident
    lines = [
        f"{view.id} {view.title}",
        f"{view.status}, {view.severity}, service {view.service or 'unknown'}",
        f"{len(view.firing)} of {len(view.alerts)} alerts fire",
    ]
    lines.extend(_care(state))
    if view.conclusion:
        lines.append(f"Found: {view.conclusion}")
    lines.extend(state_line(item) for item in view.proposals.values())
    lines.extend(
        f"Question: {item.asked.question}"
        for item in view.questions.values()
        if item.status == "open"
    )
    return "\n".join(lines)
