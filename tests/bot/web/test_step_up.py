"""The page of one-time codes (E-24): fresh sessions set up the first ones, and only their own."""

import re

import httpx
import pytest

from bot.incident.fact import HOUSE
from bot.incident.facts_house import StepUpEnrolled
from bot.incident.stepup import FOOTER
from tests.bot.intake.phones import Phone, enrolled
from tests.bot.web import stories
from tests.bot.web.browsing import ORIGIN, Page, client, send, signed_in
from tests.bot.web.world import OPERATOR_TOKEN, World

PATH = "/me/step-up"
TEN_MINUTES = 600


def phone_in(world: World, page: str) -> Phone:
    """Read the secret off the page, as a person would."""
    found = re.search(r'<code id="secret">([A-Z2-7 ]+)</code>', page)
    assert found is not None
    return Phone(found[1].replace(" ", ""), world.clock)


async def offered(world: World, browser: httpx.AsyncClient) -> Phone:
    answer = await send(browser, f"{PATH}/offer", {})
    assert (answer.status_code, answer.headers["location"]) == (303, PATH)
    return phone_in(world, (await browser.get(PATH)).text)


async def test_e24_a_person_sets_codes_up_by_the_first_of_them(world: World) -> None:
    async with signed_in(world) as browser:
        assert "They are not set up yet" in (await browser.get(PATH)).text
        phone = await offered(world, browser)
        answer = await send(browser, f"{PATH}/confirm", {"code": phone.code()})
        done = (await browser.get(answer.headers["location"])).text
    assert "Your one-time codes are set up" in done
    assert phone.secret not in done.replace(" ", "")
    facts = [event.body for event in world.log.streams[HOUSE]]
    assert facts[1:] == [StepUpEnrolled(person="operator", how="totp", by="operator")]


async def test_e24_the_secret_stands_there_as_text_as_an_address_and_as_a_square(
    world: World,
) -> None:
    async with signed_in(world) as browser:
        phone = await offered(world, browser)
        answer = await browser.get(PATH)
    page = Page(answer.text)
    [link] = [one["href"] for one in page.of("a") if one.get("class") == "uri"]
    assert link.startswith(f"otpauth://totp/triagebot:operator?secret={phone.secret}")
    assert page.of("svg")
    assert "style=" not in answer.text
    assert answer.headers["cache-control"] == "no-store"


async def test_e24_looking_at_the_page_offers_nothing(world: World) -> None:
    async with signed_in(world) as browser:
        for _ in range(2):
            assert 'id="secret"' not in (await browser.get(PATH)).text
    assert await world.step_up.offered("operator", next(iter(world.sessions.rows))) is None


async def test_e24_another_session_of_the_same_person_does_not_see_the_secret(
    world: World,
) -> None:
    async with signed_in(world) as browser, signed_in(world) as other:
        await offered(world, browser)
        assert 'id="secret"' not in (await other.get(PATH)).text
        answer = await send(other, f"{PATH}/confirm", {"code": "123456"})
    assert answer.status_code == 400
    assert "start over" in answer.text


async def test_e24_the_first_codes_need_a_session_younger_than_ten_minutes(world: World) -> None:
    async with signed_in(world) as browser:
        world.clock.advance(TEN_MINUTES)
        page = await browser.get(PATH)
        answer = await send(browser, f"{PATH}/offer", {})
    assert f'action="{PATH}/offer"' not in page.text
    assert answer.status_code == 403
    assert "within ten minutes" in page.text
    assert "within ten minutes" in answer.text


async def test_e24_new_codes_in_an_old_session_need_one_of_those_before(world: World) -> None:
    async with signed_in(world) as browser:
        old = await enrolled(world.step_up, world.clock, "operator")
        world.clock.advance(TEN_MINUTES)
        new = await offered(world, browser)
        for current in ("", new.code()):
            answer = await send(
                browser, f"{PATH}/confirm", {"code": new.code(), "current": current}
            )
            told = (await browser.get(answer.headers["location"])).text
            assert "The code of what you use so far" in told
        await send(browser, f"{PATH}/confirm", {"code": new.code(), "current": old.code()})
        assert "Your one-time codes are set up" in (await browser.get(PATH)).text


@pytest.mark.parametrize("path", [f"{PATH}/offer", f"{PATH}/confirm"])
async def test_e24_another_sites_form_sets_nothing_up(world: World, path: str) -> None:
    async with signed_in(world) as browser:
        forged = await browser.post(path, data={"code": "1"}, headers={"origin": ORIGIN})
        abroad = await send(browser, path, {}, origin="https://evil.example")
    assert (forged.status_code, abroad.status_code) == (403, 403)
    assert [event.type for event in world.log.streams[HOUSE]] == ["SessionOpened"]


async def test_e24_who_is_not_signed_in_is_led_to_the_sign_in_and_back(world: World) -> None:
    async with client(world) as browser:
        answer = await browser.get(PATH)
        assert answer.headers["location"] == f"/login?next={PATH}"
        fields = {"token": OPERATOR_TOKEN, "next": PATH}
        back = await browser.post("/login", data=fields, headers={"origin": ORIGIN})
    assert back.headers["location"] == PATH


def high(world: World) -> World:
    world.log.streams["INC-7"] = stories.bad_deploy("INC-7", "high")
    return world


async def test_e24_without_codes_the_decision_page_says_how_to_set_them_up(world: World) -> None:
    async with signed_in(high(world)) as browser:
        page = (await browser.get("/proposals/7F3KQ2ZM")).text
    assert f'href="{PATH}"' in page
    assert "you have not set up yours yet" in page
    assert 'value="approve"' not in page
    assert 'value="deny"' in page


async def test_e24_the_incidents_page_leads_to_the_decision_page_by_a_link(world: World) -> None:
    async with signed_in(high(world)) as browser:
        page = (await browser.get("/incidents/INC-7")).text
    assert 'href="/proposals/7F3KQ2ZM#decide"' in page
    assert 'value="approve"' not in page


async def test_e24_with_the_setting_no_code_is_asked_for_and_every_page_says_so(
    world: World,
) -> None:
    world.library.policy = world.library.policy.model_copy(update={"chat_only_high": True})
    async with signed_in(high(world)) as browser:
        page = Page((await browser.get("/proposals/7F3KQ2ZM")).text)
        for path in ("/incidents", "/status", PATH):
            assert FOOTER in (await browser.get(path)).text
    needed = {field.get("name") for field in page.of("input") if "required" in field}
    assert needed == {"typed"}


async def test_e24_the_api_hands_the_code_on(world: World) -> None:
    async with client(world) as browser:
        for code, status in (("123456", 200), ("12345", 422), ("1234567", 422)):
            answer = await browser.post(
                "/api/v1/proposals/7F3KQ2ZM/decision",
                json={"verdict": "approve", "code": code},
                headers={"authorization": f"Bearer {OPERATOR_TOKEN}"},
            )
            assert answer.status_code == status
    assert [reply.code for reply in world.inbox.replies] == ["123456"]
