"""What the killed bot finds around it: its knowledge folder, its secrets, and a quick clock."""

import json
import secrets
from datetime import UTC, datetime, timedelta
from pathlib import Path

from pydantic import JsonValue

SECRETS = {
    "TRIAGE_HOOK_ALERTMANAGER": "alertmanager-example-secret",
    "TRIAGE_HOOK_CHANGE": "change-example-secret",
    "CHECKOUT_ROLLBACK_TOKEN": "rollback-example-secret",
}
PERSON = "operator"
BAD, GOOD = "v42", "v41"
SPEED = 10
"""The bot's clock runs this much faster, so that a verification after 1 s waits 0.1 s."""

RUNBOOK = """\
---
title: Bad deploy
match: ['alertname="CheckoutErrorRateHigh"']
diagnose:
  - {id: deploys, tool: changes_recent, args: {service: "${service}", window_s: 86400}}
  - id: state
    tool: http_probe
    args: {service: "${service}", probe: state}
    when: {fact: deploys.count, op: gt, value: 0}
outcomes:
  - name: failing since the deploy
    when:
      all:
        - {fact: state.healthy, op: eq, value: false}
        - {fact: deploys.latest_previous, op: exists}
    conclude: The checkout fails since ${deploys.latest_version}.
    confidence: high
    propose: rollback
actions:
  - id: rollback
    tool: job_run
    args: {job: rollback, params: {service: "${service}", version: "${deploys.latest_previous}"}}
    reason: Before ${deploys.latest_version} ran ${deploys.latest_previous}.
---
Roll back to the version that ran before.
"""


class QuickClock:
    """Implements ports.Clock: the machine's clock, sped up since `start`; restarts keep on."""

    def __init__(self, start: datetime) -> None:
        self._start = start

    def now(self) -> datetime:
        return self._start + SPEED * (datetime.now(UTC) - self._start)

    def token(self, size_bytes: int = 16) -> str:
        return secrets.token_hex(size_bytes)


def write_folder(folder: Path, target: str, *, read_back: bool) -> None:
    """Write a complete knowledge folder whose one job and one probe are at `target`."""
    folder.mkdir()
    folder.joinpath("bad-deploy.md").write_text(RUNBOOK)
    files: dict[str, JsonValue] = {
        "hooks": {
            "routes": [_door("TRIAGE_HOOK_ALERTMANAGER") | {"source": "alertmanager"}],
            "changes": [_door("TRIAGE_HOOK_CHANGE")],
        },
        "services": {
            "services": [
                {
                    "name": "checkout",
                    "title": "The checkout",
                    "owner": "payments",
                    "tier": 1,
                    "environment": "demo",
                    "probes": {"state": f"{target}/state"},
                }
            ]
        },
        "people": {"people": [{"name": PERSON, "title": "On call", "groups": ["payments"]}]},
        "policy": {
            "rules": [
                {
                    "name": "owners roll back",
                    "action": "job_run:rollback",
                    "environment": "demo",
                    "risk": ["low", "medium"],
                    "approvers": ["owner"],
                    "min_approvals": 1,
                }
            ]
        },
        "jobs": {"jobs": [_job(target, read_back=read_back)]},
    }
    for name, content in files.items():
        folder.joinpath(f"{name}.yaml").write_text(json.dumps(content))


def _door(secret: str) -> dict[str, JsonValue]:
    return {"route": "default", "auth": "bearer", "secrets": [secret]}


def _job(target: str, *, read_back: bool) -> dict[str, JsonValue]:
    def state(title: str, fact: str, value: JsonValue) -> JsonValue:
        return {
            "title": title,
            "tool": "http_probe",
            "args": {"service": "{service}", "probe": "state"},
            "expect": {"fact": fact, "op": "eq", "value": value},
        }

    job: dict[str, JsonValue] = {
        "name": "rollback",
        "title": "Roll {service} back to {version}",
        "url": f"{target}/rollback",
        "auth": "bearer",
        "secret": "CHECKOUT_ROLLBACK_TOKEN",
        "params": {
            "service": {"type": "string", "enum": ["checkout"]},
            "version": {"type": "string", "pattern": "^v[0-9]{1,6}$"},
        },
        "service_param": "service",
        "environment": "demo",
        "target": "{service}",
        "risk": "medium",
        "timeout_s": 60,
        "preview": {"query": {"dry_run": "1"}},
        "before": {"url": f"{target}/state", "take": {"version": "/version"}},
        "undo": {"job": "rollback", "params": {"service": "{service}", "version": BAD}},
        "preconditions": [state("the checkout is still failing", "healthy", value=False)],
        "verify": [state("the good version is live", "version", "{version}")],
        "verify_after_s": [1],
    }
    if read_back:
        job["read_back"] = {"url": f"{target}/state", "field": "/version", "equals": "{version}"}
    return job


def deploy(start: datetime) -> bytes:
    """Return the notice of the deploy that broke the checkout."""
    change = {
        "id": "deploy-42",
        "service": "checkout",
        "kind": "deploy",
        "version": BAD,
        "previous": GOOD,
        "by": "dana",
        "at": (start - timedelta(minutes=5)).isoformat(),
    }
    return json.dumps(change).encode()


def alerts(start: datetime, status: str) -> bytes:
    """Return Alertmanager's message about two alerts: `firing`, or later `resolved`."""
    labels = {"alertname": "CheckoutErrorRateHigh", "service": "checkout", "severity": "critical"}
    since = (start - timedelta(minutes=3)).isoformat()
    ended = start.isoformat() if status == "resolved" else "0001-01-01T00:00:00Z"
    message = {
        "version": "4",
        "groupKey": '{}:{alertname="CheckoutErrorRateHigh"}',
        "status": status,
        "receiver": "triagebot",
        "alerts": [
            {
                "status": status,
                "labels": labels | {"instance": instance},
                "annotations": {"summary": "many requests fail"},
                "startsAt": since,
                "endsAt": ended,
                "fingerprint": fingerprint,
            }
            for instance, fingerprint in (("checkout-1", "a1"), ("checkout-2", "b2"))
        ],
    }
    return json.dumps(message).encode()
