"""Facts, proposals and threads for tests: short to write, complete, deterministic."""

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from typing import Literal

from bot.incident.events import Event
from bot.incident.fact import Fact
from bot.incident.facts_action import ActionProposed, ActionStarted, DecisionMade, ProposalApproved
from bot.incident.facts_alerts import AlertsReceived, IncidentOpened
from bot.incident.facts_run import ContextLoaded
from bot.incident.model import Alert, Predicate, Probe, Runbook, Severity
from bot.incident.proposal import Proposal, Undo, action_digest, digest

T0 = datetime(2026, 1, 5, 3, 0, tzinfo=UTC)


def at(seconds: float) -> datetime:
    """The time `seconds` after the test's midnight."""
    return T0 + timedelta(seconds=seconds)


def alert(
    status: Literal["firing", "resolved"] = "firing", fingerprint: str = "a1", **labels: str
) -> Alert:
    return Alert(
        source="alertmanager",
        fingerprint=fingerprint,
        status=status,
        title="CheckoutErrorRateHigh",
        severity="critical",
        service="checkout",
        labels={"alertname": "CheckoutErrorRateHigh", "service": "checkout", **labels},
        annotations={},
        starts_at=T0,
        ends_at=None,
    )


def opened(severity: Severity = "critical") -> IncidentOpened:
    return IncidentOpened(
        title="CheckoutErrorRateHigh",
        service="checkout",
        severity=severity,
        group_key="g1",
        by="alertmanager:default",
    )


def received(*alerts: Alert, delivery: str = "d1", truncated: int = 0) -> AlertsReceived:
    return AlertsReceived(
        delivery=delivery,
        source="alertmanager",
        group_key="g1",
        alerts=alerts or (alert(),),
        truncated=truncated,
    )


def context(runbook: Runbook | None = None) -> ContextLoaded:
    return ContextLoaded(
        service=None, changes=(), runbook=runbook, similar=(), inventory={}, missing=()
    )


def probe(title: str = "the shop is healthy", *, value: bool | str = True) -> Probe:
    expect = Predicate(fact="healthy", op="eq", value=value)
    args = {"service": "checkout", "probe": "state"}
    return Probe(title=title, tool="http_probe", args=dict(args), expect=expect)


def proposal(identifier: str = "7F3KQ2AB", **changed: object) -> Proposal:
    fields: dict[str, object] = {
        "id": identifier,
        "revision": 1,
        "incident": "INC-1",
        "tool": "job_run",
        "tool_version": "1",
        "action": "job_run:rollback",
        "title": "Roll back checkout to v41",
        "args": {"job": "rollback", "params": {"service": "checkout", "version": "v41"}},
        "target": "checkout",
        "environment": "demo",
        "service": "checkout",
        "risk": "medium",
        "preconditions": (probe("v42 is live", value="v42"),),
        "verify": (probe(),),
        "verify_after_s": (5, 60),
        "undo": Undo(
            tool="job_run",
            args={"job": "rollback", "params": {"service": "checkout", "version": "v42"}},
            title="Roll checkout forward to v42",
        ),
        "preview_digest": "0" * 64,
        "policy_digest": "1" * 64,
        "rule": "rollback",
        "requested_by": "bot",
        "created_at": at(10),
        "expires_at": at(1810),
        **changed,
    }
    return Proposal.model_validate(fields)


def proposed(frozen: Proposal | None = None, reason: str = "errors began with v42", **kept: str):
    frozen = frozen or proposal()
    return ActionProposed(
        effect_id=kept.get("effect_id", "r1s2"),
        proposal=frozen,
        digest=digest(frozen),
        action_digest=action_digest(frozen),
        preview="would roll checkout back from v42 to v41",
        reason=reason,
        reason_by=kept.get("by", "planner"),
        evidence=("e" * 16,),
        undo_of=kept.get("undo_of", ""),
    )


def decided(
    asked: ActionProposed, verdict: Literal["approve", "deny"] = "approve", person: str = "dana"
) -> DecisionMade:
    return DecisionMade(
        proposal=asked.proposal.id,
        revision=asked.proposal.revision,
        digest=asked.digest,
        person=person,
        actor=f"web:{person}",
        verdict=verdict,
        reason="" if verdict == "approve" else "not during the sale",
        rule="rollback",
        policy_digest="1" * 64,
        groups_as_of=at(20),
    )


def approved(asked: ActionProposed) -> ProposalApproved:
    return ProposalApproved(proposal=asked.proposal.id, digest=asked.digest)


def started(asked: ActionProposed, attempt: str = "7F3KQ2AB-1") -> ActionStarted:
    return ActionStarted(
        proposal=asked.proposal.id,
        digest=asked.digest,
        attempt=attempt,
        nonce=f"nonce-{attempt}",
        not_after=at(100),
        preconditions=(),
    )


def thread(facts: Iterable[Fact], step_s: float = 1.0) -> list[Event]:
    """Events of INC-1, one every `step_s` seconds from T0 on."""
    return [
        Event("INC-1", number, at((number - 1) * step_s), "test:maker", fact)
        for number, fact in enumerate(facts, start=1)
    ]
