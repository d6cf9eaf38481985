"""Secrets in everything that comes in are in nothing that is kept, shown, logged or answered."""

import json
from collections.abc import Generator

import httpx
import pytest
from pydantic import JsonValue

from tests.story.hostile.knowledge import BEARER, HMAC, PASSWORD
from tests.story.hostile.serving import Server, alerts, same_origin, signature, until
from tests.story.hostile.test_hostile_pages import csrf_of

# In pieces, so that this file holds nothing that looks like a secret.
CANARIES = {
    "aws": "AKIA" + "Z7Q2M5X9K4W8P3N6",
    "github": "ghp_" + "aB3dE5fG7hJ9kL1mN3pQ5rS7tU9vW1xY3zA5",
    "slack": "xox" + "b-2481632640-8163264128-QwErTyUiOpAsDfGhJkLzXcVb",
    "jwt": "eyJhbGciOiJIUzI1NiJ9." + "eyJzdWIiOiJjYW5hcnkifQ." + "dozjgNryP4J3jVmNHl0w5N_XgL0n3I9P",
    "password": "Tr0ub4dor" + "Canary77xyz",
    "address": "s3cr3t" + "CanaryPazz9",
}
TELLING = {
    **CANARIES,
    "password": f"password={CANARIES['password']}",
    "address": f"https://app:{CANARIES['address']}@db.example/app",
}
"""Each canary as it would stand in a sentence."""
ALL = " and ".join(TELLING.values())


@pytest.fixture(scope="module")
def planted(server: Server) -> str:
    """The incident in whose every corner the canaries were planted."""
    server.target.state |= {"note": ALL, "api_key": CANARIES["password"], **TELLING}
    server.target.answer |= {"said": ALL, "token": CANARIES["address"]}
    labels = {"alertname": f"Leaky {ALL}", "service": "checkout", "team": "breaks", "dsn": ALL,
              "api_token": CANARIES["password"], ALL: "as a name"}  # fmt: skip
    notes = {"summary": ALL, "password": CANARIES["address"], "runbook_url": TELLING["address"]}
    answer = server.hook(alerts(labels, notes, f"group {ALL}"))
    incident = str(answer.raise_for_status().json()["incidents"][0])
    server.hook({"service": "checkout", "version": ALL, "title": ALL, "by": ALL}, "change/default")
    body = json.dumps({"title": ALL, "id": ALL, "description": ALL, "group": ALL}).encode()
    headers = signature(body) | {"x-request-id": ALL, "user-agent": ALL}
    server.http.post("/hooks/generic_json/signed", content=body, headers=headers)
    asked = server.proposal(incident)
    denied: JsonValue = {"verdict": "deny", "reason": ALL, "digest": "0" * 12}
    server.api(f"proposals/{asked.id}/decision", denied)
    for words in ("note {} '{}'", "ask {} '{}'", "judge {} right '{}'", "{1} {0}", "start '{1}' x",
                  "start checkout '{1}'", "show '{1}'", "approve '{1}'"):  # fmt: skip
        server.say(words.format(incident, ALL))
    server.api(f"incidents/{incident}/messages", {"text": ALL})
    server.decide(asked).raise_for_status()
    assert server.proposal(incident, "succeeded").id == asked.id
    server.http.get("/api/v1/status", headers={"authorization": f"Bearer {ALL}"})
    server.http.get(f"/incidents?text={CANARIES['aws']}")
    server.http.post(f"/hooks/alertmanager/{CANARIES['aws']}", headers={"traceparent": ALL})
    return incident


@pytest.fixture(scope="module")
def page(server: Server) -> Generator[httpx.Client]:
    with server.visit() as signed_in:
        yield signed_in


def leaks(text: str) -> list[str]:
    """Return the names of the canaries in a text, and of the bot's own secrets."""
    own = {"bearer": BEARER, "hmac": HMAC, "basic": PASSWORD}
    return [name for name, canary in (CANARIES | own).items() if canary in text]


def test_f07_the_originals_are_where_they_belong(server: Server, planted: str) -> None:
    with server.database() as connection:
        raw = connection.execute("SELECT raw FROM delivery").fetchall()
    assert set(CANARIES) <= set(leaks(str(raw)))
    assert "Proposal" in server.detail(planted)


def test_f07_no_table_but_the_deliveries_holds_a_secret(server: Server, planted: str) -> None:
    with server.database() as connection:
        asked = "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite%'"
        tables = [str(name) for (name,) in connection.execute(asked)]
        found = {
            name: leaks(str(connection.execute(f"SELECT * FROM {name}").fetchall()))  # noqa: S608 - our tables
            for name in tables
            if name != "delivery"
        }
        kept = connection.execute("SELECT headers, dedupe FROM delivery").fetchall()
    assert len(found) > 10
    assert {name: held for name, held in found.items() if held} == {}
    assert set(leaks(str(kept))) & {"bearer", "hmac", "basic"} == set()
    assert planted


def test_f07_no_page_shows_a_secret(server: Server, page: httpx.Client, planted: str) -> None:
    seen = {"/incidents", "/approvals", "/status", f"/incidents/{planted}"}
    asked = sorted(seen)
    while asked:
        path = asked.pop()
        answer = page.get(path)
        assert answer.status_code == 200, path
        assert leaks(answer.text) == [], path
        assert server.token not in answer.text
        news = {link.split('"')[0] for link in answer.text.split('href="')[1:]}
        news = {link for link in news if link.startswith(("/incidents/", "/proposals/", "/e/"))}
        asked += sorted(news - seen)
        seen |= news
    assert any(path.startswith("/e/") for path in seen)
    assert any(path.startswith("/proposals/") for path in seen)


def test_f07_the_api_answers_no_secret(server: Server, planted: str) -> None:
    for path in ("incidents", f"incidents/{planted}?events=true", "proposals?status=", "status"):
        answer = server.api(path)
        assert answer.status_code == 200
        assert leaks(answer.text) == [], path
        assert server.token not in answer.text


def test_f07_logs_console_and_metrics_hold_no_secret(
    server: Server, page: httpx.Client, planted: str
) -> None:
    csrf = csrf_of(page)
    form = {"csrf": csrf, "word": "note", "text": ALL}
    page.post(f"/incidents/{planted}/command", data=form, headers=same_origin(server.url))
    page.post("/login", data={"token": ALL}, headers=same_origin(server.url))
    until("the console tells of it", lambda: planted in server.console)
    assert leaks(server.log) == []
    assert leaks(server.console) == []
    assert leaks(server.http.get("/metrics").text) == []
    for text in (server.log, server.console):
        assert server.token not in text
        assert page.cookies["triage_session"] not in text


@pytest.mark.parametrize("args", [("show",), ("replay", "--json"), ("list",)])
def test_f07_the_command_line_prints_no_secret(
    server: Server, planted: str, args: tuple[str, ...]
) -> None:
    name = [] if args == ("list",) else [planted]
    done = server.run(*args, *name)
    assert done.returncode == 0
    assert len(done.stdout) > 20
    assert leaks((done.stdout + done.stderr).decode()) == []


def test_check_prints_no_secret(server: Server) -> None:
    done = server.run("check")
    said = (done.stdout + done.stderr).decode()
    assert "TRIAGE_RUNBOOKS" in said
    assert leaks(said) == []


def test_the_same_secret_keeps_its_place_and_another_is_another(server: Server) -> None:
    first, second = f"password={CANARIES['password']}", f"password={CANARIES['address']}"
    body = alerts({"alertname": "Two", "a": first, "b": first, "c": second})
    detail = server.detail(str(server.hook(body).json()["incidents"][0]))
    assert "secret:password#1" in detail
    assert "secret:password#2" in detail
    assert "secret:password#3" not in detail
