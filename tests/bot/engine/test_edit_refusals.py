"""Edits that change nothing: wrong, late, or by somebody who could not decide it (E-09)."""

from dataclasses import replace
from pathlib import Path

import pytest
from pydantic import JsonValue

from bot.incident.facts_run import ProposalRejected
from tests.bot.engine.editing import edit, edited
from tests.bot.engine.house import INC, World, open_house


@pytest.mark.parametrize(
    ("args", "why"),
    [
        ({"job": "rollback", "shell": "rm"}, "shell"),
        ({"job": 7, "version": "v40"}, "job: must be a string"),
        ({"job": "rollback", "version": "v4\u202e0"}, "U+202E"),
        ({"job": "rollback", "version": "ghp_" + "a1B2c3D4e5F6" * 3}, "looks like a secret"),
        ({"job": "rollback", "version": ["v"] * 2}, "version: must be a string"),
    ],
)
@pytest.mark.usefixtures("each_database")
async def test_e09_what_cannot_be_right_is_said_at_once(
    tmp_path: Path, args: dict[str, JsonValue], why: str
) -> None:
    async with open_house(tmp_path, World()) as house:
        await house.pending()
        outcome = await edited(house, args)
        assert (await house.view()).proposal.revision == 1
    assert outcome.kind == "unknown"
    assert why in outcome.text


@pytest.mark.usefixtures("each_database")
async def test_e09_what_preparation_refuses_leaves_the_old_revision_waiting(
    tmp_path: Path,
) -> None:
    async with open_house(tmp_path, World()) as house:
        old = await house.pending()
        await edited(house, {"job": "restart", "version": "v40"})
        view = await house.view()
        (rejected,) = await house.bodies(ProposalRejected)
        assert (await house.state()).run.rejected == []
        approved = await house.approve(who="web:eve")
    assert isinstance(rejected, ProposalRejected)
    assert "no rule in policy.yaml enables job_run:restart" in rejected.why
    assert (view.status, view.asked) == ("pending", old.asked)
    assert view.edit_refused == f"the edit by dana was not taken: {rejected.why}"
    assert approved.kind == "done"


@pytest.mark.parametrize(
    ("changed", "why"),
    [({"revision": 2}, "out of date"), ({"digest12": "0" * 12}, "out of date"),
     ({"digest12": "ab"}, "out of date")],
)  # fmt: skip
@pytest.mark.usefixtures("each_database")
async def test_e09_a_form_of_another_revision_edits_nothing(
    tmp_path: Path, changed: dict[str, str | int], why: str
) -> None:
    async with open_house(tmp_path, World()) as house:
        view = await house.pending()
        outcome = await house.replies.reply(replace(edit(view), **changed))
        await house.drive(INC)
        assert (await house.view()).proposal.revision == 1
    assert (outcome.kind, why in outcome.text) == ("refused", True)


@pytest.mark.parametrize(
    ("who", "why", "kept"),
    [
        ("web:mallory", "mallory", 1),
        ("web:nobody", "I do not know who you are", 0),
    ],
)
@pytest.mark.usefixtures("each_database")
async def test_e09_who_could_not_decide_it_cannot_edit_it(
    tmp_path: Path, who: str, why: str, kept: int
) -> None:
    async with open_house(tmp_path, World()) as house:
        await house.pending()
        outcome = await edited(house, who=who)
        assert (await house.view()).proposal.revision == 1
        assert (await house.view()).refused == kept
    assert (outcome.kind, why in outcome.text) == ("refused", True)
