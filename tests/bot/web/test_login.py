"""Signing in: by token and POST only, from our own page only, and the session it opens."""

import pytest
from pydantic import HttpUrl

from bot.incident.fact import HOUSE
from bot.incident.facts_house import AccessRefused
from bot.settings import Settings
from bot.web.session import ABSOLUTE, IDLE, digest_of
from tests.bot.web.browsing import ORIGIN, client, csrf, send, signed_in
from tests.bot.web.world import FIRST_TOKEN, OPERATOR_TOKEN, World


def https(world: World) -> World:
    world.settings = Settings(public_url=HttpUrl("https://bot.example"))
    return world


async def test_h04_the_operators_token_opens_a_session_and_only_its_digest_is_kept(
    world: World,
) -> None:
    async with signed_in(world) as browser:
        token = browser.cookies["triage_session"]
        assert list(world.sessions.rows) == [digest_of(token)]
        assert world.sessions.rows[digest_of(token)].person == "operator"
        assert (await browser.get("/incidents")).status_code == 200


async def test_h04_on_loopback_the_cookie_is_httponly_and_lax(world: World) -> None:
    async with client(world) as browser:
        answer = await browser.post(
            "/login", data={"token": OPERATOR_TOKEN}, headers={"origin": ORIGIN}
        )
    cookie = answer.headers["set-cookie"]
    assert cookie.startswith("triage_session=")
    assert {"HttpOnly", "SameSite=lax", "Path=/"} <= set(cookie.split("; "))


async def test_h04_with_https_the_cookie_is_a_secure_host_cookie(world: World) -> None:
    async with client(https(world), "https://bot.example") as browser:
        answer = await browser.post(
            "/login", data={"token": OPERATOR_TOKEN}, headers={"origin": "https://bot.example"}
        )
    cookie = answer.headers["set-cookie"]
    assert cookie.startswith("__Host-triage=")
    assert {"Secure", "HttpOnly", "Path=/"} <= set(cookie.split("; "))
    assert "omain" not in cookie


async def test_h04_without_https_and_loopback_nobody_signs_in(world: World) -> None:
    async with client(world, "http://bot.example") as browser:
        page = await browser.get("/login")
        answer = await browser.post(
            "/login", data={"token": OPERATOR_TOKEN}, headers={"origin": "http://bot.example"}
        )
    assert "TRIAGE_PUBLIC_URL" in page.text
    assert answer.status_code == 403
    assert "set-cookie" not in answer.headers


async def test_a_get_never_signs_in_whatever_it_carries(world: World) -> None:
    async with client(world) as browser:
        answer = await browser.get("/login", params={"token": OPERATOR_TOKEN})
    assert answer.status_code == 200
    assert "set-cookie" not in answer.headers
    assert OPERATOR_TOKEN not in answer.text
    assert world.sessions.rows == {}


async def test_the_first_runs_token_signs_in_once(world: World) -> None:
    for status in (303, 403):
        async with client(world) as browser:
            answer = await browser.post(
                "/login", data={"token": FIRST_TOKEN}, headers={"origin": ORIGIN}
            )
        assert answer.status_code == status


@pytest.mark.parametrize("token", ["", "wrong", OPERATOR_TOKEN[:-1], OPERATOR_TOKEN + "x"])
async def test_a_wrong_token_opens_nothing(world: World, token: str) -> None:
    async with client(world) as browser:
        answer = await browser.post("/login", data={"token": token}, headers={"origin": ORIGIN})
    assert answer.status_code == 403
    assert world.sessions.rows == {}


async def test_e42_wrong_tokens_are_a_fact_but_cannot_fill_the_log(world: World) -> None:
    async with client(world) as browser:
        for pause in (0, 0, 11):
            world.clock.advance(pause)
            await browser.post("/login", data={"token": "guess"}, headers={"origin": ORIGIN})
    facts = [event.body for event in await world.log.load(HOUSE)]
    assert [type(fact) for fact in facts] == [AccessRefused, AccessRefused]
    assert "guess" not in str(facts)


async def test_a_busy_log_is_said_when_signing_in(world: World) -> None:
    world.log.busy = True
    async with client(world) as browser:
        answer = await browser.post("/login", data={"token": "x"}, headers={"origin": ORIGIN})
    assert answer.status_code == 503
    assert "Not signed in" in answer.text


@pytest.mark.parametrize(
    "headers",
    [
        {"origin": "https://evil.example"},
        {"origin": "null"},
        {},
        {"origin": "null", "sec-fetch-site": "cross-site"},
        {"origin": ORIGIN, "sec-fetch-site": "same-site"},
        {"referer": "https://evil.example/x"},
        {"origin": "http://127.0.0.1:9999"},
    ],
)
async def test_h04_another_sites_form_is_refused(world: World, headers: dict[str, str]) -> None:
    async with client(world) as browser:
        answer = await browser.post("/login", data={"token": OPERATOR_TOKEN}, headers=headers)
    assert answer.status_code == 403
    assert world.sessions.rows == {}


@pytest.mark.parametrize(
    "headers",
    [
        {"origin": ORIGIN},
        {"origin": "null", "sec-fetch-site": "same-origin"},
        {"referer": f"{ORIGIN}/login"},
    ],
)
async def test_h04_our_own_form_is_taken_as_browsers_send_it(
    world: World, headers: dict[str, str]
) -> None:
    async with client(world) as browser:
        answer = await browser.post("/login", data={"token": OPERATOR_TOKEN}, headers=headers)
    assert answer.status_code == 303


@pytest.mark.parametrize(
    ("asked", "led"),
    [
        ("/proposals/7F3KQ2ZM", "/proposals/7F3KQ2ZM"),
        ("//evil.example", "/incidents"),
        ("https://evil.example", "/incidents"),
        ("/\\evil.example", "/incidents"),
        ("/incidents/../..//evil.example", "/incidents"),
    ],
)
async def test_signing_in_leads_only_to_our_own_pages(world: World, asked: str, led: str) -> None:
    async with client(world) as browser:
        answer = await browser.post(
            "/login", data={"token": OPERATOR_TOKEN, "next": asked}, headers={"origin": ORIGIN}
        )
    assert answer.headers["location"] == led


async def test_h04_signing_in_again_rotates_the_session(world: World) -> None:
    async with signed_in(world) as browser:
        first = browser.cookies["triage_session"]
        await browser.post("/login", data={"token": OPERATOR_TOKEN}, headers={"origin": ORIGIN})
        assert browser.cookies["triage_session"] != first
        assert digest_of(first) not in world.sessions.rows


async def test_h04_an_idle_session_ends(world: World) -> None:
    async with signed_in(world) as browser:
        world.clock.advance(IDLE.total_seconds())
        assert (await browser.get("/incidents")).status_code == 303
        assert world.sessions.rows == {}


async def test_h04_a_session_that_is_used_ends_after_a_day(world: World) -> None:
    async with signed_in(world) as browser:
        hours = int(ABSOLUTE.total_seconds() / 3600)
        answers: list[int] = []
        for _ in range(hours):
            world.clock.advance(3600)
            answers.append((await browser.get("/incidents")).status_code)
    assert answers == [200] * (hours - 1) + [303]


async def test_signing_out_ends_the_session(world: World) -> None:
    async with signed_in(world) as browser:
        answer = await send(browser, "/logout", {})
        assert answer.headers["location"] == "/login"
        assert world.sessions.rows == {}
        assert (await browser.get("/incidents")).status_code == 303


async def test_h04_a_form_without_this_sessions_token_is_refused(world: World) -> None:
    async with signed_in(world) as browser, signed_in(world) as other:
        foreign = csrf((await other.get("/incidents")).text)
        for token in ("", "0", foreign):
            answer = await browser.post(
                "/incidents",
                data={"csrf": token, "service": "checkout", "text": "it burns"},
                headers={"origin": ORIGIN},
            )
            assert answer.status_code == 403
    assert world.inbox.replies == []


async def test_h04_a_form_from_elsewhere_is_refused_even_with_the_token(world: World) -> None:
    async with signed_in(world) as browser:
        answer = await send(browser, "/pause", {}, origin="https://evil.example")
    assert answer.status_code == 403
    assert world.inbox.replies == []


async def test_a_stranger_is_never_told_what_exists(world: World) -> None:
    async with client(world) as browser:
        answers = [
            await browser.get(path)
            for path in ("/incidents/INC-7", "/incidents/INC-999", "/nothing", "/e/00")
        ]
    assert {answer.status_code for answer in answers} == {303}
    assert all(answer.headers["location"].startswith("/login?next=") for answer in answers)


async def test_a_strangers_form_is_refused(world: World) -> None:
    async with client(world) as browser:
        answer = await browser.post("/pause", data={}, headers={"origin": ORIGIN})
    assert answer.status_code == 403
    assert world.inbox.replies == []
