"""Grants the single run of an approved proposal: every check again, as of now; it runs nothing."""

import hmac
from dataclasses import dataclass
from datetime import timedelta

from pydantic import JsonValue

from bot.engine.probes import failed, run_probes
from bot.engine.toolbox import OpenAction, Toolbox, parse_args, version_of
from bot.incident.facts_action import ActionStarted
from bot.incident.model import Value
from bot.incident.policy import Case, Refuse, evaluate, quorum
from bot.incident.proposal import Grant, Proposal, canonical, digest
from bot.incident.state import ProposalView, State
from bot.ports import Clock, Library

GRANT_S = 60


class Revoked(Exception):  # noqa: N818 - not a failure of the program: the approval lapsed
    """The proposal may not run (any more); the message says why."""

    def __init__(self, why: str, *, security: bool = False) -> None:
        super().__init__(why)
        self.security = security


@dataclass(frozen=True, slots=True)
class Ready:
    """Everything a call needs: the action, its exact arguments, and the intent to commit."""

    found: OpenAction
    args: Value
    started: ActionStarted


class Granter:
    """Asks the bytes, the tools, the people, the policy and the world once more (E-07, E-26)."""

    def __init__(self, box: Toolbox, library: Library, clock: Clock) -> None:
        self._box = box
        self._library = library
        self._clock = clock

    async def grant(self, state: State, view: ProposalView) -> Ready:
        """Return what the call needs, every check passed as of now.

        Raises:
            Revoked: It may not run; the message says why.
            ToolError: What it names is not configured (any more).
        """
        proposal = view.proposal
        check_digest(proposal, view.asked.digest)
        found = self._box.action(proposal.tool)
        if found is None:
            raise Revoked(f"{proposal.tool} is not configured here")
        args = parse_args(found.tool, proposal.args)
        check_version(found, args, proposal)
        check_arguments(proposal, args.model_dump(mode="json"))
        self._check_decisions(view)
        probed = await run_probes(self._box, proposal.preconditions, state.stream)
        broken = failed(probed)
        if broken:
            raise Revoked(f"a precondition no longer holds: {broken}")
        grant = Grant(
            proposal=proposal.id,
            revision=proposal.revision,
            digest=view.asked.digest,
            nonce=self._clock.token(16),
            not_after=self._clock.now() + timedelta(seconds=GRANT_S),
        )
        started = ActionStarted(
            proposal=proposal.id,
            digest=grant.digest,
            attempt=f"{proposal.id}-{grant.nonce[:12]}",
            nonce=grant.nonce,
            not_after=grant.not_after,
            preconditions=tuple(one.evidence for one in probed),
            before=view.asked.before,
        )
        return Ready(found, args, started)

    def _check_decisions(self, view: ProposalView) -> None:
        """Every approver must still be allowed, by the policy and the people as of now (E-26)."""
        proposal = view.proposal
        approvers = [made for _, made in view.decisions if made.verdict == "approve"]
        valid: set[str] = set()
        for made in approvers:
            person = self._library.people.get(made.person)
            case = Case(
                proposal.action,
                proposal.service,
                proposal.environment,
                proposal.risk,
                owner=self._library.owner(proposal.service),
                requested_by=proposal.requested_by,
                channel=made.actor.partition(":")[0],
            )
            if person is None:
                raise Revoked(f"{made.person} approved it and is no longer in people.yaml")
            verdict = evaluate(self._library.policy, case, person, ())
            if isinstance(verdict, Refuse):
                raise Revoked(f"the approval by {made.person} no longer counts: {verdict.why}")
            valid.add(made.person)
            if len(valid) >= quorum(verdict.rule, proposal.risk):
                return
        raise Revoked("it lacks the approvals that the policy asks for now")


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
        raise Revoked("its bytes are not the ones that were approved", security=True)


def check_version(found: OpenAction, args: Value, proposal: Proposal) -> None:
    """Compare what is configured now with what was approved: the tool's version and declaration.

    Raises:
        Revoked: The tool or the job was changed since; approve it again as it is now.
        ToolError: The job is gone.
    """
    if version_of(found, args) != proposal.tool_version:
        raise Revoked(f"the declaration of {proposal.action} was changed since it was approved")


def check_arguments(proposal: Proposal, sending: JsonValue) -> None:
    """Compare what is about to be sent with what was approved, byte for byte.

    Raises:
        Revoked: They differ.
    """
    if canonical(sending) != canonical(proposal.args):
        raise Revoked("the arguments to send differ from the approved ones", security=True)
