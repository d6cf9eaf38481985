"""Pages under attack: forged forms, stolen cookies, odd addresses, and markup in every field."""

import json
import re
from collections.abc import Generator
from pathlib import Path

import httpx
import pytest
from pydantic import JsonValue

from bot.web.api_models import ProposalSummary
from bot.web.render import seen
from tests.story.hostile.markup import markup_of
from tests.story.hostile.serving import Server, alerts, browser, same_origin

INJECTIONS = "shared/data/injections/injections.jsonl"
FORM = {"content-type": "application/x-www-form-urlencoded"}
MARKUP = (
    "<script>alert(1)</script>", '"><img src=x onerror=alert(1)>', "' onmouseover='alert(1)",
    "<svg/onload=alert(1)>", "</title><script src=//evil.example/x.js></script>", "{{7*7}}",
    "{% include 'base.html' %}", "javascript:alert(1)", "<a href='javascript:alert(1)'>x</a>",
    "<style>*{display:none}</style>", "<iframe src=//evil.example>", "<form action=//evil.example>",
    "&lt;b&gt;", "<!--", "]]>", "\u202etxt.exe", "\u200bzero", "<base href=//evil.example>",
)  # fmt: skip


@pytest.fixture(scope="module")
def page(server: Server) -> Generator[httpx.Client]:
    with server.visit() as signed_in:
        yield signed_in


@pytest.fixture(scope="module")
def asked(server: Server) -> ProposalSummary:
    return server.proposal(server.broken())


def csrf_of(page: httpx.Client) -> str:
    found = re.search(r'name="csrf" value="([^"]+)"', page.get("/incidents").text)
    assert found is not None
    return found[1]


def approve(
    page: httpx.Client, asked: ProposalSummary, csrf: str, headers: dict[str, str]
) -> httpx.Response:
    form = {"csrf": csrf, "verdict": "approve", "digest12": asked.digest[:12], "revision": "1",
            "confirm": "yes"}  # fmt: skip
    return page.post(f"/proposals/{asked.id}/decision", data=form, headers=headers)


@pytest.mark.parametrize("csrf", ["", "x", "\u00e9\x00", "other"])
def test_h04_a_form_without_this_sessions_token_is_403(
    server: Server, page: httpx.Client, asked: ProposalSummary, csrf: str
) -> None:
    if csrf == "other":
        with server.visit() as somebody:
            csrf = csrf_of(somebody)
    assert approve(page, asked, csrf, same_origin(server.url)).status_code == 403
    assert server.proposal(asked.incident).status == "pending"


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"origin": "null"},
        {"origin": "https://evil.example"},
        {"origin": "https://evil.example", "sec-fetch-site": "same-origin"},
        {"origin": "OURS", "sec-fetch-site": "cross-site"},
        {"origin": "OURS", "sec-fetch-site": "same-site"},
        {"origin": "OURS.evil.example"},
        {"origin": "http://127.0.0.1:1"},
        {"origin": "http://["},
        {"referer": "http://["},
        {"referer": "http://[::1:99999/"},
        {"referer": "https://evil.example/OURS/"},
    ],
)
def test_h04_a_form_of_another_page_is_403(
    server: Server, page: httpx.Client, asked: ProposalSummary, headers: dict[str, str]
) -> None:
    sent = {name: value.replace("OURS", server.url) for name, value in headers.items()}
    assert approve(page, asked, csrf_of(page), sent).status_code == 403
    with browser(server.url) as stranger:
        login = stranger.post("/login", data={"token": server.token}, headers=sent)
    assert (login.status_code, "set-cookie" in login.headers) == (403, False)
    assert server.target.runs == []


@pytest.mark.parametrize("host", ["evil.example", "[", "127.0.0.1@evil.example", "127.0.0.1.evil"])
def test_a_rebound_name_gets_no_session(server: Server, page: httpx.Client, host: str) -> None:
    origin = {"host": host, "origin": f"http://{host}"}
    assert page.get("/incidents", headers={"host": host}).status_code == 303
    with browser(server.url) as stranger:
        answer = stranger.post("/login", data={"token": server.token}, headers=origin)
        shown = stranger.get("/login", headers={"host": host}).text
    assert (answer.status_code, "set-cookie" in answer.headers) == (403, False)
    assert "evil" not in shown


@pytest.mark.parametrize(
    "target",
    ["//evil.example", "https://evil.example", "/\\evil.example", "/incidents/../../x", "/e/..",
     "/incidents\n//evil.example", "javascript:alert(1)", "/login", "/logout",
     "/incidents/%0d%0aSet-Cookie:a=b", "/incidents?x=//evil", "\u2215/evil.example"],
)  # fmt: skip
def test_next_leads_nowhere_but_to_our_pages(server: Server, target: str) -> None:
    with browser(server.url) as stranger:
        form = {"token": server.token, "next": target}
        answer = stranger.post("/login", data=form, headers=same_origin(server.url))
    assert (answer.status_code, answer.headers["location"]) == (303, "/incidents")


def test_h04_a_planted_cookie_is_never_the_session(server: Server) -> None:
    with browser(server.url) as victim:
        victim.cookies.set("triage_session", "A" * 64)
        answer = victim.post(
            "/login", data={"token": server.token}, headers=same_origin(server.url)
        )
        cookie = answer.headers["set-cookie"]
        assert "A" * 64 not in cookie
        assert {"HttpOnly", "Path=/", "SameSite=lax"} <= set(cookie.split("; "))
    with browser(server.url) as thief:
        thief.cookies.set("triage_session", "A" * 64)
        assert thief.get("/incidents").status_code == 303


def test_h04_a_session_ends_with_its_sign_out(server: Server) -> None:
    with server.visit() as visitor, browser(server.url) as thief:
        stolen = visitor.cookies["triage_session"]
        form = {"csrf": csrf_of(visitor)}
        left = visitor.post("/logout", data=form, headers=same_origin(server.url))
        assert left.status_code == 303
        thief.cookies.set("triage_session", stolen)
        assert thief.get("/incidents").status_code == 303
        assert thief.post("/pause", headers=same_origin(server.url)).status_code == 403


def test_the_database_holds_no_token_a_thief_could_use(server: Server, page: httpx.Client) -> None:
    token = page.cookies["triage_session"]
    with server.database() as connection:
        rows = str(connection.execute("SELECT * FROM session").fetchall())
    assert token not in rows
    assert server.token not in rows


@pytest.mark.parametrize(
    "path",
    ["/pause", "/resume", "/logout", "/proposals/AAAA/decision", "/incidents/INC-1/command",
     "/login?token=TOKEN", "/incidents?word=pause&csrf=x"],
)  # fmt: skip
def test_no_get_changes_anything(server: Server, page: httpx.Client, path: str) -> None:
    with server.database() as connection:
        asked = "SELECT count(*) FROM event WHERE stream = 'house'"
        before = connection.execute(asked).fetchone()
        answer = page.get(path.replace("TOKEN", server.token))
        assert answer.status_code in {200, 404}
        assert "set-cookie" not in answer.headers
        assert connection.execute(asked).fetchone() == before
    for method in ("PUT", "DELETE", "PATCH", "TRACE", "OPTIONS"):
        assert page.request(method, path).status_code == 405


@pytest.mark.parametrize(
    "path",
    ["/static/../pages.py", "/static/..%2fpages.py", "/static/%2e%2e/server.py", "/static/",
     "/static/app.css%00", "/static//etc/passwd", "/e/../../etc/passwd", "/e/%2e%2e%2fetc",
     "/e/%00", f"/e/{'a' * 30_000}", "/incidents/house", "/incidents/house/events",
     "/incidents/INC-1%00/events", "/incidents/%F0%9F%98%80", "/incidents/INC-99999999999",
     "/incidents/INC-0", "/proposals/%E2%84%AA%E2%84%AA%E2%84%AA%E2%84%AA", "/proposals/----",
     "/proposals/%25%25%25%25", "//evil.example/", "/.git/config", "/triagebot.token"],
)  # fmt: skip
def test_an_address_that_is_no_page_is_404(server: Server, page: httpx.Client, path: str) -> None:
    answer = page.get(httpx.URL(server.url).copy_with(raw_path=path.encode()))
    assert answer.status_code == 404
    assert markup_of(answer.text).foreign() == []


@pytest.mark.parametrize(
    "query",
    ["text=%22%20OR%20*%20NEAR(", "text=';drop table event;--", "text=title:x", "text=AND OR NOT",
     "text=%C2%B2%20%E2%91%A0", "text=%CC%81", "text=%00", "text=%ED%A0%80", "text=*", "text=^a",
     f"text=INC-{'9' * 30}", f"before=INC-{'9' * 30}", "before=INC-x", "status=' OR 1=1 --",
     "service=' OR 1=1 --", "severity=%00", "text=" + "a%20" * 500, "text=" + "%E2%82%AC" * 3000],
)  # fmt: skip
def test_what_is_searched_for_is_never_a_query(page: httpx.Client, query: str) -> None:
    answer = page.get(f"/incidents?{query}")
    assert answer.status_code == 200
    assert markup_of(answer.text).foreign() == []


@pytest.mark.parametrize(
    ("body", "headers"),
    [
        (b"token=" + b"a" * 70_000, FORM),
        (b"&".join(b"a%d=1" % number for number in range(100)), FORM),
        (b"token=%ff%fe", FORM),
        (b"\xff\xfe", FORM),
        (b"{}", {"content-type": "application/json"}),
        (b"--x\r\n", {"content-type": "multipart/form-data; boundary=x"}),
    ],
)
def test_a_form_that_cannot_be_read_is_refused(
    server: Server, body: bytes, headers: dict[str, str]
) -> None:
    sent = same_origin(server.url) | headers
    assert server.http.post("/login", content=body, headers=sent).status_code == 403


@pytest.mark.parametrize("path", ["/incidents", "/login", "/nothing", "/livez", "/api/v1/status"])
def test_h04_every_answer_carries_the_headers(server: Server, path: str) -> None:
    for headers in (server.operator, {}):
        answer = server.http.get(path, headers=headers)
        policy = answer.headers["content-security-policy"]
        assert "default-src 'none'" in policy
        assert "frame-ancestors 'none'" in policy
        assert "unsafe" not in policy
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert answer.headers["referrer-policy"] == "no-referrer"
        assert answer.headers["cache-control"] == "no-store"
        assert "server" not in answer.headers


@pytest.mark.parametrize(
    "header", ["forwarded", "x-forwarded-for", "x-forwarded-proto", "x-forwarded-host",
               "x-real-ip", "via", "cf-connecting-ip", "true-client-ip"],
)  # fmt: skip
def test_g01_metrics_are_not_for_whoever_comes_through_a_proxy(server: Server, header: str) -> None:
    assert server.http.get("/metrics", headers={header: "127.0.0.1"}).status_code == 401
    assert server.http.get("/metrics", headers={"host": "evil.example"}).status_code == 401
    good = {header: "127.0.0.1"} | server.operator
    assert server.http.get("/metrics", headers=good).status_code == 200


def test_f09_markup_in_every_field_is_text_on_every_page(
    server: Server, page: httpx.Client
) -> None:
    groups = [*([text] for text in MARKUP), injections()]
    opened = [
        server.hook({"groupKey": f"markup {place}", "alerts": [firing(text) for text in group]})
        for place, group in enumerate(groups)
        if group
    ]
    assert {answer.status_code for answer in opened} == {200}
    incidents = [str(answer.json()["incidents"][0]) for answer in opened]
    for incident in incidents:
        assert server.say(f"note {incident} 'a <img src=x onerror=alert(1)>'").status_code == 200
    asked = [server.say(f"ask {incident} <b>").status_code for incident in incidents]
    assert asked[0] == 200
    assert set(asked) <= {200, 503}  # a person may ask so often a minute
    for path in [
        "/incidents",
        "/approvals",
        "/status",
        *(f"/incidents/{one}" for one in incidents),
    ]:
        answer = page.get(path)
        assert answer.status_code == 200
        assert markup_of(answer.text).foreign() == [], path
    for text, incident in zip(MARKUP, incidents, strict=False):
        assert str(seen(text)) in markup_of(page.get(f"/incidents/{incident}").text).text
    assert server.target.runs == []


def test_f09_what_a_stranger_calls_himself_is_text(server: Server, page: httpx.Client) -> None:
    answer = server.say("start '<svg/onload=alert(1)>' '<script>alert(1)</script>'")
    opened = str(answer.json()["incident"])
    assert markup_of(page.get(f"/incidents/{opened}").text).foreign() == []
    link = server.hook(alerts({"alertname": "Link"}, {"runbook_url": "https://evil.example/"}))
    shown = markup_of(page.get(f"/incidents/{link.json()['incidents'][0]}").text)
    assert shown.foreign() == []


def firing(text: str) -> JsonValue:
    """Return an Alertmanager alert that says this everywhere."""
    return {
        "status": "firing",
        "startsAt": "2026-01-01T00:00:00Z",
        "generatorURL": text,
        "labels": {"alertname": text, "severity": text, "service": text, text[:100]: text},
        "annotations": {"summary": text, "runbook_url": text, text[:100]: text},
    }


def injections() -> list[str]:
    """Return the recorded injections, none where they are not at hand."""
    found = next(
        (up / INJECTIONS for up in Path(__file__).parents if (up / INJECTIONS).exists()), None
    )
    lines = found.read_text(encoding="utf-8").splitlines() if found is not None else []
    return [str(json.loads(line)["text"]) for line in lines]
