"""Verbs that say something about an incident: start, note, answer, severity, judge, merge."""

from collections.abc import Awaitable, Callable

from bot.errors import InputError, NotFoundError
from bot.incident.calls import AGAIN, WITHOUT, rest_tool
from bot.incident.commands import Command
from bot.incident.fact import Fact
from bot.incident.facts_alerts import (
    ConclusionJudged,
    IncidentMerged,
    IncidentOpened,
    IncidentResolved,
    MessageReceived,
    NoteAdded,
    QuestionAnswered,
    SeverityChanged,
)
from bot.incident.model import Judgement, Severity
from bot.incident.reducer import State
from bot.incident.views import QuestionView
from bot.intake.person import Persons
from bot.intake.wording import how_it_stands
from bot.knowledge.redact import redact
from bot.ports import Draft, Log, Outcome, Refusal, Reply
from bot.ports import Library as LibraryPort

TEXT_CHARS = 4000
YES_NO = {"yes": "yes", "y": "yes", "no": "no", "n": "no"}
Said = Callable[[State, str], Fact | str]
"""Makes the fact from the state and the person's name, or says why not."""


class Asking:
    """Facts that humans state; none of them acts on anything."""

    def __init__(self, log: Log, persons: Persons, library: LibraryPort) -> None:
        self._log = log
        self._persons = persons
        self._library = library

    def verbs(self) -> dict[str, Callable[[Reply, Command], Awaitable[Outcome]]]:
        """Return the verbs by word."""
        return {
            "start": self.start,
            "note": self.note,
            "answer": self.answer,
            "severity": self.severity,
            "judge": self.judge,
            "merge": self.merge,
            "close": self.close,
        }

    async def start(self, reply: Reply, command: Command) -> Outcome:
        """Open an incident by hand."""
        text = redact(command.text[:TEXT_CHARS]).text
        service = self._library.catalogue.get(command.value)
        name = service.name if service is not None else redact(command.value).text[:100]
        person = self._persons.name_of(reply)

        def make(identifier: str) -> Draft:
            opened = IncidentOpened(
                title=text.splitlines()[0][:200],
                service=name,
                severity="unknown",
                group_key=f"by-hand:{identifier}",
                by=reply.actor,
            )
            said = MessageReceived(person=person, text=text, conversation=reply.channel)
            return Draft(reply.actor, (opened, said))

        made = await self._log.open(make)
        incident = made.events[0].stream
        hint = "" if service is not None else f" No service {name!r} is in services.yaml."
        return Outcome(f"{incident} is open.{hint}", "done", incident)

    async def note(self, reply: Reply, command: Command) -> Outcome:
        """Write something into the record."""
        text = redact(command.text[:TEXT_CHARS]).text
        return await self._say(
            reply, command, lambda _s, who: NoteAdded(person=who, text=text), "It is noted."
        )

    async def answer(self, reply: Reply, command: Command) -> Outcome:
        """Answer the oldest open question (or the one the reply names)."""

        def made(state: State, who: str) -> Fact | str:
            text = redact(command.text.strip()[:TEXT_CHARS]).text
            view = _open_question(state, reply.question, text)
            if view is None:
                return how_it_stands(state, reply.question)
            value = _value(view, text)
            return QuestionAnswered(id=view.asked.id, person=who, value=value)

        return await self._say(reply, command, made, "Thank you; I carry on with that.")

    async def severity(self, reply: Reply, command: Command) -> Outcome:
        """Set the severity."""
        value: Severity = SeverityChanged.model_validate(
            {"person": "x", "severity": command.value}
        ).severity
        return await self._say(
            reply,
            command,
            lambda _s, who: SeverityChanged(person=who, severity=value),
            f"Severity is {value}.",
        )

    async def judge(self, reply: Reply, command: Command) -> Outcome:
        """Say whether the conclusion was right."""
        note = redact(command.text[:TEXT_CHARS]).text
        verdict: Judgement = ConclusionJudged.model_validate(
            {"person": "x", "verdict": command.value}
        ).verdict

        def made(state: State, who: str) -> Fact | str:
            if not state.incident.conclusion:
                return "There is no conclusion to judge yet."
            return ConclusionJudged(person=who, verdict=verdict, note=note)

        return await self._say(reply, command, made, "Thank you. That is how it gets better.")

    async def merge(self, reply: Reply, command: Command) -> Outcome:
        """Make one incident a part of another."""
        into = command.value
        if into == command.incident:
            raise InputError("an incident cannot be merged into itself")
        target = (await self._log.state(into)).incident
        if not target.status:
            raise NotFoundError(f"there is no {into}")
        if target.merged_into or target.status == "closed":
            where = f"part of {target.merged_into}" if target.merged_into else "closed"
            raise InputError(f"{into} is {where} already; merge into an incident that is open")

        def made(state: State, who: str) -> Fact | str:
            if state.incident.merged_into:
                return f"It was merged into {state.incident.merged_into} already."
            if state.incident.status == "closed":
                return "It is closed already."
            return IncidentMerged(person=who, into=into)

        outcome = await self._say(reply, command, made, f"It is part of {into} now.")
        if outcome.kind == "done":
            text = f"{command.incident} was merged into this incident"
            person = self._persons.name_of(reply)
            await self._log.record(
                into, lambda _s: Draft(reply.actor, (NoteAdded(person=person, text=text),))
            )
        return outcome

    async def close(self, reply: Reply, command: Command) -> Outcome:
        """Resolve by hand; it closes by itself once verification is over."""
        why = redact(command.text.strip()[:400]).text or "no reason given"

        def made(state: State, who: str) -> Fact | str:
            if state.incident.status != "open":
                return f"It is {state.incident.status} already."
            return IncidentResolved(reason=f"closed by {who}: {why}")

        told = "It is resolved. It closes by itself when nothing is pending any more."
        return await self._say(reply, command, made, told)

    async def _say(self, reply: Reply, command: Command, made: Said, told: str) -> Outcome:
        why: list[str] = []
        name = self._persons.name_of(reply)

        def build(state: State) -> Draft | Refusal:
            if not state.exists:
                why.append(f"There is no {command.incident}.")
                return Refusal(why[0])
            fact = made(state, name)
            if isinstance(fact, str):
                why.append(fact)
                return Refusal(fact)
            return Draft(reply.actor, (fact,))

        await self._log.record(command.incident, build)
        if why:
            return Outcome(why[0], "unknown", command.incident)
        return Outcome(f"{command.incident}: {told}", "done", command.incident)


def _open_question(state: State, identifier: str, text: str) -> QuestionView | None:
    """Return the question that is meant: the one named, else the oldest open one.

    Whether a resting tool is tried again is meant only by those very words, or when nothing else
    is open.
    """
    views = [
        view
        for view in state.incident.questions.values()
        if view.status == "open" and identifier in {"", view.asked.id}
    ]
    of_tools = text.lower() in {AGAIN, WITHOUT}
    views.sort(key=lambda view: bool(rest_tool(view.asked.id)) is not of_tools)
    return views[0] if views else None


def _value(view: QuestionView, text: str) -> str:
    """Return the answer in the question's own terms.

    Raises:
        InputError: It is none of the options, or not yes or no.
    """
    if view.asked.kind == "yes_no":
        found = YES_NO.get(text.lower())
        if found is None:
            raise InputError("answer yes or no")
        return found
    if view.asked.kind == "choice":
        for option in view.asked.options:
            if option.lower() == text.lower():
                return option
        raise InputError(f"answer one of: {', '.join(view.asked.options)}")
    return text
