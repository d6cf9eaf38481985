"""One decision core for every surface: find the proposal, look up who speaks, prove, record."""

from bot import telemetry
from bot.errors import BusyError, UnreadableError
from bot.incident.authority import Person
from bot.incident.facts_action import DecisionMade
from bot.incident.policy import Allow, Refuse, Wish
from bot.incident.reducer import State
from bot.incident.views import ProposalView
from bot.intake.crowd import Crowd
from bot.intake.person import Persons
from bot.intake.proving import Proven, Warrants
from bot.intake.verdict import Said, Verdicts, refusal_of
from bot.intake.wording import state_line
from bot.ports import (
    Clock,
    Draft,
    Incidents,
    Library,
    Log,
    Outcome,
    ProposalRow,
    Refusal,
    Reply,
)

OPEN = frozenset({"pending", "approved", "executing", "unknown"})


class Decisions:
    """Records approvals and denials; refusals are facts too (E-42)."""

    def __init__(
        self,
        log: Log,
        incidents: Incidents,
        library: Library,
        persons: Persons,
        clock: Clock,
        warrants: Warrants,
    ) -> None:
        self._log = log
        self._incidents = incidents
        self._persons = persons
        self._clock = clock
        self._proving = warrants.proving
        self._verdicts = Verdicts(library, clock, warrants)
        self._crowd = Crowd(clock)

    async def decide(self, reply: Reply) -> Outcome:
        """Approve or deny as `reply` says, at the head of the incident's stream.

        The first decision that settles a proposal wins; everybody later is told who and when
        (E-10, E-11). The same person saying the same again changes nothing and is no refusal.
        """
        row = await self.find(reply.proposal)
        if isinstance(row, Outcome):
            return row
        try:
            unread = await self._looked_again()
        except BusyError as error:
            return _not_stored(error, row)
        if unread or self._persons.of(reply) is None:
            why = f"Not decided: {unread}." if unread else self._persons.why_not(reply)
            if not self._crowd.room(row.incident):
                telemetry.decisions.labels(reply.channel, "unrecorded").inc()
                return Outcome(why, "busy" if unread else "refused", row.incident, row.id)
        told: list[Said] = []
        proof: Proven = None

        def build(state: State) -> Draft | Refusal:
            told[:] = [self._build(state, row.id, reply, unread, proof)]
            return told[0][0]

        try:
            proof = None if unread else await self._proof(row, reply)
            await self._log.record(row.incident, build)
        except BusyError as error:
            return _not_stored(error, row)
        written, outcome = told[0]
        _count(row, reply, written)
        return outcome

    async def _looked_again(self) -> str:
        """Read people, links and policy anew; return why nobody can be authorised, or "" (E-26)."""
        try:
            await self._persons.afresh()
        except UnreadableError as error:
            return str(error)
        return ""

    async def find(self, typed: str) -> ProposalRow | Outcome:
        """Return the one proposal that `typed` (an id or its first characters) means."""
        prefix = typed.upper().removeprefix("P-")
        rows = await self._incidents.find_proposal(prefix) if len(prefix) >= 4 else []
        if not rows:
            return Outcome(f"There is no proposal {typed[:20]}.", "unknown")
        exact = [row for row in rows if row.id == prefix]
        waiting = [row for row in rows if row.status in OPEN]
        chosen = exact or waiting or rows
        if len(chosen) > 1:
            names = ", ".join(f"P-{row.id}" for row in chosen[:5])
            return Outcome(f"{typed} could be {names}. Type more characters.", "unknown")
        return chosen[0]

    def allowed(
        self, view: ProposalView, person: Person, channel: str, wish: Wish
    ) -> Allow | Refuse:
        """Return whether this person may do so now, as people and policy were last read."""
        return self._verdicts.allowed(view, person, channel, wish)

    async def _proof(self, row: ProposalRow, reply: Reply) -> Proven:
        """Have the one-time code checked and spent, if it is all that the approval lacks."""
        if not reply.code or reply.verdict != "approve":
            return None
        state = await self._log.state(row.incident)
        view, person = state.incident.proposals.get(row.id), self._persons.of(reply)
        if view is None or person is None:
            return None
        now = state.time(self._clock.now())
        claim = self._verdicts.claim(view, person, reply, now)
        return None if claim is None else await self._proving.tried(claim, reply)

    def _build(
        self, state: State, identifier: str, reply: Reply, unread: str, proof: Proven
    ) -> Said:
        view = state.incident.proposals.get(identifier)
        if view is None:
            return refusal_of(state, None, reply, "this proposal cannot be read", "unknown")
        if unread:
            return refusal_of(state, view, reply, f"Not decided: {unread}.", "busy")
        person = self._persons.of(reply)
        if person is None:
            return refusal_of(state, view, reply, self._persons.why_not(reply))
        repeated = [d for _, d in view.decisions if d.person == person.name]
        if repeated and repeated[0].verdict == reply.verdict:
            text = f"You decided this already. {state_line(view)}"
            outcome = Outcome(text, "already", state.stream, identifier)
            return Refusal(text), outcome
        stale = self._verdicts.stale(view, reply, state.time(self._clock.now()))
        if stale:
            return refusal_of(state, view, reply, *stale)
        return self._verdicts.judge(state, view, person, reply, proof)


def _count(row: ProposalRow, reply: Reply, written: Draft | Refusal) -> None:
    """Count what was written, once, however often the write was tried."""
    if isinstance(written, Refusal):
        if written.facts:
            telemetry.decisions.labels(reply.channel, "refused").inc()
        return
    for made in (fact for fact in written.facts if isinstance(fact, DecisionMade)):
        telemetry.decisions.labels(reply.channel, made.verdict).inc()
        waited = (made.groups_as_of - row.created_at).total_seconds()
        telemetry.approval_wait.labels(row.risk).observe(max(waited, 0))


def _not_stored(error: BusyError, row: ProposalRow) -> Outcome:
    text = f"Your decision could not be stored ({error}). Nothing was decided; try again."
    return Outcome(text, "busy", row.incident, row.id)
