"""One decision core for every surface: find the proposal, check, and record the verdict."""

from datetime import datetime

from bot import telemetry
from bot.errors import BusyError
from bot.incident.facts_action import (
    DecisionMade,
    DecisionRefused,
    ProposalApproved,
    ProposalDenied,
)
from bot.incident.model import Person, Verdict
from bot.incident.policy import Case, Refuse, evaluate
from bot.incident.reducer import State
from bot.incident.state import ProposalView
from bot.intake.person import Persons
from bot.intake.wording import STRANGER, state_line
from bot.knowledge.redact import redact
from bot.ports import (
    Clock,
    Draft,
    Incidents,
    Library,
    Log,
    Outcome,
    OutcomeKind,
    ProposalRow,
    Refusal,
    Reply,
)

DIGEST_CHARS = 12
REASON_CHARS = (5, 1000)
VERDICTS: dict[str, Verdict] = {"approve": "approve", "deny": "deny"}
OPEN = frozenset({"pending", "approved", "executing", "unknown"})


class Decisions:
    """Records approvals and denials; refusals are facts too (E-42)."""

    def __init__(
        self, log: Log, incidents: Incidents, library: Library, persons: Persons, clock: Clock
    ) -> None:
        self._log = log
        self._incidents = incidents
        self._library = library
        self._persons = persons
        self._clock = clock

    async def decide(self, reply: Reply) -> Outcome:
        """Approve or deny as `reply` says, at the head of the incident's stream.

        The first decision that settles a proposal wins; everybody later is told who and when
        (E-10, E-11). The same person saying the same again changes nothing and is no refusal.
        """
        row = await self.find(reply.proposal)
        if isinstance(row, Outcome):
            return row
        told: list[Outcome] = []

        def build(state: State) -> Draft | Refusal:
            made = self._build(state, row.id, reply)
            told[:] = [made[1]]
            return made[0]

        try:
            await self._log.record(row.incident, build)
        except BusyError as error:
            text = f"Your decision could not be stored ({error}). Nothing was decided; try again."
            return Outcome(text, "busy", row.incident, row.id)
        return told[0]

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

    def _build(
        self, state: State, identifier: str, reply: Reply
    ) -> tuple[Draft | Refusal, Outcome]:
        view = state.incident.proposals.get(identifier)
        if view is None:
            return self._no(reply, None, "this proposal cannot be read", "unknown", state)
        person = self._persons.of(reply)
        if person is None:
            return self._no(reply, view, STRANGER, "refused", state)
        repeated = [d for _, d in view.decisions if d.person == person.name]
        if repeated and repeated[0].verdict == reply.verdict:
            text = f"You decided this already. {state_line(view)}"
            outcome = Outcome(text, "already", state.stream, identifier)
            return Refusal(text), outcome
        stale = self._stale(view, reply)
        if stale:
            return self._no(reply, view, stale[0], stale[1], state)
        return self._judge(state, view, person, reply)

    def _stale(self, view: ProposalView, reply: Reply) -> tuple[str, OutcomeKind] | None:
        proposal = view.proposal
        if view.status != "pending":
            return f"Too late: {state_line(view)}", "already"
        moved = reply.revision not in {0, proposal.revision}
        other = reply.digest12 != "" and not view.asked.digest.startswith(reply.digest12)
        if moved or other or (reply.digest12 and len(reply.digest12) < DIGEST_CHARS):
            return "That card is out of date. Open the proposal again before you decide.", "refused"
        if proposal.expires_at <= self._clock.now():
            return f"P-{proposal.id} has expired. Ask for a new proposal.", "refused"
        return None

    def _judge(
        self, state: State, view: ProposalView, person: Person, reply: Reply
    ) -> tuple[Draft | Refusal, Outcome]:
        if reply.verdict not in VERDICTS:
            return self._no(reply, view, "Say approve or deny.", "refused", state)
        verdict: Verdict = VERDICTS[reply.verdict]
        reason = redact(reply.reason.strip()[: REASON_CHARS[1]]).text
        if verdict == "deny" and len(reason) < REASON_CHARS[0]:
            why = f"A denial needs a reason of at least {REASON_CHARS[0]} characters."
            return self._no(reply, view, why, "refused", state)
        allowed = evaluate(
            self._library.policy, self.case(view, reply.channel), person, view.decisions
        )
        if isinstance(allowed, Refuse):
            return self._no(reply, view, f"Not decided: {allowed.why}.", "refused", state)
        made = DecisionMade(
            proposal=view.proposal.id,
            revision=view.proposal.revision,
            digest=view.asked.digest,
            person=person.name,
            actor=reply.actor,
            verdict=verdict,
            reason=reason,
            rule=allowed.rule.name,
            policy_digest=self._library.policy.digest,
            groups_as_of=self._clock.now(),
        )
        telemetry.decisions.labels(reply.channel, verdict).inc()
        self._measure(view, self._clock.now())
        return self._settle(state, view, made, allowed.missing)

    def _settle(
        self, state: State, view: ProposalView, made: DecisionMade, missing: int
    ) -> tuple[Draft | Refusal, Outcome]:
        identifier, digest = view.proposal.id, view.asked.digest
        name = f"P-{identifier}"
        if made.verdict == "deny":
            closing = ProposalDenied(proposal=identifier, digest=digest, reason=made.reason)
            text = f"{name} is denied. The reason is kept with it."
            return (
                Draft(made.actor, (made, closing)),
                Outcome(text, "done", state.stream, identifier),
            )
        if missing:
            more = "one more person" if missing == 1 else f"{missing} more people"
            text = f"Your approval of {name} counts. It needs {more}."
            return Draft(made.actor, (made,)), Outcome(text, "done", state.stream, identifier)
        reached = ProposalApproved(proposal=identifier, digest=digest)
        text = f"{name} is approved: {view.proposal.title}. I run exactly this, once."
        return Draft(made.actor, (made, reached)), Outcome(text, "done", state.stream, identifier)

    def case(self, view: ProposalView, channel: str) -> Case:
        """Return what the policy is asked about this proposal, decided through `channel`."""
        proposal = view.proposal
        return Case(
            proposal.action,
            proposal.service,
            proposal.environment,
            proposal.risk,
            owner=self._library.owner(proposal.service),
            requested_by=proposal.requested_by,
            channel=channel,
        )

    @staticmethod
    def _measure(view: ProposalView, now: datetime) -> None:
        waited = (now - view.at).total_seconds()
        telemetry.approval_wait.labels(view.proposal.risk).observe(max(waited, 0))

    @staticmethod
    def _no(
        reply: Reply, view: ProposalView | None, why: str, kind: OutcomeKind, state: State
    ) -> tuple[Refusal, Outcome]:
        """Refuse, and keep the attempt as a fact with its reason."""
        identifier = view.proposal.id if view is not None else reply.proposal[:20]
        refused = DecisionRefused(
            proposal=identifier,
            digest=view.asked.digest if view is not None else "",
            actor=reply.actor,
            why=why[:400],
            payload_digest=reply.payload_digest,
        )
        telemetry.decisions.labels(reply.channel, "refused").inc()
        refusal = Refusal(why, (refused,), reply.actor)
        return refusal, Outcome(why, kind, state.stream, identifier)
