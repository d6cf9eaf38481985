"""What the attacked team wrote down: three doors, one runbook, one job, one rule."""

from pathlib import Path

BEARER = "hostile-bearer-secret"
HMAC = "hostile-hmac-secret"
PASSWORD = "hostile-password"

RUNBOOK = """---
title: Restart what is broken
match: ['team="breaks"']
diagnose:
  - id: state
    tool: http_probe
    args: {service: "${service}", probe: state}
outcomes:
  - name: it says so itself
    when: {fact: state.bad, op: eq, value: true}
    conclude: ${service} says that it is broken; it is ${state.version}.
    confidence: high
    propose: restart
otherwise:
  question: What do you see?
actions:
  - id: restart
    tool: job_run
    args: {job: restart, params: {service: "${service}", version: v41}}
    reason: It says so itself, about ${labels.alertname}.
---

# Restart what is broken
"""

FILES = {
    "restart.md": RUNBOOK,
    "hooks.yaml": """
routes:
  - {source: alertmanager, route: default, auth: bearer, secrets: [TRIAGE_HOOK_BEARER]}
  - {source: alertmanager, route: basic, auth: basic, secrets: [TRIAGE_HOOK_BASIC]}
  - source: generic_json
    route: signed
    auth: hmac
    secrets: [TRIAGE_HOOK_HMAC]
    timestamp_header: X-Triage-Timestamp
  - {source: generic_json, route: default, auth: bearer, secrets: [TRIAGE_HOOK_BEARER]}
changes:
  - {route: default, auth: bearer, secrets: [TRIAGE_HOOK_BEARER]}
""",
    "services.yaml": """
services:
  - {name: checkout, title: Checkout, owner: payments, tier: 1, environment: demo,
     probes: {state: "TARGET/state", gate: "TARGET/gate"}}
  - {name: search, title: Search, owner: discovery, tier: 2, environment: demo,
     probes: {state: "TARGET/state", gate: "TARGET/gate"}}
""",
    "people.yaml": "people:\n  - {name: operator, groups: [payments], admin: true}\n",
    "policy.yaml": """
rules:
  - name: the operator restarts
    action: "job_run:restart"
    environment: demo
    risk: [low, medium]
    approvers: ["person:operator"]
    min_approvals: 1
""",
    "jobs.yaml": """
jobs:
  - name: restart
    title: "Restart {service} as {version}"
    url: TARGET/run
    method: POST
    auth: none
    params:
      service: {type: string, enum: [checkout, search]}
      version: {type: string, pattern: "^v[0-9]{1,6}$"}
    service_param: service
    environment: demo
    target: "{service}"
    risk: medium
    preview: {query: {dry_run: "1"}}
    undo: {job: restart, params: {service: "{service}", version: v42}}
    preconditions:
      - title: nobody holds the gate
        tool: http_probe
        args: {service: "{service}", probe: gate}
        expect: {fact: open, op: eq, value: true}
    verify:
      - title: it answers
        tool: http_probe
        args: {service: "{service}", probe: state}
        expect: {fact: ok, op: eq, value: true}
    verify_after_s: [3600]
""",
}


def write_knowledge(folder: Path, target: str) -> Path:
    """Write the files into a new folder, pointing at this target, and return it."""
    folder.mkdir()
    for name, text in FILES.items():
        folder.joinpath(name).write_text(text.replace("TARGET", target))
    return folder
