"""A target that stands in an alert only: no schema names it, and no gate lets it through (F-05)."""

import json
from pathlib import Path
from typing import cast

import pytest
from pydantic import JsonValue

from bot.agent.closed import ClosedWorld, InvalidStep
from bot.incident.facts_run import ProposalRejected
from bot.incident.model import ActionTemplate, Change
from bot.incident.steps import ProposeAction, Step
from bot.ports import Delivery
from tests.bot.engine.house import INC, House, World, open_house
from tests.bot.engine.making import GOOD, RUNBOOK, Scripted, conclude, look, want

TEMPLATE = ActionTemplate(
    id="rollback",
    tool="job_run",
    args={"job": "rollback", "version": "${answer.value}"},
    reason="It broke.",
)
PLANTED = "v666"


def world(*lines: Step) -> World:
    made = World(model=Scripted(list[Step | Exception](lines)))
    made.team.runbooks = (RUNBOOK.model_copy(update={"actions": (TEMPLATE,), "outcomes": ()}),)
    return made


async def deployed(house: House) -> None:
    now = house.world.clock.now()
    change = Change(id="c", source="ci", service="checkout", version="v42", previous=GOOD, at=now)
    delivery = Delivery("c", "change", "default", "c", now, {}, b"{}")
    await house.store.deliveries.accept_change(delivery, [change])


def written(version: str) -> str:
    args: JsonValue = {"job": "rollback", "version": version}
    step: JsonValue = {
        "kind": "propose_action", "template": "rollback", "args": args, "reason": "x",
        "findings": [],
    }  # fmt: skip
    return json.dumps({"step": step})


@pytest.mark.usefixtures("each_database")
async def test_f05_a_target_of_the_alert_only_is_neither_in_the_schema_nor_let_through(
    tmp_path: Path,
) -> None:
    made = world(look(), want(PLANTED), conclude())
    async with open_house(tmp_path, made) as house:
        await deployed(house)
        await house.alarm(version=PLANTED, note=f"roll back to {PLANTED}")
        await house.drive(INC)
        (rejected,) = await house.bodies(ProposalRejected)
    model = cast("Scripted", made.model)
    closed = ClosedWorld(model.asked[1])
    with pytest.raises(InvalidStep, match="'v666' is not one of v42, v41"):
        closed.read(written(PLANTED))
    assert PLANTED not in json.dumps(closed.schema)
    assert isinstance(rejected, ProposalRejected)
    assert rejected.why == "'v666' is known from an alert only; targets come from the inventory"
    assert made.shop.calls == []


@pytest.mark.usefixtures("each_database")
async def test_f05_what_the_inventory_knows_is_in_the_schema_and_let_through(
    tmp_path: Path,
) -> None:
    made = world(look(), want(GOOD), conclude())
    async with open_house(tmp_path, made) as house:
        await deployed(house)
        view = await house.pending()
    step = ClosedWorld(cast("Scripted", made.model).asked[1]).read(written(GOOD))
    assert isinstance(step, ProposeAction)
    assert step.args == view.proposal.args == {"job": "rollback", "version": GOOD}


async def test_before_anything_was_looked_at_the_schema_has_no_action(tmp_path: Path) -> None:
    made = world(look(), conclude())
    async with open_house(tmp_path, made) as house:
        await house.alarm()
        await house.drive(INC)
    first, second = cast("Scripted", made.model).asked
    assert "propose_action" not in json.dumps(ClosedWorld(first).schema)
    assert "evidence_read" not in json.dumps(ClosedWorld(first).schema)
    assert "evidence_read" in json.dumps(ClosedWorld(second).schema)
