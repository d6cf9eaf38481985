"""API tokens of persons and what admins do about people, over the REST API."""

import httpx
import pytest

from bot.incident.authority import Person
from bot.incident.fact import HOUSE
from bot.incident.facts_house import AccessRefused, TokenIssued, TokenRevoked
from bot.knowledge.people import OPERATOR, People
from tests.bot.web.test_api import caller
from tests.bot.web.world import World

DANA = Person(name="dana", groups=("sre",))
ADA = Person(name="ada", admin=True)


@pytest.fixture(autouse=True)
def team(world: World) -> None:
    world.library.people = People((DANA, ADA, OPERATOR))


async def token(world: World, name: str = "dana", days: int = 30) -> str:
    async with caller(world) as operator:
        answer = await operator.post(f"/people/{name}/tokens", json={"name": "ci", "days": days})
    assert answer.status_code == 200, answer.text
    return str(answer.json()["token"])


async def refused(world: World, secret: str) -> str:
    async with caller(world, secret) as api:
        answer = await api.get("/status")
    assert answer.status_code == 401
    assert answer.headers["www-authenticate"] == "Bearer"
    return str(answer.json()["detail"])


async def test_a_persons_token_acts_as_that_person(world: World) -> None:
    world.tell_stories()
    secret = await token(world)
    async with caller(world, secret) as dana, caller(world) as operator:
        for one in (dana, operator):
            answer = await one.post("/proposals/7F3KQ2ZM/decision", json={"verdict": "approve"})
            assert answer.status_code == 200
    first, second = world.inbox.replies
    assert (first.actor, first.person, first.channel) == ("api:dana", "dana", "api")
    assert (second.actor, second.person) == ("api:operator", "operator")


async def test_a_token_is_kept_by_its_digest_and_told_once(world: World) -> None:
    secret = await token(world)
    assert secret.startswith("tbt_")
    assert secret not in str(await world.log.load(HOUSE))
    (fact,) = [e.body for e in await world.log.load(HOUSE) if isinstance(e.body, TokenIssued)]
    assert (fact.person, fact.name, fact.by) == ("dana", "ci", "operator")
    assert (fact.expires_at - world.clock.now()).days == 30


async def test_a_token_runs_out(world: World) -> None:
    secret = await token(world, days=1)
    world.clock.advance(86_399)
    async with caller(world, secret) as api:
        assert (await api.get("/status")).status_code == 200
    world.clock.advance(1)
    why = await refused(world, secret)
    assert "the token ci ran out on" in why
    assert "triagebot people token dana NAME" in why


async def test_a_revoked_token_counts_no_more_and_its_name_is_free(world: World) -> None:
    secret = await token(world)
    async with caller(world) as operator:
        again = await operator.post("/people/dana/tokens", json={"name": "ci"})
        gone = await operator.delete("/people/dana/tokens/ci")
        twice = await operator.delete("/people/dana/tokens/ci")
    assert (again.status_code, gone.status_code, twice.status_code) == (409, 200, 404)
    assert "revoke it first" in again.json()["detail"]
    assert "the token ci was revoked" in await refused(world, secret)
    assert any(isinstance(e.body, TokenRevoked) for e in await world.log.load(HOUSE))
    assert await token(world) != secret


@pytest.mark.parametrize("gone", [None, Person(name="dana", active=False)])
async def test_e25_a_token_of_somebody_who_left_counts_no_more(
    world: World, gone: Person | None
) -> None:
    secret = await token(world)
    world.library.people = People((*((gone,) if gone else ()), ADA, OPERATOR))
    why = await refused(world, secret)
    assert "the token ci does not count" in why
    assert "dana" in why


@pytest.mark.parametrize("secret", ["", "guess", "tbt_", "tbt_" + "0" * 48])
async def test_e42_wrong_tokens_are_a_fact_but_cannot_fill_the_log(
    world: World, secret: str
) -> None:
    async with caller(world, secret) as api:
        for pause in (0, 0, 11):
            world.clock.advance(pause)
            assert (await api.get("/status")).status_code == 401
    facts = [event.body for event in await world.log.load(HOUSE)]
    assert [type(fact) for fact in facts] == [AccessRefused, AccessRefused]
    assert all("guess" not in str(fact) for fact in facts)


async def test_a_refusal_is_answered_though_the_log_is_busy(world: World) -> None:
    world.log.busy = True
    assert "send a token" in await refused(world, "guess")


ADMIN_ONLY = (
    ("POST", "/people/dana/link", None),
    ("POST", "/people/unlink", {"actor": "slack:T1/U1"}),
    ("POST", "/people/dana/tokens", {"name": "more"}),
    ("DELETE", "/people/dana/tokens/ci", None),
)


async def asked(api: httpx.AsyncClient) -> list[int]:
    return [
        (await api.request(method, path, json=body)).status_code
        for method, path, body in ADMIN_ONLY
    ]


async def test_only_an_admin_gives_out_links_and_tokens(world: World) -> None:
    secret, admin = await token(world), await token(world, "ada")
    before = await world.log.changed()
    async with caller(world, secret) as dana, caller(world, admin) as ada:
        assert await asked(dana) == [403, 403, 403, 403]
        assert await world.log.changed() == before
        assert await asked(ada) == [200, 404, 200, 200]


@pytest.mark.parametrize(
    "body",
    [{"name": ""}, {"name": "a b"}, {"name": "ci", "days": 0}, {"name": "ci", "days": 91},
     {"name": "x" * 51}, {"name": "ci", "more": 1}],
    ids=["empty", "spaced", "short", "long", "wordy", "unknown"],
)  # fmt: skip
async def test_a_token_that_will_not_do_is_not_made(
    world: World, body: dict[str, str | int]
) -> None:
    async with caller(world) as operator:
        assert (await operator.post("/people/dana/tokens", json=body)).status_code == 422
        assert (
            await operator.post("/people/nobody/tokens", json={"name": "ci"})
        ).status_code == 404
        assert (
            await operator.post("/people/operator/tokens", json={"name": "ci"})
        ).status_code == 400
        assert (await operator.post("/people/nobody/link")).status_code == 404
    assert not any(isinstance(e.body, TokenIssued) for e in await world.log.load(HOUSE))


async def test_what_people_yaml_says_is_unlinked_only_there(world: World) -> None:
    named = Person(name="dana", identities=("slack:T1/U1",))
    world.library.people = People((named, OPERATOR))
    async with caller(world) as operator:
        answer = await operator.post("/people/unlink", json={"actor": "slack:T1/U1"})
    assert answer.status_code == 409
    assert "people.yaml says that slack:T1/U1 is dana" in answer.json()["detail"]


async def test_e42_the_log_is_taken_out_by_the_token_of_an_admin_and_of_nobody_else(
    world: World,
) -> None:
    of_dana, of_ada = await token(world), await token(world, "ada")
    async with caller(world, of_dana) as dana, caller(world, of_ada) as ada:
        refused_to = await dana.post("/audit/export")
        handed_out = await ada.post("/audit/export")
        world.library.people = People((DANA, ADA.model_copy(update={"admin": False}), OPERATOR))
        too_late = await ada.post("/audit/export")
    assert (refused_to.status_code, handed_out.status_code, too_late.status_code) == (403, 200, 403)
    assert len(world.auditor.taken) == 1
    noted = [e.body for e in await world.log.load(HOUSE) if isinstance(e.body, AccessRefused)]
    assert [fact.actor for fact in noted] == ["api:dana", "api:ada"]
