"""Silencing, against a server that speaks Alertmanager's shapes."""

import json

import httpx
import pytest
from pydantic import JsonValue
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response

from bot.errors import RemoteError, ToolError
from bot.incident.model import Predicate, Probe
from bot.shelf import ActionCall, Plan
from tests.tools.fixtures import CANARY, ONCE, Failing, Server, acting, facts, needs
from tools.write import alertmanager_silence
from tools.write.alertmanager import AlertmanagerSilence

SECRETS = {"ALERTMANAGER_URL": "http://alertmanager.test", "ALERTMANAGER_TOKEN": CANARY}
ALERTS = "GET /api/v2/alerts"
SILENCES = "/api/v2/silences"
NAMED: dict[str, JsonValue] = {"name": "alertname", "value": "HighErrorRate"}


def alert(number: int = 1) -> JsonValue:
    return {
        "labels": {"alertname": "HighErrorRate", "service": "checkout", "pod": f"p{number:02}"},
        "startsAt": "2031-05-04T11:58:00.000Z",
        "fingerprint": "0a",
        "status": {"state": "active"},
    }


def silence(*matchers: dict[str, JsonValue], **more: JsonValue) -> AlertmanagerSilence:
    usual = {"matchers": list(matchers or (NAMED,)), "duration_s": 7200, "comment": "bad deploy"}
    return AlertmanagerSilence.model_validate({**usual, **more})


async def planned(server: Server, args: AlertmanagerSilence) -> Plan:
    async with acting(alertmanager_silence, needs(server, secrets=SECRETS)) as action:
        return await action.plan(args)


async def test_g50_the_plan_shows_exactly_what_would_fall_silent() -> None:
    server = Server()
    server.says(ALERTS, [alert(2), alert(1)])
    service: dict[str, JsonValue] = {"name": "service", "value": "check.*", "is_regex": True}
    not_dev: dict[str, JsonValue] = {"name": "env", "value": 'd"ev', "is_equal": False}
    plan = await planned(server, silence(NAMED, service, not_dev))
    matchers = 'alertname="HighErrorRate", env!="d\\"ev", service=~"check.*"'
    assert plan == Plan(
        action="alertmanager_silence",
        title=f"Silence {matchers} for 2 h",
        target=f"alertmanager: {matchers}",
        environment="",
        service="",
        risk="low",
        preview=(
            "2 active alerts would be silenced for 2 h:\n"
            "- HighErrorRate pod=p01 service=checkout since 2031-05-04 11:58 UTC\n"
            "- HighErrorRate pod=p02 service=checkout since 2031-05-04 11:58 UTC"
        ),
        previewed=True,
        undo=None,
        verify=(
            Probe(
                title="silence is active",
                tool="alertmanager_silences",
                args={"comment_contains": "bad deploy", "matchers": matchers},
                expect=Predicate(fact="matching", op="ge", value=1),
            ),
        ),
        verify_after_s=(5, 60),
        ends="It ends by itself after 2 h.",
        targets=2,
    )
    assert server.asked[0].query == [
        ("active", "true"),
        ("silenced", "false"),
        ("filter", 'alertname="HighErrorRate"'),
        ("filter", 'service=~"check.*"'),
        ("filter", 'env!="d\\"ev"'),
    ]


async def test_a_short_silence_is_not_looked_at_after_its_end() -> None:
    server = Server()
    server.says(ALERTS, [alert()])
    assert (await planned(server, silence(duration_s=60))).verify_after_s == (5,)


async def test_service_and_environment_come_from_matchers_that_name_them() -> None:
    server = Server()
    server.says(ALERTS, [alert()])
    args = silence({"name": "service", "value": "checkout"}, {"name": "env", "value": "demo"})
    plan = await planned(server, args)
    assert (plan.service, plan.environment) == ("checkout", "demo")


async def test_a_long_list_is_counted_after_twenty() -> None:
    server = Server()
    server.says(ALERTS, [alert(number) for number in range(33)])
    lines = (await planned(server, silence())).preview.splitlines()
    assert len(lines) == 22
    assert (lines[0][:17], lines[-1]) == ("33 active alerts ", "and 13 more")


async def test_labels_from_outside_cannot_add_lines_to_the_preview() -> None:
    server = Server()
    hostile: JsonValue = {
        "labels": {"alertname": "A\n- B\x1b[2J", "x": "y" * 5000},
        "startsAt": "2031-05-04T11:58:00.000Z",
    }
    server.says(ALERTS, [hostile])
    preview = (await planned(server, silence())).preview
    assert len(preview.splitlines()) == 2
    assert "\x1b" not in preview
    assert len(preview) < 400


EVERYTHING: list[tuple[str, dict[str, JsonValue]]] = [
    ("empty", {"value": ""}),
    ("not", {"value": "b", "is_equal": False}),
    ("not empty", {"value": "", "is_equal": False}),
    ("not like", {"value": "b", "is_equal": False, "is_regex": True}),
    *(
        (pattern, {"value": pattern, "is_regex": True})
        for pattern in (
            "",
            ".*",
            ".+",
            "^.*$",
            "(.*)",
            "a|.*",
            r"[\s\S]+",
            ".{0,99}",
            r"\w+",
            "x?|",
        )
    ),
]


@pytest.mark.parametrize(
    "matcher", [one for _, one in EVERYTHING], ids=[name for name, _ in EVERYTHING]
)
async def test_g50_matchers_that_match_everything_are_refused_unasked(
    matcher: dict[str, JsonValue],
) -> None:
    server = Server()
    with pytest.raises(ToolError, match="match every alert"):
        await planned(server, silence({"name": "alertname", **matcher}))
    assert server.asked == []


async def test_a_pattern_nobody_can_read_is_refused() -> None:
    with pytest.raises(ToolError, match="pattern of alertname"):
        await planned(Server(), silence({"name": "alertname", "value": "(", "is_regex": True}))


@pytest.mark.parametrize("value", ["HighErrorRate|Latency", "Checkout.*", "[A-Z][a-z]+Rate"])
async def test_a_pattern_that_chooses_is_taken(value: str) -> None:
    server = Server()
    server.says(ALERTS, [alert()])
    args = silence({"name": "alertname", "value": value, "is_regex": True})
    assert (await planned(server, args)).previewed


async def test_g50_more_alerts_than_allowed_are_refused() -> None:
    server = Server()
    server.says(ALERTS, [alert(number) for number in range(51)])
    with pytest.raises(ToolError, match="51 active alerts match, more than the 50"):
        await planned(server, silence())


async def test_the_number_of_alerts_is_a_setting() -> None:
    server = Server()
    server.says(ALERTS, [alert(1), alert(2)])
    given = needs(server, secrets={**SECRETS, "ALERTMANAGER_SILENCE_MAX_ALERTS": "1"})
    async with acting(alertmanager_silence, given) as action:
        with pytest.raises(ToolError, match="more than the 1"):
            await action.plan(silence())


async def test_a_silence_that_hides_nothing_is_refused() -> None:
    server = Server()
    server.says(ALERTS, [])
    with pytest.raises(ToolError, match="no active alert matches"):
        await planned(server, silence())


async def test_alertmanagers_own_words_are_told_when_it_cannot_read_a_matcher() -> None:
    server = Server()
    server.says(ALERTS, "bad matcher format", 400)
    with pytest.raises(ToolError, match=r"cannot read the matchers: .*bad matcher format"):
        await planned(server, silence())


@pytest.mark.parametrize(("status", "words"), [(401, "check ALERTMANAGER_TOKEN"), (503, "failed")])
async def test_an_alertmanager_that_does_not_answer_gives_no_plan(status: int, words: str) -> None:
    server = Server()
    server.says(ALERTS, CANARY, status)
    with pytest.raises(RemoteError, match=words) as caught:
        await planned(server, silence())
    assert CANARY not in str(caught.value)


@pytest.mark.parametrize(("by", "creator"), [("dana, li", "dana, li"), ("", "triagebot")])
async def test_g50_the_silence_is_made_as_planned_by_who_approved_it(by: str, creator: str) -> None:
    server = Server()
    server.says(ALERTS, [alert()])
    server.says(f"POST {SILENCES}", {"silenceID": "5d1c"})
    async with acting(alertmanager_silence, needs(server, secrets=SECRETS)) as action:
        result = await action.run(silence(), ActionCall("k1", by))
    assert facts(result) == {"silence_id": "5d1c"}
    assert result.ok
    assert result.summary == 'silenced alertname="HighErrorRate" until 2031-05-04 14:00 UTC'
    assert json.loads(server.asked[1].body) == {
        "matchers": [{**NAMED, "isRegex": False, "isEqual": True}],
        "startsAt": "2031-05-04T12:00:00+00:00",
        "endsAt": "2031-05-04T14:00:00+00:00",
        "createdBy": creator,
        "comment": "bad deploy [triage k1]",
    }


async def test_the_arguments_say_all_there_is_to_a_silence() -> None:
    async with acting(alertmanager_silence, needs(Server(), secrets=SECRETS)) as action:
        assert action.declared(silence()) == ""


async def test_e30_what_grew_too_large_since_the_plan_is_not_silenced() -> None:
    server = Server()
    server.says(ALERTS, [alert(number) for number in range(51)])
    async with acting(alertmanager_silence, needs(server, secrets=SECRETS)) as action:
        with pytest.raises(ToolError, match="51 active alerts"):
            await action.run(silence(), ONCE)
    assert [asked.method for asked in server.asked] == ["GET"]


def echo(request: Request) -> Response:
    return PlainTextResponse(f"no: {request.headers['authorization']}", 500)


@pytest.mark.parametrize("status", [400, 401, 403, 404, 429])
async def test_a_refusal_means_nothing_was_silenced(status: int) -> None:
    server = Server()
    server.says(ALERTS, [alert()])
    server.says(f"POST {SILENCES}", f"no {CANARY}", status)
    async with acting(alertmanager_silence, needs(server, secrets=SECRETS)) as action:
        with pytest.raises(ToolError, match="nothing was silenced") as caught:
            await action.run(silence(), ONCE)
    assert not isinstance(caught.value, RemoteError)
    assert CANARY not in str(caught.value)


@pytest.mark.parametrize(
    "answer",
    [echo, PlainTextResponse("x", 408), PlainTextResponse("<html>"), JSONResponse({"a": 1})],
    ids=["500", "408", "html", "shape"],
)
async def test_e14_an_unclear_answer_leaves_the_outcome_open(answer: Response) -> None:
    server = Server({f"POST {SILENCES}": answer})
    server.says(ALERTS, [alert()])
    async with acting(alertmanager_silence, needs(server, secrets=SECRETS)) as action:
        with pytest.raises(RemoteError) as caught:
            await action.run(silence(), ONCE)
    assert caught.value.sent
    assert CANARY not in str(caught.value)


async def test_e12_a_look_that_fails_before_acting_is_certainly_unsent() -> None:
    given = needs(Failing(httpx.ReadTimeout("slow")), secrets=SECRETS)
    async with acting(alertmanager_silence, given) as action:
        with pytest.raises(RemoteError, match="nothing was changed") as caught:
            await action.run(silence(), ONCE)
    assert not caught.value.sent


@pytest.mark.parametrize(("comment", "ok"), [("x [triage k1]", True), ("x [triage k2]", False)])
async def test_e14_an_interrupted_silence_is_found_by_its_key(comment: str, *, ok: bool) -> None:
    server = Server()
    made: JsonValue = {
        "id": "5d1c",
        "comment": comment,
        "endsAt": "2031-05-04T14:00:00.000Z",
        "status": {"state": "active"},
    }
    server.says(f"GET {SILENCES}", [made])
    async with acting(alertmanager_silence, needs(server, secrets=SECRETS)) as action:
        result = await action.read_back(silence(), "k1")
    assert result is not None
    assert result.ok is ok
    assert facts(result) == ({"silence_id": "5d1c"} if ok else {})


async def test_without_an_address_the_action_stays_off_the_shelf() -> None:
    async with alertmanager_silence.open(needs()) as opened:
        assert opened is None
