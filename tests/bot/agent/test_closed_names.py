"""What can be named in one incident: only what is known there (F-05)."""

import json
from typing import cast, get_args

from pydantic import JsonValue

from bot.agent.closed import ClosedWorld
from bot.incident.context import Answered, Remark
from bot.incident.model import Value
from bot.incident.steps import CallTools, Conclude, ProposeAction, Step
from tests.bot.agent.closing import (
    CONCLUDE,
    PROPOSE,
    ROLLBACK,
    Json,
    call,
    read,
    why,
)
from tests.bot.agent.worlds import SEEN, context, offers, runbook


def variants(world: ClosedWorld) -> dict[str, Json]:
    """Return the variants of the schema by kind; of several proposals the last."""
    step = cast("Json", cast("Json", world.schema["properties"])["step"])
    found = cast("list[Json]", step["anyOf"])
    return {str(_enum(one, "kind")[0]): one for one in found}


def _enum(schema: Json, name: str) -> list[JsonValue]:
    member = cast("Json", cast("Json", schema["properties"])[name])
    return cast("list[JsonValue]", member["enum"])


def words(world: ClosedWorld) -> str:
    return json.dumps(world.schema)


def test_f05_a_target_that_stands_in_an_alert_only_cannot_be_named() -> None:
    assert "prod-database" not in words(ClosedWorld(context()))


def test_f05_versions_are_what_is_known_and_what_a_human_asked_for() -> None:
    asked = Remark("dana", "please roll checkout back to v39, not to x1.", question=True)
    step = {**PROPOSE, "args": {**ROLLBACK, "params": {"service": "checkout", "version": "v39"}}}
    assert isinstance(read(step, question=asked), ProposeAction)
    assert isinstance(read(step, answers=(Answered("Which?", "v39"),)), ProposeAction)
    loose = Remark("dana", "v39 looks fine to me", question=False)
    assert "'v39' is not one of" in why(step, messages=(loose,))


def test_factor_1_a_wish_in_the_thread_becomes_one_typed_proposal_and_nothing_else() -> None:
    asked = Remark("dana", "roll checkout back to v41", question=True)
    params: Json = {"service": "checkout", "version": "v41"}
    step = read({**PROPOSE, "args": {**ROLLBACK, "params": params}}, question=asked)
    assert isinstance(step, ProposeAction)
    assert (step.tool, step.args) == ("job_run", {"job": "rollback", "params": params})
    unknown = "step.kind: 'reboot' is not one of call_tools"
    assert unknown in why({"kind": "reboot", "service": "checkout"}, question=asked)


def test_factor_4_the_schema_has_every_kind_of_the_union_and_no_other() -> None:
    union = cast("tuple[type[Value], ...]", get_args(get_args(Step)[0]))
    kinds = {kind.model_fields["kind"].default for kind in union}
    assert {*variants(ClosedWorld(context()))} == kinds


def test_f05_evidence_ids_are_those_of_this_thread() -> None:
    found = cast("Json", cast("Json", ClosedWorld(context()).schema["$defs"])["findings"])
    assert sorted(json.dumps(found).split('"')).count(SEEN[0]) == 1
    assert SEEN[1] in json.dumps(found)
    assert "0123456789abcdef" not in json.dumps(found)


def test_without_evidence_nothing_is_proposed_found_or_denied() -> None:
    world = ClosedWorld(context(results=()))
    assert sorted(variants(world)) == ["ask_human", "call_tools", "conclude"]
    assert _enum(variants(world)["conclude"], "outcome") == ["not_enough_evidence"]
    assert "findings" not in words(world)


def test_f05_a_write_tool_appears_only_when_the_matched_runbook_permits_it() -> None:
    plain = runbook("# Bad deploy\n")
    for changed in ({"runbook": None}, {"runbook": plain}, {"tools": offers()[:3]}):
        world = ClosedWorld(context(**changed))
        assert "propose_action" not in variants(world)
        assert "job_run" not in words(world)
        assert 'alertmanager_silence"' not in words(world)


def test_a_template_that_lacks_a_fact_to_fill_in_takes_what_the_inventory_knows() -> None:
    bare = tuple(one for one in context().results if one.key != "deploys")
    permit = variants(ClosedWorld(context(results=bare)))["propose_action"]
    assert '"version": {"type": "string", "enum": ["v42", "v41", "v40"]}' in json.dumps(permit)


def test_a_template_whose_place_nothing_can_fill_is_not_offered() -> None:
    bare = tuple(one for one in context().results if one.key != "deploys")
    world = ClosedWorld(context(results=bare, inventory={"services": ("checkout",)}))
    assert "propose_action" not in variants(world)


def test_a_template_is_never_filled_with_prose_of_an_alert() -> None:
    text = runbook().model_dump()
    text["actions"][0]["args"]["params"]["version"] = "${labels.evil}"
    made = type(runbook()).model_validate(text)
    assert "prod-database" not in words(ClosedWorld(context(runbook=made)))


def test_a_question_can_be_answered_and_nothing_else_can() -> None:
    asked = Remark("dana", "what changed?", question=True)
    step = {**CONCLUDE, "outcome": "answered"}
    assert isinstance(read(step, question=asked), Conclude)


def test_at_the_last_step_there_is_no_more_to_look_at() -> None:
    assert "call_tools" not in variants(ClosedWorld(context(remaining=1)))


def test_a_read_that_the_runbook_names_counts_as_the_runbooks_own() -> None:
    query = "rate(errors_total{service='checkout'}[5m])"
    step = read(call("prometheus_query", query=query, unit="%"))
    assert isinstance(step, CallTools)
    assert step.calls[0].key == "errors"
    twice = read({"kind": "call_tools", "calls": [{"diagnose": "errors"}, *_calls(query)]})
    assert isinstance(twice, CallTools)
    assert len(twice.calls) == 1


def _calls(query: str) -> list[JsonValue]:
    return cast("list[JsonValue]", call("prometheus_query", query=query, unit="%")["calls"])
