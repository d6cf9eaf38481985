"""Who I am here, that every coming in is a fact, and leaving everywhere at once."""

import pytest

from bot.incident.facts_house import SessionOpened
from bot.knowledge.people import OPERATOR, People
from tests.bot.web.browsing import ORIGIN, client, csrf, signed_in
from tests.bot.web.test_links import ACTOR, DANA, SAM, enter, facts, offered, sign_in_link, take
from tests.bot.web.world import OPERATOR_TOKEN, World


@pytest.fixture(autouse=True)
def team(world: World) -> None:
    world.library.people = People((DANA, SAM, OPERATOR))


async def test_signing_out_everywhere_ends_every_session_of_one_person(world: World) -> None:
    async with client(world) as dana, client(world) as elsewhere, signed_in(world) as operator:
        for browser in (dana, elsewhere):
            await enter(browser, await sign_in_link(world))
        form = {"csrf": csrf((await dana.get("/me")).text)}
        answer = await dana.post("/me/leave", data=form, headers={"origin": ORIGIN})
        assert answer.headers["location"] == "/login"
        seen = [(await one.get("/me")).status_code for one in (dana, elsewhere, operator)]
    assert seen == [303, 303, 200]


async def test_me_shows_who_i_am_and_no_secret(world: World) -> None:
    path = await offered(world)
    doors = world.doors()
    given = await doors.tokens.issue("dana", "ci", 30, "operator", "api:operator")
    await doors.tokens.issue("sam", "sams", 30, "operator", "api:operator")
    async with client(world) as browser:
        await enter(browser, await sign_in_link(world))
        await take(browser, path)
        await browser.get("/incidents")
        page = (await browser.get("/me")).text
    for word in ("dana", "sre", "slack:T1/UDANA", "people.yaml", ACTOR, "ci"):
        assert word in page
    assert given.secret not in page
    assert "sams" not in page


@pytest.mark.parametrize("how", ["token", "first-run", "link"])
async def test_e42_every_sign_in_is_a_fact(world: World, how: str) -> None:
    first = "a-first-run-token"
    token = {"token": OPERATOR_TOKEN, "first-run": first, "link": await sign_in_link(world)}[how]
    async with client(world) as browser:
        assert (await enter(browser, token)).status_code == 303
    (fact,) = await facts(world, SessionOpened)
    assert fact == SessionOpened(person="dana" if how == "link" else "operator", how=how)
    assert (await world.doors().house()).keys.sign_ins == {how: 1}


async def test_e42_without_the_fact_nobody_is_signed_in(world: World) -> None:
    token = await sign_in_link(world)
    world.log.busy = True
    async with client(world) as browser:
        assert (await enter(browser, token)).status_code == 503
    assert world.sessions.rows == {}
