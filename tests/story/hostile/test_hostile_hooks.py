"""Webhooks of an attacker: each has a clear status, and good ones before and after are kept."""

import gzip
import json
import socket
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest

from tests.story.hostile.knowledge import BEARER, PASSWORD
from tests.story.hostile.serving import BEARS, Server, alerts, signature

DOOR = "/hooks/alertmanager/default"
SIGNED = "/hooks/generic_json/signed"
GZIP = {"content-encoding": "gzip"}
GOOD = json.dumps(alerts({"alertname": "Ordinary"})).encode()
OVER = 5 * 1024 * 1024 + 1


@pytest.mark.parametrize(
    ("body", "headers", "status"),
    [
        pytest.param(b" " * OVER, {}, 413, id="one byte too many"),
        pytest.param(gzip.compress(b" " * 50_000_000, mtime=0), GZIP, 413, id="gzip bomb"),
        pytest.param(
            gzip.compress(gzip.compress(GOOD, mtime=0), mtime=0), GZIP, 400, id="gzip in gzip"
        ),
        pytest.param(GOOD, {"content-encoding": "gzip, gzip"}, 400, id="gzip twice"),
        pytest.param(gzip.compress(GOOD, mtime=0)[:-9], GZIP, 400, id="gzip cut"),
        pytest.param(GOOD, GZIP, 400, id="gzip that is none"),
        pytest.param(GOOD, {"content-encoding": "br"}, 400, id="unknown encoding"),
        pytest.param(b"[" * 200_000 + b"]" * 200_000, {}, 400, id="deep"),
        pytest.param(b'{"alerts":' * 65 + b"1" + b"}" * 65, {}, 400, id="deep objects"),
        pytest.param(GOOD.decode().encode("utf-16"), {}, 400, id="utf-16"),
        pytest.param(b"", {}, 400, id="empty"),
        pytest.param(b"null", {}, 400, id="null"),
        pytest.param(b'{"alerts":[null]}', {}, 400, id="no alert"),
        pytest.param(b'{"alerts":{}}', {}, 400, id="no list"),
        pytest.param(GOOD + GOOD, {}, 400, id="two documents"),
        pytest.param(GOOD, {"authorization": "Bearer wrong"}, 401, id="wrong secret"),
        pytest.param(GOOD, {"authorization": f"Bearer {BEARER}x"}, 401, id="longer secret"),
        pytest.param(GOOD, {"authorization": f"Bearer {BEARER[:-1]}"}, 401, id="shorter secret"),
        pytest.param(GOOD, {"authorization": f"Basic {BEARER}"}, 401, id="wrong scheme"),
        pytest.param(GOOD, {"authorization": ""}, 401, id="no secret"),
    ],
)
def test_d04_a_refused_delivery_has_its_status(
    server: Server, body: bytes, headers: dict[str, str], status: int
) -> None:
    answer = server.http.post(DOOR, content=body, headers=BEARS | headers)
    assert answer.status_code == status
    assert answer.json()["error"]
    assert "Ordinary" not in answer.text


@pytest.mark.parametrize(
    ("body", "title"),
    [
        (b'{"alertname":"Huge","n":' + b"9" * 20_000 + b"}", "Huge"),
        (b'{"alertname":"Reals","a":NaN,"b":-Infinity,"c":1e999}', "Reals"),
        (b'{"alertname":"Nul\\u0000\\u0001Gone"}', "NulGone"),
        (b'{"alertname":"Raw\x00\x1bGone"}', "RawGone"),
        (b'{"alertname":"Lone\\ud800Gone"}', "LoneGone"),
        (b'{"alertname":"Bytes\xff\xfe"}', "Bytes\ufffd\ufffd"),
        (b'{"alertname":"First","alertname":"Last"}', "Last"),
        (b'{"alertname":"Lists","a":[1,{"b":null}]}', "Lists"),
        (b'["no labels at all"]', "Alert without a name"),
        (b"null", "Alert without a name"),
    ],
)
def test_d05_what_can_be_mended_is_mended_and_kept(server: Server, body: bytes, title: str) -> None:
    raw = b'{"groupKey":"%s","alerts":[{"labels":%s}]}' % (title.encode().hex().encode(), body)
    answer = server.hook(raw)
    assert answer.status_code == 200, answer.text
    assert server.titled(title) in answer.json()["incidents"]


def test_d05_a_body_without_a_length_is_refused_when_it_is_too_large(server: Server) -> None:
    def chunks() -> Iterator[bytes]:
        yield from (b" " * 65_536 for _ in range(OVER // 65_536 + 1))

    assert server.http.post(DOOR, content=chunks(), headers=BEARS).status_code == 413


def test_d05_an_oversize_delivery_is_told_once_and_only_of_doors_there_are(server: Server) -> None:
    big = {"authorization": "Bearer wrong", "content-length": str(OVER)}
    for path in (DOOR, DOOR, "/hooks/alertmanager/no-such-door", f"/hooks/x{'y' * 200}/default"):
        assert b" 413 " in raw_answer(server, head(path, big))
    told = server.run("replay", "house", "--json").stdout.decode()
    assert told.count("OversizeRefused") == 1
    assert "no-such-door" not in told + server.log


@pytest.mark.parametrize(
    "at",
    ["", "soon", "1.5", "-1", "+1700000000", "1_700_000_000", "9" * 40, "0", "NaN", "\u0661"],
)
def test_d01_a_signed_timestamp_is_a_whole_number_near_our_clock(server: Server, at: str) -> None:
    body = b'{"title":"Signed"}'
    signed = signature(body, at or "x")["x-triage-signature"]
    headers = {b"x-triage-signature": signed.encode(), b"x-triage-timestamp": at.encode()}
    assert server.http.post(SIGNED, content=body, headers=headers).status_code == 401


@pytest.mark.parametrize("offset_s", [-301, 302])
def test_d01_old_and_future_signatures_are_refused(server: Server, offset_s: int) -> None:
    at = str(int(time.time()) + offset_s)
    assert server.signed(b'{"title":"Signed"}', at).status_code == 401


@pytest.mark.parametrize("change", ["cut", "empty", "commas", "sha1", "body", "time", "other"])
def test_d01_a_wrong_signature_is_refused(server: Server, change: str) -> None:
    body = b'{"title":"Signed"}'
    headers = signature(body)
    right = headers["x-triage-signature"]
    wrong = {"cut": right[:-1], "empty": "", "commas": "," * 5000, "sha1": f"sha1={right}"}
    headers["x-triage-signature"] = wrong.get(change, right)
    if change == "time":
        headers["x-triage-timestamp"] = str(int(headers["x-triage-timestamp"]) - 1)
    if change == "other":
        headers = signature(body, secret=PASSWORD)
    sent = b'{"title":"Another"}' if change == "body" else body
    assert server.http.post(SIGNED, content=sent, headers=headers).status_code == 401


def test_d01_a_replayed_signature_is_a_duplicate(server: Server) -> None:
    body = b'{"title":"Once"}'
    headers = signature(body)
    first, second = (server.http.post(SIGNED, content=body, headers=headers) for _ in range(2))
    assert (first.status_code, second.status_code) == (200, 200)
    assert second.json() == {"incidents": first.json()["incidents"], "duplicate": True}


@pytest.mark.parametrize(
    "path",
    [
        "nope/default", "alertmanager/nope", "alertmanager", "alertmanager/default/",
        "alertmanager/default/x", "alertmanager//default", "alertmanager/%2e%2e/default",
        "%2e%2e/alertmanager/default", "alertmanager/..%2fdefault", "ALERTMANAGER/default",
        "alertmanager/default%00", "alertmanager/default%0a", "alertmanager/%E2%80%AE", "%ff/%fe",
    ],
)  # fmt: skip
def test_an_address_that_is_no_door_is_404(server: Server, path: str) -> None:
    answer = raw_answer(server, head(f"/hooks/{path}", {**BEARS, "content-length": "0"}))
    assert b" 404 " in answer.partition(b"\r\n")[0]


@pytest.mark.parametrize(
    "method", ["GET", "HEAD", "OPTIONS", "PUT", "PATCH", "DELETE", "TRACE", "PROPFIND"]
)
def test_only_a_post_is_taken(server: Server, method: str) -> None:
    headers = {**BEARS, "x-http-method-override": "POST"}
    answer = server.http.request(method, DOOR, headers=headers)
    assert (answer.status_code, answer.headers["allow"]) == (405, "POST")


@pytest.mark.parametrize(
    "lines",
    [
        ["Content-Length: -5"],
        ["Content-Length: 5", "Content-Length: 6"],
        ["Content-Length: 5", "Transfer-Encoding: chunked"],
        ["Content-Length: 99999999999999999999999"],
        ["Authorization: Bearer", f" {BEARER}", "Content-Length: 2"],
        ["Bad Header: x"],
        ["X: " + "a" * 300_000],
        *([f"X-{number}: {'b' * 1000}" for number in range(300)],),
    ],
)
def test_a_head_that_can_be_read_in_two_ways_or_has_no_end_is_400(
    server: Server, lines: list[str]
) -> None:
    text = "\r\n".join([f"POST {DOOR} HTTP/1.1", "Host: x", *lines, "", "{}"])
    assert raw_answer(server, text.encode()).startswith(b"HTTP/1.1 400 ")


def test_slow_senders_keep_nobody_waiting(server: Server) -> None:
    begun = head(DOOR, {**BEARS, "content-length": "100"}) + b"{"
    slow = [opened(server) for _ in range(50)]
    try:
        for place, connection in enumerate(slow):
            connection.sendall(begun if place % 2 else begun[:40])
        server.well()
    finally:
        for connection in slow:
            connection.close()


def test_d07_a_thousand_duplicates_are_one_event(server: Server) -> None:
    body = json.dumps(alerts({"alertname": "Again"})).encode()
    first = server.hook(body).json()["incidents"][0]
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(server.hook, [body] * 1000))
    assert {answer.status_code for answer in answers} == {200}
    assert all(answer.json()["incidents"] == [first] for answer in answers)
    assert server.events(first).count("AlertsReceived") == 1


def test_d07_fifty_identical_deliveries_at_once_are_one_incident(server: Server) -> None:
    body = json.dumps(alerts({"alertname": "AtOnce"})).encode()
    with ThreadPoolExecutor(50) as pool:
        answers = [answer.json() for answer in pool.map(server.hook, [body] * 50)]
    assert len({str(answer["incidents"]) for answer in answers}) == 1
    assert sum(not answer["duplicate"] for answer in answers) == 1
    assert server.events(answers[0]["incidents"][0]).count("IncidentOpened") == 1


def test_d07_a_fingerprint_that_clashes_on_purpose_silences_nobody(server: Server) -> None:
    def clashing(name: str, group: str) -> bytes:
        alert = {"labels": {"alertname": name}, "fingerprint": "f" * 16, "status": "firing",
                 "startsAt": "2026-01-01T00:00:00Z"}  # fmt: skip
        return json.dumps({"groupKey": group, "alerts": [alert]}).encode()

    for number in range(3):
        server.hook(clashing(f"Clash{number}", f"clash-{number}")).raise_for_status()
    assert all(server.titled(f"Clash{number}") for number in range(3))


def test_ten_thousand_labels_and_alerts_are_cut_and_said_so(server: Server) -> None:
    labels = {"alertname": "Wide", **{f"label{number}": "v" for number in range(10_000)}}
    wide = server.hook(alerts(labels)).json()["incidents"][0]
    detail = server.detail(wide)
    assert "the first 64 each are kept" in detail
    assert "label9999" not in detail
    many = [{"labels": {"alertname": f"Many{number}"}} for number in range(10_000)]
    answer = server.hook(json.dumps({"groupKey": "many", "alerts": many}).encode())
    assert '"truncated":8000' in server.detail(answer.json()["incidents"][0])


def test_g12_text_from_outside_never_makes_a_log_line_of_its_own(server: Server) -> None:
    forged = 'x\n{"level": "error", "event": "forged"}\r\n\u2028{"level": "error"}'
    server.hook(alerts({"alertname": forged, forged: forged}, {forged: forged}, forged))
    server.http.post("/hooks/alertmanager/%0a%7b%22level%22%3a1%7d", content=b"", headers=BEARS)
    text = server.log
    lines = text[text.index("{") :].splitlines()
    assert all(json.loads(line)["level"] for line in lines if line.startswith("{"))
    assert not any(json.loads(line).get("event") == "forged" for line in lines if line[:1] == "{")


def head(path: str, headers: dict[str, str]) -> bytes:
    lines = [f"POST {path} HTTP/1.1", "Host: x", *(f"{n}: {v}" for n, v in headers.items())]
    return "\r\n".join([*lines, "", ""]).encode()


def opened(server: Server) -> socket.socket:
    return socket.create_connection(("127.0.0.1", int(server.url.rpartition(":")[2])), timeout=60)


def raw_answer(server: Server, sent: bytes) -> bytes:
    """Send bytes no client library would, and return the first of what comes back."""
    with opened(server) as connection:
        connection.sendall(sent)
        return connection.recv(65_536)
