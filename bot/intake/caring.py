"""Verbs about who takes care of an incident: ack, snooze, escalate, handoff (G-50)."""

from collections.abc import Awaitable, Callable
from datetime import timedelta
from difflib import get_close_matches

from bot.errors import InputError
from bot.incident.authority import Person
from bot.incident.call import Call
from bot.incident.commands import Command
from bot.incident.fact import Fact
from bot.incident.facts_alerts import (
    IncidentAcked,
    IncidentEscalated,
    IncidentHandedOff,
    IncidentSnoozed,
)
from bot.incident.reducer import State
from bot.intake.person import Persons
from bot.intake.wording import STRANGER, clock_time, day_time
from bot.knowledge.redact import redact
from bot.knowledge.roster import NOBODY, Roster
from bot.ports import Clock, Draft, Library, Log, Outcome, OutcomeKind, Refusal, Reply

SNOOZE_LEAST, SNOOZE_MOST = timedelta(minutes=1), timedelta(hours=24)
REASON_CHARS = 400
NEAR = 3
"""How many names that are alike are offered."""
Told = tuple[Fact | None, str]
"""The fact to record and what is said of it; None: it is so already."""
Made = Callable[[State, Person], Told]


class Caring:
    """What humans say about who looks after an incident; nothing here acts on anything."""

    def __init__(
        self, log: Log, persons: Persons, library: Library, clock: Clock, roster: Roster
    ) -> None:
        self._log = log
        self._persons = persons
        self._library = library
        self._clock = clock
        self._roster = roster

    def verbs(self) -> dict[str, Callable[[Reply, Command], Awaitable[Outcome]]]:
        """Return the verbs by word."""
        return {
            "ack": self.ack,
            "snooze": self.snooze,
            "escalate": self.escalate,
            "handoff": self.handoff,
        }

    async def ack(self, reply: Reply, command: Command) -> Outcome:
        """Take care, which stops the calls; whoever was asked to take over accepts by it."""

        def made(state: State, who: Person) -> Told:
            view = state.incident
            asked = view.handoff
            if asked is not None and asked.to == who.name:
                accepted = IncidentHandedOff(to=who.name, accepted=True, person=who.name)
                return accepted, f"You take over from {asked.by}."
            if view.acked_by == who.name:
                since = f" since {clock_time(view.acked_at)}" if view.acked_at else ""
                return None, f"You take care of it already{since}."
            over = f" You take over from {view.acked_by}." if view.acked_by else ""
            return IncidentAcked(person=who.name), f"You take care of it.{over}"

        return await self._say(reply, command, made)

    async def snooze(self, reply: Reply, command: Command) -> Outcome:
        """Put off every reminder and call for a while; what gets worse ends that at once."""
        if not SNOOZE_LEAST <= command.span <= SNOOZE_MOST:
            raise InputError("a snooze lasts between 1 minute (1m) and 24 hours (24h)")

        def made(state: State, who: Person) -> Told:
            until = state.time(self._clock.now()) + command.span
            return (
                IncidentSnoozed(person=who.name, until=until),
                f"No reminders until {day_time(until)}, unless it gets worse.",
            )

        return await self._say(reply, command, made)

    async def escalate(self, reply: Reply, command: Command) -> Outcome:
        """Call the next level now."""
        reason = redact(" ".join(command.text.split())[:REASON_CHARS]).text

        def made(state: State, who: Person) -> Told:
            view = state.incident
            called = view.called
            if called is not None and called.last:
                at = clock_time(called.at)
                return None, f"Nobody is above level {called.level}, which was called at {at}."
            reached = called.level if called is not None else 0
            level = max(reached, 1 if view.acked_by else 0) + 1
            why = f"{who.name} asked for it{f': {reason}' if reason else ''}"
            now = state.time(self._clock.now())
            found = self._roster.callees(state, Call("incident", level, why), now)
            fact = IncidentEscalated(
                level=level,
                to=found.to,
                persons=found.persons,
                why=why,
                quiet=found.quiet,
                last=found.last,
                person=who.name,
            )
            if found.to == NOBODY and found.quiet:
                quiet = ", ".join(found.quiet)
                return fact, f"Everybody on level {level} has quiet hours ({quiet})."
            if found.to == NOBODY:
                return fact, f"Nobody is on level {level}: put somebody on call in people.yaml."
            return fact, f"Level {level} is called: {found.to}."

        return await self._say(reply, command, made)

    async def handoff(self, reply: Reply, command: Command) -> Outcome:
        """Ask somebody to take over; whoever takes care does so until they accept."""
        to = self._named(command.value)
        note = redact(" ".join(command.text.split())[:REASON_CHARS]).text

        def made(state: State, who: Person) -> Told:
            view = state.incident
            if to.name == who.name:
                return None, f"To take care of it yourself, say: ack {state.stream}"
            if view.acked_by == to.name:
                return None, f"{to.name} takes care of it already."
            if view.handoff is not None and view.handoff.to == to.name:
                return None, f"{to.name} was asked already, and has not accepted yet."
            fact = IncidentHandedOff(to=to.name, accepted=False, person=who.name, note=note)
            keeps = view.acked_by or "nobody"
            return fact, f"{to.name} is asked to take over; until they accept, {keeps} takes care."

        return await self._say(reply, command, made)

    def _named(self, name: str) -> Person:
        """Return the person of that name.

        Raises:
            InputError: There is none, or they are not active; says which names are alike.
        """
        active = {one.name: one for one in self._library.people.people if one.active}
        found = active.get(name) or active.get(name.lower())
        if found is not None:
            return found
        near = get_close_matches(name.lower(), sorted(active), n=NEAR, cutoff=0.5)
        hint = f"did you mean {' or '.join(near)}?" if near else "see people.yaml for the names"
        raise InputError(f"nobody is named {name[:40]!r}; {hint}")

    async def _say(self, reply: Reply, command: Command, made: Made) -> Outcome:
        """Record what `made` says at the head of the incident, if it goes on."""
        told: list[Outcome] = []
        who = self._persons.of(reply)

        def build(state: State) -> Draft | Refusal:
            fact, text, kind = _outcome(state, command.incident, who, made)
            told[:] = [Outcome(text, kind, command.incident)]
            return Refusal(text) if fact is None else Draft(reply.actor, (fact,))

        await self._log.record(command.incident, build)
        return told[0]


def _outcome(
    state: State, incident: str, who: Person | None, made: Made
) -> tuple[Fact | None, str, OutcomeKind]:
    view = state.incident
    if not state.exists or who is None:
        return None, f"There is no {incident}." if who else STRANGER, "unknown"
    if view.merged_into:
        return None, f"{incident} is part of {view.merged_into}; say it there.", "unknown"
    if view.status != "open":
        return None, f"{incident} is {view.status} already; nothing was done.", "unknown"
    fact, text = made(state, who)
    return fact, f"{incident}: {text}", "already" if fact is None else "done"
