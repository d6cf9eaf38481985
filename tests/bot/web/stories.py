"""Incidents as they really go, written down as facts: what the web's tests and pictures show."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

from bot.incident import facts_action, facts_alerts, facts_run
from bot.incident.events import Event
from bot.incident.fact import Fact
from bot.incident.model import (
    Alert,
    Change,
    Finding,
    Observation,
    Predicate,
    Probe,
    Risk,
    Runbook,
    Service,
    Similar,
)
from bot.incident.proposal import Proposal, Undo, action_digest, digest
from bot.incident.steps import CallTools, ProposeAction, ToolCall

T0 = datetime(2026, 3, 3, 14, 2, 11, tzinfo=UTC)
EVIDENCE = "9f2c11d07ab3e645"
PROPOSAL = "7F3KQ2ZM"
HOSTILE = "<script>alert(1)</script>\u202egnp.exe\x07 & \"q\" 'a' <img src=x onerror=y>"

CHECKOUT = Service(
    name="checkout", title="Checkout", owner="payments", tier=1, environment="production"
)
RUNBOOK = Runbook(
    name="bad-deploy",
    title="Errors after a deploy",
    path="bad-deploy.md",
    digest="aa",
    text="Look at the error rate, then at the last deploy.",
)


def at(seconds: float) -> datetime:
    return T0 + timedelta(seconds=seconds)


def thread(stream: str, facts: Sequence[tuple[float, str, Fact]]) -> list[Event]:
    return [
        Event(stream, place, at(seconds), actor, fact)
        for place, (seconds, actor, fact) in enumerate(facts, start=1)
    ]


def alert(title: str, *, resolved: bool = False, **labels: str) -> Alert:
    named = {"alertname": "HighErrorRate", "severity": "critical", "service": "checkout"} | labels
    return Alert(
        source="alertmanager",
        fingerprint=f"f-{title}",
        status="resolved" if resolved else "firing",
        title=title,
        severity="critical",
        service="checkout",
        labels=named,
        annotations={"summary": "14.2 % of requests fail (threshold 2 %)"},
        starts_at=at(-95),
        ends_at=None,
    )


def probe(title: str, value: str) -> Probe:
    return Probe(
        title=title,
        tool="prometheus_query",
        args={"query": 'sum(rate(http_errors_total{service="checkout"}[1m]))'},
        expect=Predicate(fact="value", op="gt" if value == "0.02" else "lt", value=value),
    )


def proposed(incident: str, identifier: str = PROPOSAL, risk: Risk = "medium") -> Proposal:
    return Proposal(
        id=identifier,
        revision=1,
        incident=incident,
        tool="job_run",
        tool_version="1",
        action="job_run:rollback",
        title="Roll back checkout to v41",
        args={"job": "rollback", "params": {"service": "checkout", "version": "v41"}},
        target="checkout in production",
        environment="production",
        service="checkout",
        risk=risk,
        preconditions=(probe("Errors are still high", "0.02"),),
        verify=(probe("Errors are back to normal", "0.01"),),
        verify_after_s=(60, 300, 900),
        undo=Undo(
            tool="job_run",
            args={"job": "rollback", "params": {"service": "checkout", "version": "v42"}},
            title="Roll forward to v42",
        ),
        preview_digest="11" * 32,
        policy_digest="22" * 32,
        rule="rollbacks",
        requested_by="bot",
        created_at=at(48),
        expires_at=at(48 + 1800),
    )


def asked_for(proposal: Proposal) -> facts_action.ActionProposed:
    return facts_action.ActionProposed(
        effect_id="r1s3",
        proposal=proposal,
        digest=digest(proposal),
        action_digest=action_digest(proposal),
        preview="rollback checkout: v42 → v41\n3 replicas, one at a time, about 40 s",
        reason="Errors began 74 s after v42 was deployed and affect only its replicas.",
        reason_by="planner",
        evidence=(EVIDENCE,),
    )


def context(*, similar: bool = True) -> facts_run.ContextLoaded:
    change = Change(
        id="d1",
        source="ci",
        service="checkout",
        version="v42",
        previous="v41",
        by="dana",
        at=at(-170),
        title="Deploy: new tax table",
    )
    other = Similar(
        incident="INC-1",
        title="checkout: errors after deploy",
        at=at(-86400 * 9),
        conclusion="v38 broke the tax table",
    )
    return facts_run.ContextLoaded(
        service=CHECKOUT,
        changes=(change,),
        runbook=RUNBOOK,
        similar=(other,) if similar else (),
        inventory={"versions": ("v41", "v42")},
        runbook_why="alertname matches HighErrorRate",
    )


def received(*alerts: Alert, truncated: int = 0) -> facts_alerts.AlertsReceived:
    return facts_alerts.AlertsReceived(
        delivery="d1", source="alertmanager", group_key="g", alerts=alerts, truncated=truncated
    )


def opened(title: str, severity: str = "critical") -> facts_alerts.IncidentOpened:
    return facts_alerts.IncidentOpened.model_validate(
        {
            "title": title,
            "service": "checkout",
            "severity": severity,
            "group_key": "g",
            "by": "alertmanager:default",
        }
    )


def bad_deploy(stream: str = "INC-7", risk: Risk = "medium") -> list[Event]:
    """A bad deploy up to the proposal that waits."""
    query = ToolCall(tool="prometheus_query", args={"query": "errors"}, key="errors")
    deploys = ToolCall(tool="changes_recent", args={"service": "checkout"}, key="deploys")
    proposal = proposed(stream, risk=risk)
    return thread(
        stream,
        [
            (0, "alertmanager:default", opened("checkout: 14.2 % of requests fail")),
            (0, "alertmanager:default", received(
                alert("checkout error rate above 2 %", instance="checkout-1"),
                alert("checkout p99 latency above 800 ms", alertname="SlowRequests"))),
            (1, "bot", context()),
            (1.2, "bot", facts_alerts.ConversationOpened(channel="web", address="INC-7")),
            (2, "planner", facts_run.StepChosen(
                effect_id="r1s1", step=CallTools(calls=(query, deploys)), by="planner")),
            (3, "bot", facts_run.ToolReturned(
                effect_id="r1s1.0", key="errors", tool="prometheus_query", evidence=EVIDENCE,
                summary="error rate is 0.142 (worst: checkout-1), 3 series",
                facts=(Observation(name="value", value=0.142),))),
            (3.4, "bot", facts_run.ToolReturned(
                effect_id="r1s1.1", key="deploys", tool="changes_recent",
                evidence="0a1b2c3d4e5f6071", summary="1 deploy: v42 by dana, 173 s ago",
                facts=(Observation(name="count", value=1),))),
            (40, "web:dana", facts_alerts.MessageReceived(
                person="dana", text="I see it too, the cart page shows a 500.",
                conversation="web")),
            (47, "planner", facts_run.StepChosen(
                effect_id="r1s3", by="planner",
                step=ProposeAction(tool="job_run", args=proposal.args, reason="Errors began"))),
            (48, "bot", asked_for(proposal)),
        ],
    )  # fmt: skip


def approved(stream: str = "INC-6") -> list[Event]:
    """The same, approved, done, verified and closed."""
    begin = bad_deploy(stream)
    proposal = proposed(stream, "4Q9WX1TB", "low")
    asked = asked_for(proposal)
    begin[-1] = Event(stream, len(begin), at(48), "bot", asked)
    name, bytes_ = proposal.id, asked.digest
    finding = Finding(
        claim="v42 broke checkout: errors began 74 s after it was deployed",
        evidence=(EVIDENCE,),
        confidence="high",
    )
    rest: list[tuple[float, str, Fact]] = [
        (80, "web:dana", facts_action.DecisionMade(
            proposal=name, revision=1, digest=bytes_, person="dana", actor="web:dana",
            verdict="approve", reason="", rule="rollbacks", policy_digest="22" * 32,
            groups_as_of=at(80))),
        (80, "web:dana", facts_action.ProposalApproved(proposal=name, digest=bytes_)),
        (81, "bot", facts_action.ActionStarted(
            proposal=name, digest=bytes_, attempt="a1", nonce="n1", not_after=at(140),
            preconditions=("Errors are still high: 0.139",))),
        (84, "bot", facts_action.ActionFinished(
            attempt="a1", ok=True, evidence=EVIDENCE, summary="rolled back to v41 in 2.8 s")),
        (144, "bot", facts_action.ActionVerified(
            proposal=name, digest=bytes_, n=0, evidence=EVIDENCE,
            summary="error rate is 0.004, below 0.01")),
        (150, "planner", facts_run.ConclusionReached(
            summary="v42 broke checkout; rolling back to v41 mended it.",
            findings=(finding,), by="planner")),
        (170, "alertmanager:default", received(
            alert("checkout error rate above 2 %", resolved=True))),
        (171, "alertmanager:default", facts_alerts.IncidentResolved(reason="nothing fires")),
        (190, "web:dana", facts_alerts.ConclusionJudged(
            person="dana", verdict="right", note="tax table, same as last week")),
        (480, "bot", facts_alerts.IncidentClosed(
            summary="checkout failed 14.2 % of requests for 3 minutes after v42; dana approved "
            "a rollback to v41 and it recovered.",
            learnings=facts_alerts.Learnings(
                context="v42 was deployed at 13:59", solution="rolled back to v41",
                learning="the tax table needs a canary", impact="3 min, about 2 100 requests"))),
    ]  # fmt: skip
    events = thread(stream, [(0.0, "bot", begin[0].body)] * len(begin) + rest)  # type: ignore[list-item]
    return [*begin, *events[len(begin) :]]


def questioned(stream: str = "INC-5") -> list[Event]:
    """No runbook fits, so the planner asks."""
    disk = alert("disk of db-2 is 91 % full", alertname="DiskFull", service="postgres")
    return thread(
        stream,
        [
            (-1800, "alertmanager:default", opened("postgres: disk of db-2 is 91 % full", "high")),
            (-1800, "alertmanager:default", received(disk, truncated=38)),
            (-1799, "bot", facts_run.ContextLoaded(
                service=None, changes=(), runbook=None, similar=(), inventory={},
                missing=("a service for these alerts", "a runbook"))),
            (-1790, "bot", facts_alerts.QuestionAsked(
                id="r1s1", question="Is the nightly export still running?", kind="choice",
                options=("yes", "no", "cannot tell"), deadline=at(80000))),
            (-1700, "bot", facts_alerts.ConversationBroken(
                channel="slack", why="channel_not_found")),
        ],
    )  # fmt: skip


def hostile(stream: str = "INC-4") -> list[Event]:
    """Every text from outside tries to be markup."""
    bad = alert(HOSTILE, alertname=HOSTILE, spelled=HOSTILE)
    proposal = proposed(stream, "BADBADBA", "high").model_copy(
        update={"title": HOSTILE, "args": {"job": HOSTILE}, "target": HOSTILE}
    )
    return thread(
        stream,
        [
            (-9000, HOSTILE, opened(HOSTILE, "warning")),
            (-9000, HOSTILE, received(bad)),
            (-8999, "bot", context().model_copy(update={
                "service": CHECKOUT.model_copy(update={"title": HOSTILE, "owner": HOSTILE}),
                "missing": (HOSTILE,)})),
            (-8990, "bot", facts_run.ToolReturned(
                effect_id="r1s1.0", key="k", tool=HOSTILE, evidence=EVIDENCE, summary=HOSTILE,
                facts=())),
            (-8980, HOSTILE, facts_alerts.MessageReceived(
                person=HOSTILE, text=HOSTILE, conversation="c")),
            (-8970, "bot", asked_for(proposal).model_copy(update={
                "reason": HOSTILE, "preview": HOSTILE})),
            (-8960, "bot", facts_alerts.QuestionAsked(
                id="q", question=HOSTILE, kind="choice", options=(HOSTILE,), deadline=at(0),
                default=HOSTILE)),
            (-8950, "bot", facts_run.ConclusionReached(
                summary=HOSTILE, by=HOSTILE, findings=(
                    Finding(claim=HOSTILE, evidence=(EVIDENCE,)),))),
        ],
    )  # fmt: skip
