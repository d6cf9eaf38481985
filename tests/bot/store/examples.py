"""Small values that the store's tests speak in."""

import hashlib
from datetime import datetime, timedelta
from typing import Literal

from bot.incident.fact import Fact
from bot.incident.facts_action import (
    ActionFinished,
    ActionProposed,
    ActionStarted,
    DecisionMade,
    ProposalApproved,
)
from bot.incident.facts_alerts import (
    IncidentClosed,
    IncidentOpened,
    IncidentResolved,
    Learnings,
    NoteAdded,
)
from bot.incident.grouping import Group
from bot.incident.model import Alert, Change
from bot.incident.proposal import Proposal, action_digest, digest
from bot.incident.reducer import State
from bot.ports import Delivery, Draft, Evidence
from bot.store.store import Store
from tests.fakes import T0

ACTOR = "console:dana"


def opened(title: str = "Error rate is high", service: str = "checkout") -> IncidentOpened:
    return IncidentOpened(title=title, service=service, severity="critical", group_key="")


def note(text: str = "looking") -> NoteAdded:
    return NoteAdded(person="dana", text=text)


def draft(*facts: Fact) -> Draft:
    return Draft(ACTOR, facts)


async def open_incident(store: Store, *facts: Fact) -> str:
    made = await store.log.open(lambda _: draft(*(facts or (opened(),))))
    return made.events[0].stream


def closed() -> IncidentClosed:
    learnings = Learnings(context="a", solution="b", learning="c", impact="d")
    return IncidentClosed(summary="over", learnings=learnings)


async def close_incident(store: Store, incident: str) -> None:
    await say(store, incident, IncidentResolved(reason="quiet"), closed())


async def say(store: Store, incident: str, *facts: Fact) -> int:
    def build(_state: State) -> Draft:
        return draft(*facts)

    return (await store.log.record(incident, build)).seq


def alert(
    fingerprint: str = "f1",
    status: Literal["firing", "resolved"] = "firing",
    starts_at: datetime | None = T0,
    source: str = "alertmanager",
) -> Alert:
    return Alert(
        source=source,
        fingerprint=fingerprint,
        status=status,
        title=f"Alert {fingerprint}",
        severity="critical",
        service="checkout",
        labels={"alertname": "HighErrorRate", "instance": fingerprint},
        annotations={},
        starts_at=starts_at,
        ends_at=None,
    )


def group(*alerts: Alert, key: str = "g1", truncated: int = 0) -> Group:
    return Group(key, "Error rate is high", "checkout", "critical", alerts, truncated)


def delivery(name: str = "d1", at: datetime = T0, route: str = "default") -> Delivery:
    headers = {"content-type": "application/json"}
    return Delivery(name, "alertmanager", route, f"dedupe-{name}", at, headers, name.encode())


def change(identifier: str = "c1", version: str = "v42", minutes: int = 0) -> Change:
    at = T0 + timedelta(minutes=minutes)
    return Change(id=identifier, source="ci", service="checkout", version=version, at=at)


def evidence(body: bytes = b"42", incident: str = "INC-1") -> Evidence:
    name = hashlib.sha256(body).hexdigest()
    args = {"query": "up"}
    return Evidence(
        name[:16], name, incident, "prometheus_query", args, T0, "application/json", body
    )


def proposal(incident: str, identifier: str = "7GQ2MZ4K") -> Proposal:
    return Proposal(
        id=identifier,
        revision=1,
        incident=incident,
        tool="job_run",
        tool_version="1",
        action="job_run:rollback",
        title="Roll back checkout to v41",
        args={"job": "rollback", "params": {"version": "v41"}},
        target="checkout in demo",
        environment="demo",
        service="checkout",
        risk="medium",
        preconditions=(),
        verify=(),
        verify_after_s=(60,),
        undo=None,
        preview_digest="p",
        policy_digest="q",
        rule="demo",
        requested_by="planner",
        created_at=T0,
        expires_at=T0 + timedelta(minutes=30),
    )


def proposed(made: Proposal) -> ActionProposed:
    return ActionProposed(
        effect_id="r1s1",
        proposal=made,
        digest=digest(made),
        action_digest=action_digest(made),
        preview="would roll back",
        reason="the deploy broke it",
        reason_by="planner",
    )


def decided(made: Proposal, person: str = "dana") -> DecisionMade:
    return DecisionMade(
        proposal=made.id,
        revision=made.revision,
        digest=digest(made),
        person=person,
        actor=f"console:{person}",
        verdict="approve",
        reason="",
        rule="demo",
        policy_digest="q",
        groups_as_of=T0,
    )


def approved(made: Proposal) -> ProposalApproved:
    return ProposalApproved(proposal=made.id, digest=digest(made))


def started(made: Proposal, nonce: str = "n1") -> ActionStarted:
    return ActionStarted(
        proposal=made.id,
        digest=digest(made),
        attempt=f"{made.id}-1",
        nonce=nonce,
        not_after=T0 + timedelta(seconds=60),
        preconditions=(),
    )


def finished(made: Proposal) -> ActionFinished:
    return ActionFinished(attempt=f"{made.id}-1", ok=True, evidence="e1", summary="rolled back")
