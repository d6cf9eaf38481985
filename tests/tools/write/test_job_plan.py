"""What a job would do, as humans see it before they allow it."""

import json

import pytest
import yaml
from pydantic import JsonValue
from starlette.responses import JSONResponse, PlainTextResponse

from bot.errors import RemoteError, ToolError
from bot.incident.proposal import Undo
from tests.tools.write.examples import GOOD, TEXT, planned, server
from tools.write.job_file import parse


async def test_e32_the_plan_is_filled_and_rehearsed_by_the_target() -> None:
    to = server()
    plan = await planned(to)
    assert (plan.action, plan.title) == ("job_run:rollback", "Roll back checkout to v41")
    assert (plan.target, plan.environment, plan.service) == ("checkout in demo", "demo", "checkout")
    assert (plan.risk, plan.previewed, plan.verify_after_s) == ("medium", True, (5, 60))
    first, *rest = plan.preview.split("\n", 2)
    assert first == "POST https://deploy.test/rollback (job rollback)"
    assert rest[0] == "asked what it would do, it answers:"
    assert json.loads(rest[1]) == {"ok": True, "would": "roll back"}
    rehearsal = to.asked[-1]
    assert rehearsal.query == [("team", "shop"), ("dry_run", "1")]
    assert json.loads(rehearsal.body) == GOOD
    assert "idempotency-key" not in rehearsal.headers


async def test_e33_the_undo_is_the_inverse_job_with_the_captured_state() -> None:
    plan = await planned(server())
    assert plan.before == '{"replicas": 3, "version": "v42"}'
    params: JsonValue = {
        "service": "checkout",
        "version": "v42",
        "replicas": 3,
        "wait": False,
    }
    assert plan.undo == Undo(
        tool="job_run",
        args={"job": "rollback", "params": params},
        title="Roll back checkout to v42",
    )


async def test_e30_preconditions_and_verification_are_filled() -> None:
    plan = await planned(server())
    precondition, probe = plan.preconditions[0], plan.verify[0]
    assert precondition.title == "checkout still runs v42"
    assert precondition.args == {"service": "checkout", "probe": "state"}
    assert precondition.expect.value == "v42"
    assert probe.args == {"query": 'errors{service="checkout"}'}
    assert probe.expect.all[0].value == "0.05"
    assert probe.expect.all[1].not_ is not None


async def test_what_cannot_be_undone_says_so() -> None:
    plan = await planned(server(), undo="irreversible")
    assert (plan.undo, plan.ends) == (None, "")


async def test_e21_how_a_job_ends_by_itself_is_said_with_its_parameters() -> None:
    ends = "{service} takes what the next deployment brings."
    plan = await planned(server(), undo=None, ends=ends)
    assert (plan.undo, plan.ends) == (None, "checkout takes what the next deployment brings.")


async def test_a_job_that_captures_nothing_asks_nothing_before() -> None:
    to = server()
    plan = await planned(to, undo="irreversible", before=None, preconditions=[])
    assert plan.before == ""
    assert [asked.method for asked in to.asked] == ["POST"]


async def test_e33_a_state_the_undo_job_would_not_take_is_refused_now() -> None:
    to = server()
    to.says("GET /state", {"version": "nightly", "size": {"replicas": 3}})
    with pytest.raises(ToolError, match=r"could not be undone: .*version must look like"):
        await planned(to)


@pytest.mark.parametrize(
    "version", [None, 1.5, ["v1"], "x" * 201, 2**60], ids=["null", "float", "list", "long", "big"]
)
async def test_a_state_that_cannot_be_approved_is_refused(version: JsonValue) -> None:
    to = server()
    to.says("GET /state", {"version": version, "size": {"replicas": 3}})
    with pytest.raises(ToolError, match="/version holds no short text or whole number"):
        await planned(to)


async def test_e32_no_preview_is_said_in_words() -> None:
    to = server()
    plan = await planned(to, preview="none")
    assert not plan.previewed
    assert plan.preview.endswith("no preview available: this job declares none")
    assert [asked.method for asked in to.asked] == ["GET"]


async def test_a_long_rehearsal_is_cut_and_says_so() -> None:
    preview = (await planned(server(JSONResponse({"a": "x" * 5000})))).preview
    assert "more characters)" in preview
    assert len(preview) < 2300


async def test_a_rehearsal_in_plain_text_is_shown_as_one_line() -> None:
    plan = await planned(server(PlainTextResponse("would do\nthis")))
    assert plan.preview.endswith("it answers:\nwould do this")


@pytest.mark.parametrize("answer", [PlainTextResponse("x", 503), PlainTextResponse("x", 500)])
async def test_a_rehearsal_that_fails_may_be_asked_for_again(answer: PlainTextResponse) -> None:
    with pytest.raises(RemoteError, match="job rollback: failed") as caught:
        await planned(server(answer))
    assert caught.value.retryable


async def test_a_rehearsal_that_is_refused_refuses_the_plan_in_its_words() -> None:
    to = server(JSONResponse({"error": "v41 never ran"}, 409))
    with pytest.raises(ToolError, match="would be refused: v41 never ran"):
        await planned(to)


def test_e33_without_a_word_a_job_is_checked_after_1_5_and_15_minutes() -> None:
    plain = yaml.safe_load(TEXT)
    del plain["jobs"][0]["verify_after_s"]
    (job,) = parse(plain)
    assert job.verify_after_s == (60, 300, 900)
