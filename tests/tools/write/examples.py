"""A jobs.yaml as an operator writes one."""

from typing import Any

import yaml
from pydantic import JsonValue
from starlette.responses import JSONResponse

from bot.shelf import Needs, Plan
from tests.tools.fixtures import CANARY, Server, acting, needs
from tools.write import job_run
from tools.write.jobs import JobRun

TEXT = r"""
jobs:
  - name: rollback
    title: Roll back {service} to {version}
    url: https://deploy.test/rollback?team=shop
    auth: bearer
    secret: JOB_ROLLBACK_TOKEN
    params:
      service: {type: string, enum: [checkout, cart]}
      version: {type: string, pattern: "v[0-9]{1,6}"}
      replicas: {type: integer, minimum: 1, maximum: 20}
      wait: {type: boolean}
    service_param: service
    environment: demo
    target: "{service} in demo"
    risk: medium
    preview: {query: {dry_run: "1"}}
    before: {url: "https://deploy.test/state", take: {version: /version, replicas: /size/replicas}}
    undo:
      job: rollback
      params:
        service: "{service}"
        version: "{before.version}"
        replicas: "{before.replicas}"
        wait: false
    preconditions:
      - title: "{service} still runs {before.version}"
        tool: http_probe
        args: {service: "{service}", probe: state}
        expect: {fact: version, op: eq, value: "{before.version}"}
    verify:
      - title: errors are down
        tool: prometheus_query
        args: {query: 'errors{service="{service}"}'}
        expect:
          all:
            - {fact: value, op: lt, value: "0.05"}
            - {not: {fact: series, op: eq, value: 0}}
    verify_after_s: [5, 60]
    read_back: {url: "https://deploy.test/state", field: /version, equals: "{version}"}
"""
CALL = "POST /rollback"
SECRETS = {"JOB_ROLLBACK_TOKEN": CANARY}
STATE: JsonValue = {"version": "v42", "size": {"replicas": 3}}
GOOD = {"service": "checkout", "version": "v41", "replicas": 2, "wait": True}


def document() -> dict[str, Any]:
    """Return the file above, parsed: a fresh copy to change."""
    parsed: dict[str, Any] = yaml.safe_load(TEXT)
    return parsed


def declared(server: Server, **changes: Any) -> Needs:  # noqa: ANN401 - any JSON
    """Return needs with the job above, some keys changed, or taken out where None."""
    made = document()
    made["jobs"][0].update(changes)
    for name in [name for name, value in changes.items() if value is None]:
        del made["jobs"][0][name]
    return needs(server, secrets=SECRETS, files={"jobs.yaml": made})


def server(answer: Any = None) -> Server:  # noqa: ANN401 - any JSON
    made = Server()
    made.says("GET /state", STATE)
    made.answers[CALL] = answer or JSONResponse({"ok": True, "would": "roll back"})
    return made


def args(**changes: JsonValue) -> JobRun:
    return JobRun.model_validate({"job": "rollback", "params": {**GOOD, **changes}})


async def planned(to: Server, given: JobRun | None = None, **changes: Any) -> Plan:  # noqa: ANN401 - any JSON
    async with acting(job_run, declared(to, **changes)) as action:
        return await action.plan(given or args())
