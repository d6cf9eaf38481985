"""The REST API: a bearer token, typed shapes, and the same words as everywhere else."""

import httpx
import pytest

from bot.errors import BusyError
from bot.incident.commands import parse
from bot.incident.facts_house import BotPaused
from bot.incident.reducer import fold
from bot.ports import Draft, Outcome
from tests.bot.web.browsing import ORIGIN, client
from tests.bot.web.world import OPERATOR_TOKEN, World

READS = ("/incidents", "/incidents/INC-7", "/proposals", "/proposals/7F3KQ2ZM", "/status")
ACTS = (
    "/incidents",
    "/incidents/INC-7/pause",
    "/incidents/INC-7/resume",
    "/incidents/INC-7/close",
    "/incidents/INC-7/messages",
    "/incidents/INC-7/answer",
    "/proposals/7F3KQ2ZM/decision",
    "/commands",
    "/pause",
    "/resume",
)


def caller(world: World, token: str = OPERATOR_TOKEN) -> httpx.AsyncClient:
    made = client(world, f"{ORIGIN}/api/v1")
    made.headers["authorization"] = f"Bearer {token}"
    return made


@pytest.mark.parametrize("token", ["", "wrong", OPERATOR_TOKEN + "x"])
async def test_nothing_is_answered_without_the_token(world: World, token: str) -> None:
    async with caller(world, token) as api:
        answers = [await api.get(path) for path in READS]
        answers += [await api.post(path, json={}) for path in ACTS]
    assert {answer.status_code for answer in answers} == {401}
    assert {answer.headers["www-authenticate"] for answer in answers} == {"Bearer"}
    assert world.inbox.replies == []


async def test_an_empty_operator_token_lets_nobody_in(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tests.bot.web.world.OPERATOR_TOKEN", "")
    async with caller(world, "") as api:
        assert (await api.get("/status")).status_code == 401


async def test_a_session_cookie_is_no_key_to_the_api(world: World) -> None:
    async with client(world) as browser:
        await browser.post("/login", data={"token": OPERATOR_TOKEN}, headers={"origin": ORIGIN})
        assert (await browser.post("/api/v1/pause")).status_code == 401
    assert world.inbox.replies == []


async def test_openapi_describes_every_route_and_the_key(world: World) -> None:
    async with client(world) as anybody:
        described = (await anybody.get("/api/v1/openapi.json")).json()
    by_path = described["paths"]
    for path in READS:
        named = path.replace("INC-7", "{incident}").replace("7F3KQ2ZM", "{proposal}")
        assert "get" in by_path[named]
    for path in ACTS:
        named = path.replace("INC-7", "{incident}").replace("7F3KQ2ZM", "{proposal}")
        assert "post" in by_path[named]
        assert by_path[named]["post"]["security"]


async def test_incidents_are_listed_newest_first_with_a_cursor(world: World) -> None:
    async with caller(world) as api:
        first = (await api.get("/incidents", params={"limit": 2})).json()
        rest = (await api.get("/incidents", params={"before": first["next"]})).json()
    assert [row["id"] for row in first["incidents"]] == ["INC-7", "INC-6"]
    assert [row["id"] for row in rest["incidents"]] == ["INC-5", "INC-4"]
    assert (first["next"], rest["next"]) == ("INC-6", "")


async def test_an_incident_is_its_two_views_and_its_events_when_asked(world: World) -> None:
    async with caller(world) as api:
        plain = (await api.get("/incidents/INC-7")).json()
        full = (await api.get("/incidents/INC-7", params={"events": True, "after": 8})).json()
    assert plain["incident"]["severity"] == "critical"
    assert plain["incident"]["proposals"]["7F3KQ2ZM"]["status"] == "pending"
    assert plain["run"]["context"]["runbook"]["name"] == "bad-deploy"
    assert plain["events"] == []
    assert [event["seq"] for event in full["events"]] == [9, 10]
    assert full["events"][1]["words"].startswith("Proposed P-7F3K")


async def test_a_proposal_is_exactly_what_would_run(world: World) -> None:
    async with caller(world) as api:
        waiting = (await api.get("/proposals", params={"status": "pending"})).json()["proposals"]
        found = (await api.get("/proposals/7F3K")).json()
    assert {row["id"] for row in waiting} == {"7F3KQ2ZM", "BADBADBA"}
    view = fold(world.log.streams["INC-7"]).incident.proposals["7F3KQ2ZM"]
    assert found["digest"] == view.asked.digest
    assert found["proposal"]["args"] == view.proposal.args


@pytest.mark.parametrize(
    "path", ["/incidents/INC-999", "/proposals/0000", "/proposals/00000000", "/nothing"]
)
async def test_what_is_not_there_is_404(world: World, path: str) -> None:
    async with caller(world) as api:
        assert (await api.get(path)).status_code == 404


@pytest.mark.parametrize("path", ["/incidents/x", "/proposals/<b>", "/incidents?limit=201"])
async def test_what_cannot_be_is_422(world: World, path: str) -> None:
    async with caller(world) as api:
        assert (await api.get(path)).status_code == 422


@pytest.mark.parametrize(
    ("path", "body", "word"),
    [
        ("/incidents", {"service": "checkout", "text": 'the "cart" is empty'}, "start"),
        ("/incidents/INC-7/pause", None, "pause"),
        ("/incidents/INC-7/resume", None, "resume"),
        ("/incidents/INC-7/close", None, "close"),
        ("/incidents/INC-7/close", {"text": "it's over"}, "close"),
        ("/pause", None, "pause"),
        ("/resume", None, "resume"),
        ("/commands", {"text": "severity INC-7 sev2"}, "severity"),
    ],
)
async def test_an_act_is_a_command_of_the_operator(
    world: World, path: str, body: dict[str, str] | None, word: str
) -> None:
    async with caller(world) as api:
        answer = await api.post(path, json=body)
    assert (answer.status_code, answer.json()["kind"]) == (200, "done")
    reply = world.inbox.replies[0]
    assert (reply.actor, reply.person, reply.channel) == ("api:operator", "operator", "api")
    assert len(reply.payload_digest) == 64
    said = parse(reply.text)
    assert said.word == word
    assert said.text == (body or {}).get("text", "") or word == "severity"


async def test_a_message_and_an_answer_are_handed_on(world: World) -> None:
    async with caller(world) as api:
        await api.post("/incidents/INC-5/messages", json={"text": "looking"})
        await api.post("/incidents/INC-5/answer", json={"question": "r1s1", "text": "no"})
    assert [(one.intent, one.incident, one.text) for one in world.inbox.replies] == [
        ("message", "INC-5", "looking"),
        ("answer", "INC-5", "no"),
    ]


async def test_a_decision_is_handed_on_with_its_digest(world: World) -> None:
    digest = fold(world.log.streams["INC-7"]).incident.proposals["7F3KQ2ZM"].asked.digest
    body = {"verdict": "deny", "digest": digest, "reason": "not now, please"}
    async with caller(world) as api:
        answer = await api.post("/proposals/7F3KQ2ZM/decision", json=body)
    assert answer.status_code == 200
    reply = world.inbox.replies[0]
    assert (reply.intent, reply.verdict, reply.digest12) == ("decide", "deny", digest)


@pytest.mark.parametrize(
    "body",
    [
        {"verdict": "maybe"},
        {"verdict": "approve", "digest": "short"},
        {"verdict": "approve", "extra": 1},
        {},
    ],
)
async def test_a_decision_of_another_shape_is_422(world: World, body: dict[str, object]) -> None:
    async with caller(world) as api:
        assert (await api.post("/proposals/7F3KQ2ZM/decision", json=body)).status_code == 422
    assert world.inbox.replies == []


@pytest.mark.parametrize(
    ("kind", "status"),
    [("done", 200), ("already", 200), ("refused", 403), ("unknown", 404), ("busy", 503)],
)
async def test_e11_an_outcome_has_its_status_and_its_words(
    world: World, kind: str, status: int
) -> None:
    world.inbox.outcome = Outcome("Too late: dana decided at 14:03:22 UTC.", kind, "INC-7", "7F3K")  # pyright: ignore[reportArgumentType]
    async with caller(world) as api:
        answer = await api.post("/commands", json={"text": "approve 7F3K"})
    assert answer.status_code == status
    assert answer.json() == {
        "kind": kind,
        "text": "Too late: dana decided at 14:03:22 UTC.",
        "incident": "INC-7",
        "proposal": "7F3K",
    }


async def test_status_says_how_the_bot_stands(world: World) -> None:
    await world.log.record("house", lambda _: Draft("web:dana", (BotPaused(by="dana"),)))
    async with caller(world) as api:
        found = (await api.get("/status")).json()
    assert (found["paused_by"], found["insecure"]) == ("dana", ["generic_json/lab"])
    assert found["checks"]["database"] == {"ok": True, "text": "migrated and writable"}


async def test_a_database_that_is_away_is_503_and_a_bug_is_500_without_its_details(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def busy(stream: str, after: int = 0) -> list[object]:
        raise BusyError("the database is away", 9)

    async def broken(stream: str, after: int = 0) -> list[object]:
        raise RuntimeError("password=hunter2")

    monkeypatch.setattr(world.log, "load", busy)
    async with caller(world) as api:
        away = await api.get("/incidents/INC-7")
    monkeypatch.setattr(world.log, "load", broken)
    transport = httpx.ASGITransport(
        client_app(world), raise_app_exceptions=False, client=("127.0.0.1", 5)
    )
    async with httpx.AsyncClient(transport=transport, base_url=f"{ORIGIN}/api/v1") as api:
        api.headers["authorization"] = f"Bearer {OPERATOR_TOKEN}"
        bug = await api.get("/incidents/INC-7")
    assert (away.status_code, away.headers["retry-after"]) == (503, "9")
    assert bug.status_code == 500
    assert "hunter2" not in bug.text
    assert bug.json()["correlation"]


def client_app(world: World):
    from bot.web.server import build

    return build(world.doors())


async def test_the_events_of_a_thread_come_in_pages(world: World) -> None:
    async with caller(world) as api:
        whole = (await api.get("/incidents/INC-7", params={"events": "true"})).json()
        assert whole["next"] == 0
        seen: list[int] = []
        after = 0
        while True:
            asked = {"events": "true", "after": after, "limit": 2}
            page = (await api.get("/incidents/INC-7", params=asked)).json()
            assert 1 <= len(page["events"]) <= 2
            seen += [event["seq"] for event in page["events"]]
            after = page["next"]
            if not after:
                break
        assert seen == [event["seq"] for event in whole["events"]]
        assert (await api.get("/incidents/INC-7", params={"limit": 1001})).status_code == 422
