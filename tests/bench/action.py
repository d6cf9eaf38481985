"""P9: from an approval over the REST API to the call that arrives at the action's target."""

import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx
from pydantic import BaseModel

from tests.bench.bodies import Alerts
from tests.bench.children import BenchError, Child, wait_until
from tests.bench.load import request, send_all
from tests.bench.servers import HOOK, TOKEN, bot
from tests.bench.table import Line, percentile
from tests.bench.target import Target, target

DECISIONS = 40
CLICKS = 2
SETTLE_S = 0.5
LIMIT_P50_MS = 20.0
RUNBOOK = """---
title: Queue grows
match: ['service="parcels"']
diagnose:
  - {id: state, tool: http_probe, args: {service: parcels, probe: state}}
outcomes:
  - name: it grows
    when: {fact: state.healthy, op: eq, value: false}
    conclude: The queue of the parcel service grows.
    propose: drain
actions:
  - id: drain
    tool: job_run
    args: {job: drain, params: {service: parcels}}
    reason: The queue grows.
---
# Queue grows
"""


class Waiting(BaseModel):
    """A proposal that waits for its decision."""

    id: str
    digest: str
    revision: int


class Inbox(BaseModel):
    """The approvals inbox."""

    proposals: list[Waiting]


def measure(home: Path, rounds: int, scale: float = 1.0) -> list[Line]:
    """Return the lines; every decision is clicked twice, and must run once."""
    count = max(2, int(DECISIONS * scale))
    found = [_round(home / str(number), count) for number in range(rounds)]
    p50 = [percentile(times, 0.5) for times, _ in found]
    p99 = [percentile(times, 0.99) for times, _ in found]
    calls = [made / count for _, made in found]
    return [
        Line("P9", "approve to action at its target: p50", p50, " ms", limit=LIMIT_P50_MS),
        Line("P9", "approve to action at its target: p99", p99, " ms"),
        Line("P9", f"calls per decision, {CLICKS} clicks each", calls, limit=1.0),
    ]


def _round(home: Path, count: int) -> tuple[list[float], int]:
    """Return each decision's milliseconds, and how many calls they made in all."""
    alerts = Alerts()
    bodies = [alerts.group(f"Parcel{n}", n, 1) for n in range(count)]
    urgent = [body.replace(b'"warning"', b'"critical"') for body in bodies]
    with target() as receiver, bot(home, files=_knowledge(receiver.url)) as child:
        send_all(child.port, [request(HOOK, body, TOKEN) for body in urgent])
        token = home.joinpath("triagebot.token").read_text().strip()
        headers = {"authorization": f"Bearer {token}"}
        with httpx.Client(base_url=child.url, headers=headers, trust_env=False) as client:
            wait_until(
                lambda: len(_waiting(client)) == count,
                f"not every one of {count} incidents has a proposal; see {home / 'log'}",
                every_s=0.1,
            )
            child.settled_cpu_s()
            times = [_click(client, proposal, receiver) for proposal in _waiting(client)]
        return times, _calls(child, receiver, count)


def _waiting(client: httpx.Client) -> list[Waiting]:
    answer = client.get("/api/v1/proposals", params={"status": "pending"})
    return Inbox.model_validate_json(answer.raise_for_status().content).proposals


def _click(client: httpx.Client, proposal: Waiting, receiver: Target) -> float:
    """Approve at once from several hands; return milliseconds until the first call arrives."""
    before = len(receiver.arrived)
    decision = {"verdict": "approve", "digest": proposal.digest, "revision": proposal.revision}
    path = f"/api/v1/proposals/{proposal.id}/decision"
    began = time.perf_counter()
    with ThreadPoolExecutor(CLICKS) as hands:
        clicks = [hands.submit(client.post, path, json=decision) for _ in range(CLICKS)]
        answers = [click.result() for click in clicks]
    receiver.wait(before + 1)
    if {answer.status_code for answer in answers} != {200}:
        raise BenchError(f"decisions were answered so: {[answer.text for answer in answers]}")
    return (receiver.arrived[before][0] - began) * 1000


def _calls(child: Child, receiver: Target, count: int) -> int:
    """How many calls arrived, once any second one would have come; BenchError if one did."""
    child.settled_cpu_s()
    time.sleep(SETTLE_S)
    if len(receiver.arrived) != count:
        raise BenchError(f"{count} approved actions made {len(receiver.arrived)} calls")
    return len(receiver.arrived)


def _knowledge(url: str) -> dict[str, object]:
    state = {"tool": "http_probe", "args": {"service": "parcels", "probe": "state"}}
    healthy = {"title": "it is healthy", **state}
    job = {
        "name": "drain",
        "title": "Drain the queue of {service}",
        "url": f"{url}/drain",
        "method": "POST",
        "auth": "none",
        "params": {"service": {"type": "string", "enum": ["parcels"]}},
        "service_param": "service",
        "environment": "bench",
        "target": "{service}",
        "risk": "low",
        "preview": "none",
        "ends": "The queue fills again by itself.",
        "verify": [{**healthy, "expect": {"fact": "healthy", "op": "eq", "value": True}}],
        "verify_after_s": [3600],
    }
    service = {
        "name": "parcels",
        "owner": "harbour",
        "environment": "bench",
        "probes": {"state": f"{url}/state"},
    }
    rule = {"name": "drain", "action": "job_run:drain", "approvers": ["owner"], "min_approvals": 1}
    operator = {"name": "operator", "groups": ["harbour"], "admin": True}
    return {
        "jobs.yaml": {"jobs": [job]},
        "services.yaml": {"services": [service]},
        "policy.yaml": {"rules": [rule]},
        "people.yaml": {"people": [operator]},
        "queue.md": RUNBOOK,
    }
