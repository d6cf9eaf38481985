"""Which arguments a form of this install offers: those its own files close the schema over."""

from dataclasses import replace
from pathlib import Path

from pydantic import JsonValue

from bot.app.entrances import schema_of
from bot.incident.form_fields import form_fields
from tests.bot.app.scene import Place, process
from tools.write.jobs import JobRun

JOBS = """
jobs:
  - name: rollback
    title: "Roll back to {version}"
    url: http://127.0.0.1:9/rollback
    method: POST
    auth: none
    params:
      version: {type: string, pattern: "^v[0-9]{1,6}$"}
      n: {type: integer, minimum: 1, maximum: 5}
    environment: demo
    target: checkout
    risk: medium
    preview: none
    ends: The next deployment replaces it.
    verify:
      - title: it is up
        tool: http_probe
        args: {service: checkout, probe: state}
        expect: {fact: healthy, op: eq, value: true}
"""


def broken(_name: str) -> JsonValue:
    return {"jobs": 5}


async def test_e09_a_jobs_own_parameters_are_the_fields(tmp_path: Path) -> None:
    knowledge = tmp_path / "knowledge"
    knowledge.mkdir()
    knowledge.joinpath("jobs.yaml").write_text(JOBS)
    async with process(Place(tmp_path)) as scene:
        schema = schema_of(scene.bot, "job_run")
        assert schema is not None
        fields = form_fields(schema, {"job": "rollback", "params": {"version": "v41", "n": 3}})
        assert [(field.path, field.kind, field.value) for field in fields] == [
            ("job", "select", "rollback"),
            ("params.version", "text", "v41"),
            ("params.n", "number", "3"),
        ]
        assert (fields[2].least, fields[2].most) == (1, 5)
        assert schema_of(scene.bot, "alertmanager_silence") is None
        scene.bot.given = replace(scene.bot.given, folder=broken)
        wider = schema_of(scene.bot, "job_run")
        assert wider == JobRun.model_json_schema()
