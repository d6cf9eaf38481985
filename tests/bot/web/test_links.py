"""Single-use links: who comes in by one, whose account one offers, and what never spends it."""

import httpx
import pytest

from bot.errors import UnreadableError
from bot.incident.authority import Person
from bot.incident.fact import HOUSE
from bot.incident.facts_house import (
    AccessRefused,
    LinkIssued,
    PersonLinked,
    PersonUnlinked,
    SessionOpened,
)
from bot.knowledge.people import OPERATOR, People
from bot.ports import Reply
from tests.bot.web.browsing import ORIGIN, Page, client, csrf, signed_in
from tests.bot.web.world import World

ACTOR = "slack:T1/U1"
DANA = Person(name="dana", groups=("sre",), identities=("slack:T1/UDANA",))
SAM = Person(name="sam")


@pytest.fixture(autouse=True)
def team(world: World) -> None:
    world.library.people = People((DANA, SAM, OPERATOR))


async def sign_in_link(world: World, name: str = "dana") -> str:
    url, _ = await world.doors().links.sign_in_link(name, "operator", "api:operator")
    assert url.startswith(f"{ORIGIN}/login#")
    return url.partition("#")[2]


async def offered(world: World, actor: str = ACTOR) -> str:
    """Say `link` in a channel; return the path of what it answers."""
    reply = Reply(actor, actor.partition(":")[0], "", "command", text="link")
    said = await world.doors().links.verbs()["link"](reply, _command())
    assert said.kind == "done", said.text
    path = said.text.partition(f"Open {ORIGIN}")[2].partition(" ")[0]
    assert path.startswith("/link/")
    return path


def _command():
    from bot.incident.commands import parse

    return parse("link")


async def enter(browser: httpx.AsyncClient, token: str, target: str = "") -> httpx.Response:
    return await browser.post(
        "/login", data={"token": token, "next": target}, headers={"origin": ORIGIN}
    )


async def take(browser: httpx.AsyncClient, path: str, mine: str = "yes") -> httpx.Response:
    form = {"csrf": csrf((await browser.get("/me")).text), "mine": mine}
    return await browser.post(path, data=form, headers={"origin": ORIGIN})


async def facts(world: World, *kinds: type) -> list[object]:
    return [event.body for event in await world.log.load(HOUSE) if isinstance(event.body, kinds)]


async def links(world: World) -> dict[str, str]:
    return (await world.doors().house()).links


async def test_e25_a_sign_in_link_signs_its_person_in_once(world: World) -> None:
    token = await sign_in_link(world)
    async with client(world) as browser, client(world) as other:
        assert (await enter(browser, token)).status_code == 303
        assert ">dana</a>" in (await browser.get("/incidents")).text
        again = await enter(other, token)
        assert again.status_code == 403
        assert "works once" in again.text
        assert "triagebot people link dana" in again.text
        assert (await other.get("/incidents")).status_code == 303
    assert await facts(world, SessionOpened) == [SessionOpened(person="dana", how="link")]
    assert [row.person for row in world.sessions.rows.values()] == ["dana"]


async def test_e25_a_link_is_kept_by_its_digest_only(world: World) -> None:
    token = await sign_in_link(world)
    path = await offered(world)
    kept = str(await world.log.load(HOUSE))
    assert token not in kept
    assert path.rpartition("/")[2] not in kept
    for_dana, for_actor = await facts(world, LinkIssued)
    assert isinstance(for_dana, LinkIssued)
    assert isinstance(for_actor, LinkIssued)
    assert (for_dana.person, for_dana.actor, for_dana.by) == ("dana", "", "operator")
    assert (for_actor.person, for_actor.actor, for_actor.by) == ("", ACTOR, ACTOR)


async def test_e25_a_link_that_ran_out_says_how_to_get_another(world: World) -> None:
    token = await sign_in_link(world)
    path = await offered(world)
    async with client(world) as browser, signed_in(world) as there:
        world.clock.advance(599)
        assert "Sign in to triagebot" in (await browser.get("/login")).text
        world.clock.advance(1)
        late = await enter(browser, token)
        offer = await there.get(path)
    assert (late.status_code, offer.status_code) == (403, 403)
    assert "it lasts ten minutes. For another: triagebot people link dana" in late.text
    assert "Say link there again" in offer.text
    refused = await facts(world, AccessRefused)
    assert len(refused) == 1
    assert world.sessions.spent == set()


@pytest.mark.parametrize("method", ["GET", "HEAD"])
async def test_e25_a_get_never_signs_in_and_never_spends(world: World, method: str) -> None:
    token, path = await sign_in_link(world), await offered(world)
    dana = await sign_in_link(world)
    async with client(world) as scanner, client(world) as browser:
        for address in (f"/login?token={token}", f"/login?next={path}", path):
            answer = await scanner.request(method, address)
            assert "set-cookie" not in answer.headers
        assert (await enter(browser, dana)).status_code == 303
        spent = set(world.sessions.spent)
        for _ in range(3):
            page = await browser.request(method, path)
            assert page.status_code == 200
        assert world.sessions.spent == spent
        assert await links(world) == {}
        assert (await take(browser, path)).status_code == 303
        assert (await enter(scanner, token)).status_code == 303


async def test_e25_whoever_is_signed_in_confirms_once_that_the_account_is_theirs(
    world: World,
) -> None:
    path = await offered(world)
    async with client(world) as browser:
        login = await browser.get(path)
        assert login.headers["location"] == f"/login?next={path}"
        entered = await enter(browser, await sign_in_link(world), path)
        assert entered.headers["location"] == path
        page = Page((await browser.get(path)).text)
        assert f"Is {ACTOR} you?" in page.text
        assert len([one for one in page.of("button") if "primary" in one.get("class", "")]) == 1
        assert (await take(browser, path, mine="")).status_code == 400
        assert (await take(browser, path)).headers["location"] == "/me"
        assert f"{ACTOR} is you from now on" in (await browser.get("/me")).text
    assert await links(world) == {ACTOR: "dana"}
    assert await facts(world, PersonLinked) == [PersonLinked(person="dana", actor=ACTOR, by="dana")]


async def test_e25_a_spent_offer_links_nobody_again(world: World) -> None:
    path = await offered(world)
    async with client(world) as browser:
        await enter(browser, await sign_in_link(world))
        await take(browser, path)
        await world.doors().links.unlink(ACTOR, "operator", "api:operator")
        await enter(browser, await sign_in_link(world))
        again = await take(browser, path)
    assert again.status_code == 403
    assert "works once. Say link there again" in again.text
    assert await links(world) == {}


async def test_e25_an_account_that_belongs_to_another_is_refused(world: World) -> None:
    mine, same = await offered(world), await offered(world)
    async with client(world) as dana, client(world) as sam:
        await enter(dana, await sign_in_link(world))
        await enter(sam, await sign_in_link(world, "sam"))
        await take(dana, mine)
        answers = [await sam.get(same), await take(sam, same)]
    assert [answer.status_code for answer in answers] == [403, 403]
    assert all(f"{ACTOR} belongs to dana" in Page(answer.text).text for answer in answers)
    assert await links(world) == {ACTOR: "dana"}


async def test_e25_people_yaml_goes_before_every_link(world: World) -> None:
    path = await offered(world)
    named = Person(name="dana", groups=("sre",), identities=(ACTOR,))
    async with client(world) as sam:
        await enter(sam, await sign_in_link(world, "sam"))
        world.library.people = People((named, SAM, OPERATOR))
        answer = await take(sam, path)
    assert answer.status_code == 403
    assert "people.yaml says so" in answer.text
    assert await links(world) == {}


async def test_e25_the_operators_token_is_no_person_to_link(world: World) -> None:
    path = await offered(world)
    async with signed_in(world) as operator:
        answers = [await operator.get(path), await take(operator, path)]
    assert [answer.status_code for answer in answers] == [403, 403]
    assert all("triagebot people link NAME" in answer.text for answer in answers)
    assert await links(world) == {}


async def test_e25_nobody_comes_in_who_was_taken_out_meanwhile(world: World) -> None:
    token = await sign_in_link(world)
    world.library.people = People((SAM, OPERATOR))
    async with client(world) as browser:
        answer = await enter(browser, token)
    assert answer.status_code == 403
    assert "no dana in people.yaml" in answer.text
    assert world.sessions.rows == {}


async def test_e26_nobody_comes_in_by_link_while_people_yaml_cannot_be_read(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    token = await sign_in_link(world)

    async def broken() -> None:
        raise UnreadableError("people.yaml line 3: no mapping")

    monkeypatch.setattr(world.library, "afresh", broken)
    async with client(world) as browser:
        answer = await enter(browser, token)
    assert answer.status_code == 503
    assert "people.yaml line 3" in answer.text
    assert (world.sessions.rows, world.sessions.spent) == ({}, set())


@pytest.mark.parametrize("gone", [None, Person(name="dana", active=False)])
async def test_e25_a_deactivated_persons_session_ends_at_once(
    world: World, gone: Person | None
) -> None:
    async with client(world) as browser:
        await enter(browser, await sign_in_link(world))
        assert (await browser.get("/incidents")).status_code == 200
        world.library.people = People((*((gone,) if gone else ()), SAM, OPERATOR))
        assert (await browser.get("/incidents")).status_code == 303
        assert (await browser.post("/pause", headers={"origin": ORIGIN})).status_code == 403
    assert world.sessions.rows == {}
    assert world.inbox.replies == []


async def test_e25_unlinking_ends_the_sessions_of_the_person_and_of_nobody_else(
    world: World,
) -> None:
    path = await offered(world)
    async with client(world) as dana, client(world) as elsewhere, client(world) as sam:
        await enter(dana, await sign_in_link(world))
        await take(dana, path)
        await enter(elsewhere, await sign_in_link(world))
        await enter(sam, await sign_in_link(world, "sam"))
        assert await world.doors().links.unlink(ACTOR, "operator", "api:operator") == "dana"
        seen = [(await one.get("/me")).status_code for one in (dana, elsewhere, sam)]
    assert seen == [303, 303, 200]
    (fact,) = await facts(world, PersonUnlinked)
    assert fact == PersonUnlinked(person="dana", actor=ACTOR, by="operator")


@pytest.mark.parametrize(
    "path", ["/link/0", "/link/" + "a" * 48, "/link/..%2fme", "/link/" + "Z" * 48]
)
async def test_an_address_that_is_no_link_is_no_page(world: World, path: str) -> None:
    async with signed_in(world) as browser:
        assert (await browser.get(path)).status_code == 404
