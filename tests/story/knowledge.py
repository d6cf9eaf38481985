"""What the team of the story wrote down, and how its Prometheus and Alertmanager are set up."""

from pathlib import Path

SERVICES: tuple[str, ...] = ("checkout", "search", "cart")

RULES = """
groups:
  - name: shop
    rules:
      - alert: ErrorRateHigh
        expr: max by (service) (shop_error_ratio) > 0.05
        labels: {severity: critical, env: demo}
        annotations:
          summary: '{{ $value | humanizePercentage }} of the requests to {{ $labels.service }} fail'
          description: Customers see errors. The limit is 5 %.
      - alert: QueueGrowing
        expr: max by (service) (shop_error_ratio) > 0.05
        labels: {severity: info, env: demo}
        annotations:
          summary: Retries of {{ $labels.service }} pile up
"""
"""One cause and its symptom. Only the cause comes to the bot; the symptom pages another team."""

RUNBOOK = """---
title: Errors, and a queue that pages because of them
match: ['alertname="ErrorRateHigh"']
diagnose:
  - id: errors
    tool: prometheus_query
    args: {query: 'max(shop_error_ratio{service="${service}"})', unit: ratio}
  - id: trend
    tool: prometheus_range
    args: {query: 'max(shop_error_ratio{service="${service}"})', minutes: 5, unit: ratio}
  - id: changes
    tool: changes_recent
    args: {service: "${service}", window_s: 3600}
outcomes:
  - name: it fails now
    when: {fact: errors.value, op: gt, value: 0.05}
    conclude: >-
      ${service} fails ${errors.value} of its requests. Retries fill its queue; the queue's own
      alert is a symptom and will follow the errors.
    confidence: high
    propose: quiet
  - name: over already
    when: {fact: errors.value, op: le, value: 0.05}
    conclude: ${service} answers again; its error ratio is ${errors.value}.
otherwise:
  question: Prometheus knows no error ratio of ${service}. Is it running at all?
actions:
  - id: quiet
    tool: alertmanager_silence
    args:
      matchers:
        - {name: alertname, value: QueueGrowing}
        - {name: service, value: "${service}"}
        - {name: env, value: "${environment}"}
      duration_s: 1800
      comment: "Symptom of ${incident}; the errors of ${service} are being worked on"
    reason: >-
      The queue of ${service} grows because its requests fail. Its page tells nobody anything new.
    preconditions:
      - title: "${service} still fails more than 5 % of its requests"
        tool: prometheus_query
        args: {query: 'max(shop_error_ratio{service="${service}"})', unit: ratio}
        expect: {fact: value, op: gt, value: "0.05"}
---

# Errors, and a queue that pages because of them

## Meaning

Requests fail, clients retry, and the queue's alert pages a second team for the same cause.

## Mitigation

Silence the symptom for half an hour, never the cause; then mend the cause.
"""

FILES = {
    "errors.md": RUNBOOK,
    "hooks.yaml": """
routes:
  - {source: alertmanager, route: default, auth: bearer, secrets: [TRIAGE_HOOK_ALERTMANAGER]}
""",
    "services.yaml": """
services:
  - {name: checkout, title: Checkout, owner: payments, tier: 1, environment: demo}
  - {name: search, title: Search, owner: discovery, tier: 2, environment: demo}
  - {name: cart, title: Shopping cart, owner: payments, tier: 1, environment: demo}
""",
    "people.yaml": """
people:
  - {name: operator, title: On call, groups: [payments], admin: true}
""",
    "policy.yaml": """
rules:
  - name: on call may silence symptoms
    action: alertmanager_silence
    environment: demo
    risk: [low, medium]
    approvers: ["person:operator"]
    min_approvals: 1
""",
}


def write_knowledge(folder: Path) -> Path:
    """Write the files into a new folder and return it."""
    folder.mkdir()
    for name, text in FILES.items():
        folder.joinpath(name).write_text(text)
    return folder


def alertmanager_config(bot_url: str, secret: str) -> str:
    """Return a configuration that sends causes to the bot at once, and symptoms elsewhere."""
    return f"""
route:
  receiver: triagebot
  group_by: [alertname, service]
  group_wait: 0s
  group_interval: 1s
  repeat_interval: 1h
  routes:
    - {{receiver: queue-team, matchers: ['alertname="QueueGrowing"']}}
receivers:
  - name: queue-team
  - name: triagebot
    webhook_configs:
      - url: {bot_url}/hooks/alertmanager/default
        send_resolved: true
        http_config: {{authorization: {{type: Bearer, credentials: {secret}}}}}
"""
