"""The verb `ask`: puts a human's question to the agent, who answers in the incident.

Words in a question decide nothing: "approve" in one is text like any other (F-14).
"""

from collections import deque
from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta

from bot import telemetry
from bot.errors import InputError
from bot.incident.commands import Command
from bot.incident.facts_alerts import MessageReceived
from bot.incident.reducer import State
from bot.intake.person import Persons
from bot.knowledge.redact import redact
from bot.ports import Clock, Draft, Log, Outcome, OutcomeKind, Refusal, Reply

TEXT_CHARS = 2000
PERSON_MOST = 6
PERSON_SPAN = timedelta(minutes=1)
INCIDENT_MOST = 20
INCIDENT_SPAN = timedelta(hours=1)
PERSONS_KEPT = 500


class Questioning:
    """Takes questions, so many from one person and about one incident.

    What one person asked lately is known to this process alone; what was asked about an incident
    is in its thread.
    """

    def __init__(self, log: Log, persons: Persons, clock: Clock) -> None:
        self._log = log
        self._persons = persons
        self._clock = clock
        self._lately: dict[str, deque[datetime]] = {}

    def verbs(self) -> dict[str, Callable[[Reply, Command], Awaitable[Outcome]]]:
        """Return the verbs by word."""
        return {"ask": self.ask}

    async def ask(self, reply: Reply, command: Command) -> Outcome:
        """Keep a question, and say when its answer comes.

        Raises:
            InputError: There are no words in it.
        """
        text = redact(command.text.strip()[:TEXT_CHARS]).text
        if not text:
            raise InputError("some text is needed; write: ask INC-1 QUESTION")
        who = self._persons.name_of(reply)
        told: list[str] = []
        kind: OutcomeKind = "unknown"
        often, now = self._too_often(who), self._clock.now()
        if not often:  # it counts from now on, for others may ask under the same name meanwhile
            self._note(who)

        def build(state: State) -> Draft | Refusal:
            nonlocal kind
            gone = _gone(state, command.incident)
            kind = "unknown" if gone else "busy"
            why = gone or _enough(state, now) or often
            told[:] = [why or _when(state)]
            if why:
                return Refusal(why)
            said = MessageReceived(person=who, text=text, conversation=reply.channel, question=True)
            return Draft(reply.actor, (said,))

        recorded = await self._log.record(command.incident, build)
        taken = recorded.refusal is None
        telemetry.questions.labels("asked" if taken else "not_taken", reply.channel).inc()
        if not taken:
            return Outcome(told[0], kind, command.incident)
        return Outcome(f"{command.incident}: {told[0]}", "done", command.incident)

    def _too_often(self, who: str) -> str:
        times = self._lately.get(who, deque[datetime]())
        since = self._clock.now() - PERSON_SPAN
        if sum(at > since for at in times) < PERSON_MOST:
            return ""
        return f"That is {PERSON_MOST} questions in a minute, {who}; give me a moment, then ask."

    def _note(self, who: str) -> None:
        """Remember that somebody asked; whoever asked longest ago is forgotten first."""
        times = self._lately.pop(who, deque(maxlen=PERSON_MOST))
        times.append(self._clock.now())
        self._lately[who] = times
        if len(self._lately) > PERSONS_KEPT:
            self._lately.pop(next(iter(self._lately)))


def _gone(state: State, incident: str) -> str:
    """Return why nobody answers there any more, or "" when somebody does."""
    view = state.incident
    if not state.exists:
        return f"There is no {incident}."
    if view.merged_into:
        return f"{incident} is part of {view.merged_into} now; ask there."
    if view.status == "closed":
        return (
            f"{incident} is closed, so nobody looks into it any more. All that is known stands "
            f"in its timeline; say: timeline {incident}"
        )
    return ""


def _enough(state: State, now: datetime) -> str:
    """Return that enough was asked about this incident lately, or ""."""
    since = now - INCIDENT_SPAN
    asked = sum(one.question and one.at > since for one in state.incident.said)
    if asked < INCIDENT_MOST:
        return ""
    return (
        f"{asked} questions were asked about {state.stream} within the hour, and that is the most "
        "I take; what was found stands in the timeline. Ask again a little later."
    )


def _when(state: State) -> str:
    """Say when the answer comes: at once, or after what is under way."""
    run = state.run
    if run.waiting:
        return f"I answer here; {len(run.waiting)} asked before you."
    if run.answering:
        return "I answer here, after the question that was asked before."
    if run.done or run.paused_by:
        return "I look, and answer here."
    return "I answer here, as soon as the investigation that runs has ended."
