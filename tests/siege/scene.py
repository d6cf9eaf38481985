"""What the bot knows of the harbour: a service a berth, one runbook, one job; and the parcels.

A parcel is one webhook about one blocked berth, so each makes an incident and an action of its
own. The job has no precondition: only the bot's own word keeps it from opening a berth twice.
"""

import json
from collections.abc import Mapping
from datetime import datetime, timedelta
from pathlib import Path

from pydantic import JsonValue

SECRET = "siege-example-secret"
HOOK = "/hooks/alertmanager/default"
TOKEN_FILE = "operator.token"
RUNBOOK = """\
---
title: Berth blocked
match: ['alertname="BerthBlocked"']
diagnose:
  - {id: deploys, tool: changes_recent, args: {service: "${service}", window_s: 86400}}
outcomes:
  - name: it is blocked
    when: {fact: deploys.count, op: eq, value: 0}
    conclude: A ship blocks the berth.
    confidence: high
    propose: open
actions:
  - id: open
    tool: job_run
    args: {job: open, params: {service: "${service}"}}
    reason: A ship blocks the berth.
---
Tow the ship away.
"""


def berth(number: int) -> str:
    """Return the service of a parcel."""
    return f"berth-{number}"


def fingerprints(number: int) -> set[str]:
    """Return what the two alerts of a parcel are known by."""
    return {f"a{number:07x}", f"b{number:07x}"}


def parcel(number: int, start: datetime) -> bytes:
    """Return Alertmanager's message about one berth, the same bytes each time."""
    alerts: list[JsonValue] = [
        {
            "status": "firing",
            "labels": {
                "alertname": "BerthBlocked",
                "service": berth(number),
                "severity": "critical",
                "instance": name,
            },
            "annotations": {"summary": "nothing moves"},
            "startsAt": (start - timedelta(minutes=3)).isoformat(),
            "endsAt": "0001-01-01T00:00:00Z",
            "fingerprint": name,
        }
        for name in sorted(fingerprints(number))
    ]
    message: dict[str, JsonValue] = {
        "version": "4",
        "groupKey": f'{{}}:{{alertname="BerthBlocked", service="{berth(number)}"}}',
        "status": "firing",
        "receiver": "triagebot",
        "alerts": alerts,
    }
    return json.dumps(message).encode()


def write_folder(folder: Path, harbour: str, count: int) -> Path:
    """Write a complete knowledge folder about `count` berths of a harbour; return it."""
    door = {"route": "default", "auth": "bearer", "secrets": ["TRIAGE_HOOK_ALERTMANAGER"]}
    files: dict[str, object] = {
        "hooks": {"routes": [door | {"source": "alertmanager"}]},
        "services": {"services": [_service(number, harbour) for number in range(count)]},
        "people": {"people": [{"name": "operator", "groups": ["harbour"], "admin": True}]},
        "policy": {
            "rules": [
                {
                    "name": "owners open",
                    "action": "job_run:open",
                    "approvers": ["owner"],
                    "min_approvals": 1,
                }
            ]
        },
        "jobs": {"jobs": [_job(harbour)]},
    }
    folder.mkdir()
    folder.joinpath("berth.md").write_text(RUNBOOK)
    for name, content in files.items():
        folder.joinpath(f"{name}.yaml").write_text(json.dumps(content))
    return folder


def environment(home: Path, database: str, port: int) -> Mapping[str, str]:
    """Return the whole environment of a process of the bot."""
    return {
        "PATH": "/usr/bin:/bin",
        "HOST": "127.0.0.1",
        "PORT": str(port),
        "DATABASE_URL": database,
        "TRIAGE_RUNBOOKS": str(home / "knowledge"),
        "TRIAGE_OPERATOR_TOKEN_FILE": str(home / TOKEN_FILE),
        "TRIAGE_SIGNING_KEY": "5e" * 32,
        "TRIAGE_HOOK_ALERTMANAGER": SECRET,
        "TRIAGE_DEBOUNCE_S": "0",
        "TRIAGE_CONSOLE": "0",
    }


def _service(number: int, harbour: str) -> dict[str, object]:
    return {
        "name": berth(number),
        "owner": "harbour",
        "environment": "siege",
        "probes": {"state": f"{harbour}/state/{berth(number)}"},
    }


def _job(harbour: str) -> dict[str, object]:
    return {
        "name": "open",
        "title": "Open {service}",
        "url": f"{harbour}/open",
        "auth": "none",
        "params": {"service": {"type": "string", "pattern": "^berth-[0-9]{1,6}$"}},
        "service_param": "service",
        "environment": "siege",
        "target": "{service}",
        "risk": "low",
        "preview": "none",
        "ends": "The door closes by itself.",
        "verify": [
            {
                "title": "nothing blocks it",
                "tool": "http_probe",
                "args": {"service": "{service}", "probe": "state"},
                "expect": {"fact": "blocked", "op": "eq", "value": False},
            }
        ],
        "verify_after_s": [1],
        "timeout_s": 60,
    }
