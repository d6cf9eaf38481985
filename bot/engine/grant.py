"""Grants the single run of an approved proposal: every check again, as of now; it runs nothing."""

import hashlib
import hmac
from dataclasses import dataclass

from pydantic import JsonValue

from bot.engine.last_gate import GRANT_S, LastGate, Revoked, Sending
from bot.engine.probes import differing, run_probes
from bot.engine.toolbox import OpenAction, Toolbox, parse_args, version_of
from bot.incident.authority import Policy, Rule
from bot.incident.events import encode
from bot.incident.facts_action import ActionStarted, DecisionMade
from bot.incident.model import Value
from bot.incident.policy import Refuse, evaluate, quorum
from bot.incident.proposal import Proposal, canonical, digest
from bot.incident.state import State
from bot.incident.stepup import asks_proof
from bot.incident.views import ProposalView
from bot.knowledge.case import case_of
from bot.knowledge.operator_rule import stands_back
from bot.knowledge.routes import AllowList
from bot.ports import Clock, Library, Sealer

__all__ = ["GRANT_S", "Granter", "Ready", "Revoked", "decision_id"]
ID_CHARS = 16


@dataclass(frozen=True, slots=True)
class Ready:
    """Everything a call needs: the action, what is sent by which right, the intent to commit."""

    found: OpenAction
    sending: Sending
    started: ActionStarted


class Granter:
    """Asks the bytes, the tools, the people, the policy and the world once more (E-07, E-26)."""

    def __init__(
        self, box: Toolbox, library: Library, clock: Clock, gate: LastGate, sealer: Sealer
    ) -> None:
        self._box = box
        self._library = library
        self._clock = clock
        self._gate = gate
        self._sealer = sealer

    async def grant(self, state: State, view: ProposalView) -> Ready:
        """Return what the call needs, every check passed as of now.

        Raises:
            Revoked: It may not run; the message says why.
            ToolError: What it names is not configured (any more).
            UnreadableError: Nobody can be authorised now; the approval stands.
        """
        await self._library.afresh()
        proposal = view.proposal
        check_digest(proposal, view.asked.digest)
        check_place(proposal, state.stream)
        found = self._box.action(proposal.tool)
        if found is None:
            raise Revoked(f"{proposal.tool} is not configured here")
        check_still_allowed(self._library.routes.allow, proposal)
        args = parse_args(found.tool, proposal.args)
        check_version(found, args, proposal)
        check_arguments(proposal, args.model_dump(mode="json"))
        decisions = self._check_decisions(view)
        probed_at = self._clock.now()
        probed = await run_probes(self._box, proposal.preconditions, state.stream)
        broken = differing(probed)
        if broken:
            raise Revoked(f"a precondition no longer holds: {broken}")
        grant = self._gate.issue(proposal, view.asked.digest, decisions)
        started = ActionStarted(
            proposal=proposal.id,
            digest=grant.digest,
            attempt=f"{proposal.id}-{grant.nonce[:12]}",
            nonce=grant.nonce,
            not_after=grant.not_after,
            preconditions=tuple(one.evidence for one in probed),
            before=view.asked.before,
            decisions=decisions,
        )
        return Ready(found, Sending(grant, proposal, args, probed_at), started)

    def _check_decisions(self, view: ProposalView) -> tuple[str, ...]:
        """Return the ids of the decisions that make the quorum now.

        Each was made through this bot, on just these bytes, by a person whom the policy allows as
        of now (E-26).
        """
        proposal = view.proposal
        valid: dict[str, str] = {}
        for made in (made for _, made in view.decisions if made.verdict == "approve"):
            check_seal(self._sealer, made)
            person = self._library.people.get(made.person)
            channel = made.actor.partition(":")[0]
            case = case_of(proposal, self._library, self._clock.now(), channel)
            if person is None:
                raise Revoked(f"{made.person} approved it and is no longer in people.yaml")
            if not person.active:
                raise Revoked(f"{made.person} approved it and may decide nothing any more")
            back = stands_back(person, self._library.policy, self._library)
            if back:
                raise Revoked(f"the approval by {made.person} no longer counts: {back}")
            verdict = evaluate(self._library.policy, case, person, ())
            if isinstance(verdict, Refuse):
                raise Revoked(f"the approval by {made.person} no longer counts: {verdict.why}")
            check_proof(self._library.policy, made, verdict.rule, proposal)
            valid.setdefault(made.person, decision_id(made))
            if len(valid) >= quorum(verdict.rule, proposal.risk):
                return tuple(valid.values())
        raise Revoked("it lacks the approvals that the policy asks for now")


def decision_id(made: DecisionMade) -> str:
    """Return who decided, and 16 hex of the SHA-256 of the decision as the log holds it."""
    return f"{made.person}@{hashlib.sha256(encode(made)).hexdigest()[:ID_CHARS]}"


def check_digest(proposal: Proposal, approved: str) -> None:
    """Recompute the digest and compare it, in constant time, with what was approved (E-07).

    Raises:
        Revoked: One byte differs; a security event.
    """
    try:
        found = digest(proposal)
    except ValueError:
        found = "there is no canonical form"
    if not hmac.compare_digest(found, approved):
        raise Revoked("its bytes are not the ones that were approved", security="bytes_changed")


def check_proof(policy: Policy, made: DecisionMade, rule: Rule, proposal: Proposal) -> None:
    """Refuse an approval of high risk whose person did not prove anew who they are (E-24).

    Raises:
        Revoked: Somebody wrote it into the log, or another setting was in force when it was made.
    """
    if asks_proof(policy, rule, proposal.risk) and not made.step_up:
        raise Revoked(f"{made.person} approved it without the one-time code that it needs")


def check_place(proposal: Proposal, incident: str) -> None:
    """Compare where a proposal stands with where it was made: nobody may have moved it.

    Raises:
        Revoked: It was copied from another incident, maybe with its decisions; a security event.
    """
    if proposal.incident != incident:
        raise Revoked(f"it was made for {proposal.incident} and not here", security="moved")


def check_seal(sealer: Sealer, made: DecisionMade) -> None:
    """Believe a decision only by its seal: whoever can write the log cannot make one (E-42).

    Raises:
        Revoked: It bears none, or another key's, or one of its fields was changed; a security
            event.
    """
    if not sealer.holds(made):
        raise Revoked(
            f"the approval by {made.person} bears no seal of this bot's key: it was made before "
            "there was one, with another key, or by other hands; ask for it in the incident, then "
            "approve it again",
            security="decision_forged",
        )


def check_version(found: OpenAction, args: Value, proposal: Proposal) -> None:
    """Compare what is configured now with what was approved: the tool's version and declaration.

    Raises:
        Revoked: The tool or the job was changed since; approve it again as it is now.
        ToolError: The job is gone.
    """
    if version_of(found, args) != proposal.tool_version:
        raise Revoked(f"the declaration of {proposal.action} was changed since it was approved")


def check_still_allowed(allow: AllowList, proposal: Proposal) -> None:
    """Ask the operator's allow-list as it is now, whoever approved what was on it then.

    Raises:
        Revoked: The tool or the service is not on it any more.
    """
    if not allow.lets_use(proposal.tool):
        raise Revoked(f"{proposal.tool} is not on the allow-list of routes.yaml any more")
    if proposal.service and not allow.lets_name(proposal.service):
        raise Revoked(f"{proposal.service} is not on the allow-list of routes.yaml any more")


def check_arguments(proposal: Proposal, sending: JsonValue) -> None:
    """Compare what is about to be sent with what was approved, byte for byte.

    Raises:
        Revoked: They differ.
    """
    if canonical(sending) != canonical(proposal.args):
        raise Revoked(
            "the arguments to send differ from the approved ones", security="arguments_changed"
        )
