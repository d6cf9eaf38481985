"""Makes a Proposal of a chosen action: policy, plan, preview, preconditions, freeze. Acts never."""

import asyncio
import hashlib
import logging
from dataclasses import dataclass
from datetime import timedelta
from typing import cast

from pydantic import JsonValue

from bot.engine.freezing import check_inspectable, frozen_args, without_secrets
from bot.engine.grounding import instructed, ungrounded, wanted_by
from bot.engine.menu import check_allowed
from bot.engine.probes import failed, run_probes
from bot.engine.rejected import Rejected
from bot.engine.revising import Place, next_revision, replacing
from bot.engine.toolbox import OpenAction, Toolbox, compact, encodable, parse_args, version_of
from bot.engine.weighing import planned_case, weighed
from bot.errors import BusyError, ToolError
from bot.incident.briefing import brief
from bot.incident.fact import Fact
from bot.incident.facts_action import ActionProposed
from bot.incident.facts_run import ProposalRejected, StepChosen
from bot.incident.model import ActionTemplate, Probe, Risk, Value
from bot.incident.policy import Refuse, proposable, thinkable
from bot.incident.proposal import (
    ALPHABET,
    ID_CHARS,
    Proposal,
    action_digest,
    digest,
)
from bot.incident.repeats import repeated
from bot.incident.revision import PERSON, edit_target, edited_proposal, editors
from bot.incident.risk import Assessment
from bot.incident.state import RENEWAL, State, undo_target
from bot.incident.steps import ProposeAction
from bot.knowledge.fills import exact, fill_probe
from bot.knowledge.known import values
from bot.knowledge.redact import would_redact
from bot.ports import Clock, Library
from bot.shelf import Plan

log = logging.getLogger(__name__)
PENDING_MAX = 3
"""Fewer, better questions: at most this many open proposals an incident (E-44)."""


@dataclass(frozen=True, slots=True)
class Expiry:
    """Seconds a proposal of each risk stays open (E-13)."""

    low_s: int = 3600
    medium_s: int = 1800
    high_s: int = 900

    def of(self, risk: Risk) -> timedelta:
        """Return how long a proposal of this risk stays open."""
        seconds = {"low": self.low_s, "medium": self.medium_s, "high": self.high_s}
        return timedelta(seconds=seconds[risk])


@dataclass(frozen=True, slots=True)
class _Probes:
    """What must hold before, and what must hold after."""

    before: tuple[Probe, ...]
    after: tuple[Probe, ...]


class Preparer:
    """Turns a ProposeAction into ActionProposed, or ProposalRejected with a reason.

    An edit (E-09) goes the very same way, and becomes the next revision of what it edits.
    """

    def __init__(
        self, box: Toolbox, library: Library, clock: Clock, expiry: Expiry, *, read_only: bool
    ) -> None:
        self._box = box
        self._library = library
        self._clock = clock
        self._expiry = expiry
        self._read_only = read_only

    async def prepare(self, state: State, chosen: StepChosen) -> tuple[Fact, ...]:
        """Return the facts that the chosen action becomes. Reads targets, changes nothing."""
        step = chosen.step
        if not isinstance(step, ProposeAction):
            raise TypeError(f"{chosen.effect_id} is no proposal")
        try:
            made = await self._prepare(state, chosen, step)
        except BusyError:
            raise
        except Rejected as rejected:
            why = " ".join(encodable(str(rejected)).split())[:400]
        except Exception as error:
            if not isinstance(error, ToolError):
                log.exception("a proposal could not be prepared", extra={"incident": state.stream})
            why = compact(step.tool, error).message
        else:
            return made
        return (
            ProposalRejected(effect_id=chosen.effect_id, tool=step.tool, args=step.args, why=why),
        )

    async def _prepare(
        self, state: State, chosen: StepChosen, step: ProposeAction
    ) -> tuple[Fact, ...]:
        found = self._allowed(state, chosen, step)
        parsed = parse_args(found.tool, cast("dict[str, JsonValue]", exact(step.args)))
        args = frozen_args(parsed)
        place = self._place(state, chosen, args)
        plan = await self._plan(found, parsed)
        if plan.service and not self._library.routes.allow.lets_name(plan.service):
            raise Rejected(f"routes.yaml does not allow to name the service {plan.service[:60]!r}")
        if not _by_code(chosen):
            _check_ground(state, step, args, plan)
        assessed = weighed(plan, self._library)
        risk = assessed.risk
        at, authors = self._clock.now(), place.edited_by
        case = planned_case(plan, risk, self._library, at, place.requested_by, authors)
        rule = proposable(self._library.policy, case)
        if isinstance(rule, Refuse):
            raise Rejected(rule.why)
        probes = self._probes(state, step, plan)
        broken = failed(await run_probes(self._box, probes.before, state.incident.id))
        if broken:
            raise Rejected(f"a precondition does not hold: {broken}")
        now = state.time(self._clock.now())
        proposal = Proposal(
            id=place.id,
            revision=place.revision,
            incident=state.incident.id,
            tool=found.tool.name,
            tool_version=version_of(found, parsed),
            action=plan.action,
            title=plan.title,
            args=args,
            target=plan.target,
            environment=plan.environment,
            service=plan.service,
            risk=risk,
            preconditions=probes.before,
            verify=probes.after,
            verify_after_s=tuple(sorted(plan.verify_after_s)) if probes.after else (),
            undo=plan.undo,
            ends=plan.ends,
            preview_digest=hashlib.sha256(plan.preview.encode()).hexdigest(),
            policy_digest=self._library.policy.digest,
            rule=rule.name,
            requested_by=place.requested_by,
            edited_by=place.edited_by,
            run_if_resolved=rule.run_if_resolved,
            created_at=now,
            expires_at=now + self._expiry.of(risk),
        )
        check_inspectable(proposal)
        return self._propose(state, chosen, proposal, plan, assessed)

    def _propose(
        self,
        state: State,
        chosen: StepChosen,
        proposal: Proposal,
        plan: Plan,
        assessed: Assessment,
    ) -> tuple[Fact, ...]:
        step = cast("ProposeAction", chosen.step)
        same = action_digest(proposal)
        why = "" if _by_code(chosen) else repeated(state, proposal, same, step.reason)
        if why:
            raise Rejected(why)
        made = ActionProposed(
            effect_id=chosen.effect_id,
            proposal=proposal,
            digest=digest(proposal),
            action_digest=same,
            preview=plan.preview,
            reason=step.reason,
            reason_by=chosen.by,
            evidence=tuple(item for finding in step.findings for item in finding.evidence),
            undo_of=undo_target(chosen.effect_id),
            template=step.template,
            before=plan.before,
            risk_why=assessed.why,
        )
        old = edited_proposal(state, chosen.effect_id)
        return (made,) if old is None else replacing(old, chosen, made)

    def _place(self, state: State, chosen: StepChosen, args: dict[str, JsonValue]) -> Place:
        """Return which proposal this becomes, as whose work.

        Raises:
            Rejected: The edited revision does not wait any more, or would not change.
        """
        step = cast("ProposeAction", chosen.step)
        old = edited_proposal(state, chosen.effect_id)
        if old is not None:
            return next_revision(old, chosen, args)
        if edit_target(chosen.effect_id)[0]:
            raise Rejected("there is no such proposal to edit")
        requester = wanted_by(state, chosen)
        authors = editors(state, step.tool, args)
        if not _by_code(chosen):
            authors = (*authors, *instructed(state, template_of(state, step), args))
        return Place(self._fresh_id(state), 1, requester, tuple(dict.fromkeys(authors)))

    def _allowed(self, state: State, chosen: StepChosen, step: ProposeAction) -> OpenAction:
        if self._read_only:
            raise Rejected("READ-ONLY: TRIAGE_READ_ONLY is set")
        found = self._box.action(step.tool)
        if found is None:
            raise Rejected(f"the action {step.tool} is not configured here")
        check_allowed(self._library.routes.allow, found.tool, step.args)
        if not thinkable(self._library.policy, step.tool):
            raise Rejected(f"no rule in policy.yaml enables {step.tool} (READ-ONLY)")
        by_code = _by_code(chosen)
        if not by_code and template_of(state, step) is None:
            raise Rejected(f"no matched runbook permits {step.tool}")
        if not by_code and not any(one.evidence for one in brief(state, (), 1).results):
            raise Rejected("nothing was looked at yet; evidence comes before a proposal")
        secret = would_redact(step.args)
        if secret is not None:
            raise Rejected(f"an argument looks like a secret ({secret}); actions never carry one")
        pending = [v for v in state.incident.proposals.values() if v.status == "pending"]
        is_edit = edited_proposal(state, chosen.effect_id) in pending
        if len(pending) - is_edit >= PENDING_MAX:
            raise Rejected(f"{PENDING_MAX} proposals already wait for a decision")
        return found

    async def _plan(self, found: OpenAction, parsed: Value) -> Plan:
        try:
            async with asyncio.timeout(found.tool.timeout_s):
                plan = await found.opened.plan(parsed)
        except TimeoutError:
            raise ToolError(f"{found.tool.name}: the target did not answer in time") from None
        return without_secrets(plan)

    def _probes(self, state: State, step: ProposeAction, plan: Plan) -> _Probes:
        template = template_of(state, step)
        if template is None:
            return _Probes(plan.preconditions, plan.verify)
        facts = values(brief(state, (), 1))
        filled: dict[str, list[Probe]] = {"before": [], "after": []}
        for kind, probes in (("before", template.preconditions), ("after", template.verify)):
            for probe in probes:
                ready = fill_probe(probe, facts)
                if ready is None:
                    raise Rejected(f"the runbook's check {probe.title!r} lacks a fact to fill in")
                filled[kind].append(ready)
        before = _without_twins((*plan.preconditions, *filled["before"]))
        return _Probes(before, _without_twins((*plan.verify, *filled["after"])))

    def _fresh_id(self, state: State) -> str:
        number = int(self._clock.token(8), 16)
        while True:
            made = "".join(ALPHABET[number >> shift & 31] for shift in range(0, 5 * ID_CHARS, 5))
            if made not in state.incident.proposals:
                return made
            number += 1


def template_of(state: State, step: ProposeAction) -> ActionTemplate | None:
    """Return the matched runbook's template that this step uses, or None."""
    loaded = state.run.context
    if loaded is None or loaded.runbook is None:
        return None
    for template in loaded.runbook.actions:
        if template.id == step.template and template.tool == step.tool:
            return template
    return None


def _check_ground(
    state: State, step: ProposeAction, args: dict[str, JsonValue], plan: Plan
) -> None:
    why = ungrounded(state, template_of(state, step), args, plan)
    if why:
        raise Rejected(why)


def _without_twins(probes: tuple[Probe, ...]) -> tuple[Probe, ...]:
    seen: list[Probe] = []
    for probe in probes:
        if all((probe.tool, probe.args, probe.expect) != (x.tool, x.args, x.expect) for x in seen):
            seen.append(probe)
    return tuple(seen)


def _by_code(chosen: StepChosen) -> bool:
    """True when no StepModel wants it: a human does (again), or a failed verification."""
    return chosen.by in {"verification", RENEWAL} or chosen.by.startswith(PERSON)
