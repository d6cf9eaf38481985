"""Running declared jobs, against a server that answers as told."""

import json
import re
from typing import Any
from urllib.parse import parse_qs

import httpx
import pytest
from pydantic import JsonValue
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, RedirectResponse, Response

from bot.errors import ConfigError, RemoteError, ToolError
from bot.shelf import Choosy
from tests.tools.fixtures import CANARY, ONCE, Failing, Server, acting, facts, needs
from tests.tools.write.examples import GOOD, SECRETS, args, declared, document, planned, server
from tools.write import job_run
from tools.write.job_file import parse
from tools.write.job_param import closed
from tools.write.jobs import JobRun


async def ran(answer: Any, **changes: Any) -> tuple[Any, Server]:  # noqa: ANN401 - any JSON
    to = server(answer)
    async with acting(job_run, declared(to, **changes)) as action:
        return await action.run(args(), ONCE), to


@pytest.mark.parametrize(
    ("changes", "words"),
    [({"replicas": 21}, "between 1 and 20"), ({"service": "mail"}, "one of checkout, cart")],
)
async def test_e01_parameters_out_of_bounds_reach_nobody(
    changes: dict[str, JsonValue], words: str
) -> None:
    to = server()
    with pytest.raises(ToolError, match=words):
        await planned(to, args(**changes))
    async with acting(job_run, declared(to)) as action:
        with pytest.raises(ToolError, match=words):
            await action.run(args(**changes), ONCE)
    assert to.asked == []


async def test_an_unknown_job_is_refused_with_those_there_are() -> None:
    with pytest.raises(ToolError, match=r"no job 'destroy' in jobs\.yaml; it has rollback"):
        await planned(server(), JobRun(job="destroy"))


async def test_an_unknown_job_has_no_declaration() -> None:
    async with acting(job_run, declared(server())) as action:
        with pytest.raises(ToolError, match=r"no job 'destroy' in jobs\.yaml; it has rollback"):
            action.declared(JobRun(job="destroy"))


async def test_e07_a_job_edited_since_is_another_action() -> None:
    files: dict[str, JsonValue] = {"jobs.yaml": document()}
    to = server()
    async with acting(job_run, needs(to, secrets=SECRETS, files=files)) as action:
        approved = action.declared(args())
        assert re.fullmatch("[0-9a-f]{64}", approved)
        assert action.declared(args(version="v40")) == approved
        edited = document()
        edited["jobs"][0]["url"] = "https://deploy.test/rollout"
        files["jobs.yaml"] = edited
        assert action.declared(args()) != approved
    assert to.asked == []


async def test_e07_a_broken_file_declares_nothing() -> None:
    files: dict[str, JsonValue] = {}
    async with acting(job_run, needs(server(), secrets=SECRETS, files=files)) as action:
        files["jobs.yaml"] = {"jobs": [{"name": "rollback"}]}
        with pytest.raises(ToolError, match="title: is missing"):
            action.declared(args())


async def test_the_job_is_called_once_with_its_key_and_exactly_its_parameters() -> None:
    result, to = await ran(JSONResponse({"ok": True, "run_url": "https://deploy.test/runs/1"}, 201))
    (asked,) = to.asked
    assert asked.headers["idempotency-key"] == "k1"
    assert asked.headers["authorization"] == f"Bearer {CANARY}"
    assert asked.query == [("team", "shop")]
    assert json.loads(asked.body) == GOOD
    assert result.ok
    assert facts(result) == {"status": 201}
    assert result.link == "https://deploy.test/runs/1"
    assert result.body["answer"]["ok"] is True


async def test_a_declared_body_is_filled_and_sent_instead() -> None:
    body = {"ref": "main", "inputs": {"version": "{version}", "count": "{replicas}"}}
    _, to = await ran(None, body=body)
    assert json.loads(to.asked[0].body) == {"ref": "main", "inputs": {"version": "v41", "count": 2}}


async def test_a_form_is_sent_where_declared() -> None:
    _, to = await ran(None, send="form")
    form = {name: value[0] for name, value in parse_qs(to.asked[0].body.decode()).items()}
    assert form == {"service": "checkout", "version": "v41", "replicas": "2", "wait": "true"}


async def test_nothing_is_sent_to_prove_who_we_are_where_none_is_declared() -> None:
    _, to = await ran(None, auth="none", secret="")
    assert "authorization" not in to.asked[0].headers


async def test_basic_is_sent_where_declared() -> None:
    to = server()
    given = declared(to, auth="basic")
    given = needs(
        to,
        secrets={"JOB_ROLLBACK_TOKEN": "me:pässword"},
        files={"jobs.yaml": given.folder("jobs.yaml")},
    )
    async with acting(job_run, given) as action:
        await action.run(args(), ONCE)
    assert to.asked[0].headers["authorization"] == "Basic bWU6cMOkc3N3b3Jk"


@pytest.mark.parametrize(
    ("answer", "link"),
    [
        (JSONResponse({"link": "https://a.test/1", "url": "https://a.test/2"}), "https://a.test/1"),
        (
            Response(status_code=201, headers={"location": "/queue/7"}),
            "https://deploy.test/queue/7",
        ),
        (JSONResponse({"run_url": "javascript:alert(1)"}), ""),
        (JSONResponse({"run_url": "https://me:pw@a.test"}), ""),
        (JSONResponse({"run_url": 7}), ""),
        (Response(status_code=204), ""),
    ],
)
async def test_a_link_is_taken_where_it_is_a_plain_address(answer: Response, link: str) -> None:
    result, _ = await ran(answer)
    assert result.ok
    assert result.link == link


async def test_a_target_that_says_it_failed_is_believed() -> None:
    result, _ = await ran(JSONResponse({"ok": False, "error": "disk full"}))
    assert not result.ok
    assert result.summary == "job rollback answers that it failed (HTTP 200): disk full"


async def test_a_huge_answer_to_a_done_job_is_still_done() -> None:
    result, _ = await ran(PlainTextResponse("x" * 6 * 1024 * 1024))
    assert result.ok
    assert len(result.body["answer"]) == 2000


@pytest.mark.parametrize("status", [400, 401, 403, 404, 409, 422, 429])
async def test_a_refusal_means_nothing_happened(status: int) -> None:
    with pytest.raises(ToolError, match="was refused: no way") as caught:
        await ran(JSONResponse({"message": "no way"}, status))
    assert not isinstance(caught.value, RemoteError)


@pytest.mark.parametrize(
    "answer",
    [
        PlainTextResponse("x", 500),
        PlainTextResponse("x", 503),
        PlainTextResponse("x", 408),
        RedirectResponse("https://deploy.test/login"),
        Response(b"x", headers={"content-encoding": "gzip"}),
    ],
    ids=["500", "503", "408", "redirect", "compressed"],
)
async def test_e14_an_unclear_answer_leaves_the_outcome_open(answer: Response) -> None:
    with pytest.raises(RemoteError) as caught:
        await ran(answer)
    assert caught.value.sent


@pytest.mark.parametrize(
    ("error", "sent"), [(httpx.ConnectError("x"), False), (httpx.ReadTimeout("x"), True)]
)
async def test_e12_only_a_call_that_never_left_may_be_made_again(
    error: Exception, *, sent: bool
) -> None:
    given = needs(Failing(error), secrets=SECRETS, files={"jobs.yaml": document()})
    async with acting(job_run, given) as action:
        with pytest.raises(RemoteError) as caught:
            await action.run(args(), ONCE)
    assert caught.value.sent is sent


async def test_e14_read_back_proves_success_and_never_failure() -> None:
    to = server()
    async with acting(job_run, declared(to)) as action:
        assert await action.read_back(args(), "k1") is None
        to.says("GET /state", {"version": "v41"})
        result = await action.read_back(args(), "k1")
        assert result is not None
        assert result.ok
    async with acting(job_run, declared(to, read_back=None)) as action:
        assert await action.read_back(args(), "k1") is None


async def test_the_secret_goes_nowhere_but_where_the_job_runs() -> None:
    to = server()
    away = {"url": "https://elsewhere.test/state", "take": document()["jobs"][0]["before"]["take"]}
    await planned(to, before=away)
    assert ["authorization" in asked.headers for asked in to.asked] == [False, True]


def echo(request: Request) -> Response:
    said = f"you sent {request.headers['authorization']}"
    return JSONResponse({"message": said, "run_url": f"https://deploy.test/?t={CANARY}"})


def echo_refusal(request: Request) -> Response:
    return JSONResponse({"message": f"you sent {request.headers['authorization']}"}, 403)


async def test_no_secret_comes_back_however_the_target_repeats_it() -> None:
    plan = await planned(server(echo))
    result, _ = await ran(echo)
    with pytest.raises(ToolError) as refused:
        await ran(echo_refusal)
    with pytest.raises(ToolError) as unplanned:
        await planned(server(echo_refusal))
    told = [repr(plan), repr(result), str(refused.value), str(unplanned.value)]
    assert [text for text in told if CANARY in text] == []
    assert "you sent Bearer [secret]" in result.summary


async def test_a_secret_that_is_not_set_stops_the_start_and_later_the_call() -> None:
    files: dict[str, JsonValue] = {"jobs.yaml": {}}
    given = needs(server(), files=files)
    async with acting(job_run, given) as action:
        files["jobs.yaml"] = document()
        with pytest.raises(ToolError, match="JOB_ROLLBACK_TOKEN is not set"):
            await action.run(args(), ONCE)
    with pytest.raises(ConfigError, match="JOB_ROLLBACK_TOKEN is not set"):
        async with job_run.open(given):
            pass


async def test_a_pair_without_a_colon_is_no_user_and_password() -> None:
    with pytest.raises(ConfigError, match="must be user:password") as caught:
        async with job_run.open(declared(server(), auth="basic")):
            pass
    assert CANARY not in str(caught.value)


async def test_a_file_broken_later_is_told_and_calls_nobody() -> None:
    files: dict[str, JsonValue] = {}
    to = server()
    async with acting(job_run, needs(to, secrets=SECRETS, files=files)) as action:
        files["jobs.yaml"] = {"jobs": [{"name": "rollback"}]}
        with pytest.raises(ToolError, match=r"jobs\.yaml: jobs, rollback, title: is missing"):
            await action.run(args(), ONCE)
    assert to.asked == []


def test_the_schema_for_the_model_names_only_declared_jobs() -> None:
    assert job_run.schema is not None
    assert job_run.schema(declared(server())) == {
        "anyOf": [
            {
                "type": "object",
                "properties": {
                    "job": {"type": "string", "enum": ["rollback"]},
                    "params": closed(parse(document())[0].params),
                },
                "required": ["job", "params"],
                "additionalProperties": False,
            }
        ]
    }


def test_without_jobs_the_schema_allows_nothing() -> None:
    assert job_run.schema is not None
    assert job_run.schema(needs()) == {"not": {}}


def test_a_broken_file_has_no_schema() -> None:
    assert job_run.schema is not None
    with pytest.raises(ConfigError, match="title: is missing"):
        job_run.schema(needs(files={"jobs.yaml": {"jobs": [{"name": "rollback"}]}}))


@pytest.mark.parametrize("allowed", [False, True])
async def test_e35_e12_a_job_says_whether_it_may_be_cut_off_and_made_again(
    *, allowed: bool
) -> None:
    given = declared(server(), cancellable=allowed, idempotent=not allowed)
    async with acting(job_run, given) as action:
        assert isinstance(action, Choosy)
        assert action.cancellable(args()) is allowed
        assert action.idempotent(args()) is not allowed
    assert job_run.cancellable
    assert job_run.idempotent
