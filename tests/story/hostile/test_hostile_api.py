"""The API and the command line under attack: strangers, forged decisions, races, odd words."""

import json
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor

import httpx
import pytest
from pydantic import JsonValue

from bot.web.api_models import ProposalSummary
from tests.story.hostile.serving import Server, same_origin, until
from tests.story.hostile.test_hostile_hooks import head, opened
from tests.story.hostile.test_hostile_pages import approve, csrf_of

JSON = {"content-type": "application/json"}
TOGETHER = 50


@pytest.fixture(scope="module")
def asked(server: Server) -> ProposalSummary:
    return server.proposal(server.broken())


def test_every_endpoint_wants_the_token(server: Server) -> None:
    paths: dict[str, dict[str, JsonValue]] = server.http.get("/api/v1/openapi.json").json()["paths"]
    assert len(paths) > 10
    wrong = [{}, {"authorization": "Bearer x"}, {"authorization": f"Basic {server.token}"},
             {"authorization": server.token}, {"cookie": f"token={server.token}"},
             {"x-api-key": server.token}]  # fmt: skip
    for path, methods in paths.items():
        address = path.format(incident="INC-1", proposal="AAAA", person="dana", token="ci")
        for method in methods:
            for headers in wrong:
                query = f"/api/v1{address}?token={server.token}&access_token={server.token}"
                answer = server.http.request(method, query, headers=headers, content=b"{}")
                assert answer.status_code == 401, (method, path, headers)
    with server.visit() as page:
        assert page.get("/api/v1/status").status_code == 401


def test_a_stranger_is_answered_before_the_body_is_read(server: Server) -> None:
    with opened(server) as connection:
        connection.sendall(head("/api/v1/commands", {**JSON, "content-length": "1000000000"}))
        assert connection.recv(65_536).startswith(b"HTTP/1.1 401 ")
    with opened(server) as connection:
        known = {**JSON, **server.operator, "content-length": "1000000000"}
        connection.sendall(head("/api/v1/commands", known))
        assert connection.recv(65_536).startswith(b"HTTP/1.1 413 ")


@pytest.mark.parametrize(
    ("body", "status"),
    [
        (b"", 422), (b"{", 422), (b"null", 422), (b"[" * 100_000, 400), (b"\xff", 400),
        (b'{"text":"\\ud800 help"}', 422), (b'{"text":NaN}', 422), (b'{"text":1e999}', 422),
        (b'{"text":' + b"9" * 5000 + b"}", 400), (b'{"text":"help","more":1}', 422),
        (b'{"text":"' + b"a" * 20_000 + b'"}', 422), (b'{"text":"a\\u0000b"}', 404),
        (b'{"text":"' + b"a" * 300_000 + b'"}', 413),
    ],
)  # fmt: skip
def test_a_body_of_another_shape_is_refused_and_not_repeated(
    server: Server, body: bytes, status: int
) -> None:
    answer = server.http.post("/api/v1/commands", content=body, headers=JSON | server.operator)
    assert answer.status_code == status, answer.text
    assert "aaaa" not in answer.text


@pytest.mark.parametrize(
    ("change", "status"),
    [
        ({"digest": "0" * 12}, 403),
        ({"digest": "DIGEST11"}, 422),
        ({"digest": "DIGESTup"}, 422),
        ({"digest": "DIGEST\n"}, 422),
        ({"revision": 2}, 403),
        ({"revision": 10**30}, 403),
        ({"revision": -1}, 422),
        ({"revision": "1x"}, 422),
        ({"verdict": "Approve"}, 422),
        ({"verdict": "deny", "reason": "no"}, 403),
        ({"person": "somebody"}, 422),
        ({"reason": "x" * 3000}, 422),
    ],
)
def test_a_decision_about_something_else_is_refused(
    server: Server, asked: ProposalSummary, change: dict[str, JsonValue], status: int
) -> None:
    right = asked.digest[:12]
    body: dict[str, JsonValue] = {"verdict": "approve", "digest": right, "revision": 1} | change
    odd = {"DIGEST11": right[:11], "DIGESTup": right.upper() + "A", "DIGEST\n": f"{right}\n"}
    body["digest"] = odd.get(str(body["digest"]), body["digest"])
    answer = server.api(f"proposals/{asked.id}/decision", body)
    assert answer.status_code == status, answer.text
    assert server.proposal(asked.incident).status == "pending"
    assert server.target.runs == []


@pytest.mark.parametrize("name", ["%00", "OOOO", "AAA", "%2e%2e", "P-*", "' OR 1=1", "AAAAAAAAA"])
def test_a_name_that_is_no_proposal_is_refused(server: Server, name: str) -> None:
    body: JsonValue = {"verdict": "approve"}
    assert server.api(f"proposals/{name}/decision", body).status_code in {404, 422}


def test_a_beginning_that_two_proposals_share_decides_neither(
    server: Server, asked: ProposalSummary
) -> None:
    twin = asked.id[:4] + ("ZZZZ" if not asked.id.endswith("ZZZZ") else "YYYY")
    with server.database() as connection:
        columns = [row[1] for row in connection.execute("PRAGMA table_info(proposal)")]
        rest = ", ".join(name for name in columns if name != "id")
        copy = f"INSERT INTO proposal (id, {rest}) SELECT ?, {rest} FROM proposal WHERE id = ?"  # noqa: S608 - our columns
        connection.execute(copy, (twin, asked.id))
    said = server.say(f"approve P-{asked.id[:4]}")
    assert (said.status_code, "Type more characters" in said.text) == (404, True)
    page = server.api(f"proposals/{asked.id[:4]}/decision", {"verdict": "approve"})
    assert page.status_code == 404
    with server.database() as connection:
        connection.execute("DELETE FROM proposal WHERE id = ?", (twin,))
    assert server.target.runs == []


@pytest.mark.parametrize("denials", [0, TOGETHER // 2])
def test_e10_fifty_decisions_at_once_are_one_execution(server: Server, denials: int) -> None:
    server.target.runs.clear()
    asked = server.proposal(server.broken())
    with server.visit() as page:
        csrf, origin = csrf_of(page), same_origin(server.url)

        def one(number: int) -> httpx.Response:
            if number < denials:
                body: JsonValue = {"verdict": "deny", "reason": "not now", "revision": 1}
                return server.api(f"proposals/{asked.id}/decision", body)
            if number % 2:
                return approve(page, asked, csrf, origin)
            return server.decide(asked)

        with ThreadPoolExecutor(TOGETHER) as pool:
            answers = list(pool.map(one, range(TOGETHER)))
    assert {answer.status_code for answer in answers} <= {200, 303}, [a.text for a in answers]
    kinds = Counter(str(answer.json()["kind"]) for answer in answers if answer.status_code == 200)
    pages = sum(answer.status_code == 303 for answer in answers)
    assert kinds["done"] <= 1
    assert sum(kinds.values()) + pages == TOGETHER
    final = "denied" if "ProposalDenied" in server.events(asked.incident) else "succeeded"
    assert server.proposal(asked.incident, final).id == asked.id
    seen = Counter(server.events(asked.incident))
    assert seen["DecisionMade"] == 1
    assert len(server.target.runs) == seen["ActionStarted"] == (final == "succeeded")
    if not denials:
        assert final == "succeeded"


def test_e35_an_approval_given_while_paused_waits_for_the_resume(server: Server) -> None:
    server.target.runs.clear()
    asked = server.proposal(server.broken())
    server.say("pause").raise_for_status()
    server.decide(asked).raise_for_status()
    assert server.proposal(asked.incident, "approved").id == asked.id
    server.say(f"note {asked.incident} wake up").raise_for_status()
    assert server.target.runs == []
    server.say("resume").raise_for_status()
    assert server.proposal(asked.incident, "succeeded").id == asked.id
    assert len(server.target.runs) == 1


def test_e35_a_pause_between_approval_and_execution_holds_it_back(server: Server) -> None:
    server.target.runs.clear()
    asked = server.proposal(server.broken())
    server.target.waiting.clear()
    server.target.gate.clear()
    try:
        server.decide(asked).raise_for_status()
        assert server.target.waiting.wait(60)
        server.say("pause").raise_for_status()
    finally:
        server.target.gate.set()
    held_until = time.monotonic() + 0.5
    until("it was given time to start", lambda: time.monotonic() > held_until)
    assert "ActionStarted" not in server.events(asked.incident)
    assert server.target.runs == []
    server.say("resume").raise_for_status()
    assert server.proposal(asked.incident, "succeeded").id == asked.id
    assert len(server.target.runs) == 1


@pytest.mark.parametrize(
    "words",
    ["", "help; rm -rf /", "show ../../etc/passwd", "merge INC-1 INC-1",
     "severity INC-1 worst", "approve *", "approve P-", "list '", "timeline house", "note house x",
     "pause house", "\u202ehelp", "deny P-AAAA", "answer INC-999999999 x", "' OR 1=1 --", "\ud7ff",
     "close INC-99999999999999999999", "merge INC-1 INC-99999999999999999999"],
)  # fmt: skip
def test_odd_words_are_not_understood(server: Server, words: str) -> None:
    assert server.say(words).status_code in {404, 422}


@pytest.mark.parametrize(
    ("args", "stdin", "code"),
    [
        (("parse", "alertmanager", "-"), b"\xff\xfe garbage", 2),
        (("parse", "alertmanager", "-"), b"[" * 100_000, 2),
        (("parse", "../../etc/passwd", "-"), b"{}", 2),
        (("parse", "generic_json", "no-such-file"), b"", 2),
        (("show", "../../etc/passwd"), b"", 1),
        (("replay", "../../etc/passwd"), b"", 1),
        (("replay", "INC-1' OR '1'='1"), b"", 1),
        (("replay", "INC-" + "9" * 40), b"", 1),
    ],
)
def test_the_command_line_refuses_in_a_sentence(
    server: Server, args: tuple[str, ...], stdin: bytes, code: int
) -> None:
    done = server.run(*args, stdin=stdin)
    said = (done.stdout + done.stderr).decode()
    assert done.returncode == code, said
    assert "Traceback" not in said
    assert "root:" not in said
    assert len(said.strip().splitlines()) <= 3


def test_what_parse_prints_is_json_whatever_it_is_given(server: Server) -> None:
    name = "\x1b[31mred\u202e\n<script>"
    body = json.dumps({"alerts": [{"labels": {"alertname": name}}]}).encode()
    done = server.run("parse", "alertmanager", "-", stdin=body)
    assert (done.returncode, b"\x1b" in done.stdout) == (0, False)
    assert len(json.loads(done.stdout)) == 1


def test_token_and_database_are_their_owners_alone(server: Server) -> None:
    for name in ("triagebot.token", "hostile.db", "hostile.db-wal"):
        assert server.folder.joinpath(name).stat().st_mode & 0o077 == 0, name
