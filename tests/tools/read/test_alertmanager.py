"""Counting silences."""

import pytest
from pydantic import JsonValue
from starlette.responses import PlainTextResponse

from bot.errors import RemoteError
from tests.tools.fixtures import CANARY, Server, facts, needs, reading
from tools.read import alertmanager_silences

SECRETS = {"ALERTMANAGER_URL": "http://alertmanager.test/", "ALERTMANAGER_READ_TOKEN": CANARY}


def silence(comment: str, state: str = "active", value: str = "A") -> JsonValue:
    return {
        "id": "5d1c",
        "comment": comment,
        "createdBy": "dana",
        "startsAt": "2031-05-04T12:00:00.000Z",
        "endsAt": "2031-05-04T13:00:00.000Z",
        "status": {"state": state},
        "matchers": [{"name": "alertname", "value": value, "isRegex": False, "isEqual": True}],
    }


async def count(silences: list[JsonValue], **args: JsonValue) -> dict[str, object]:
    server = Server()
    server.says("GET /api/v2/silences", silences)
    async with reading(alertmanager_silences, needs(server, secrets=SECRETS)) as look:
        return facts(await look(**args))


async def test_active_silences_with_the_text_are_counted() -> None:
    known = [silence("one bad deploy"), silence("one", "expired"), silence("one", "pending")]
    assert await count([*known, silence("two")], comment_contains="one") == {
        "active": 2,
        "matching": 1,
    }


async def test_where_matchers_are_given_they_must_be_exactly_these() -> None:
    known = [silence("one"), silence("one", value="B")]
    found = await count(known, comment_contains="one", matchers='alertname="B"')
    assert found == {"active": 2, "matching": 1}


async def test_nothing_silenced_is_counted_too() -> None:
    assert await count([], comment_contains="") == {"active": 0, "matching": 0}


async def test_a_refusal_names_the_variable_and_not_its_value() -> None:
    server = Server({"GET /api/v2/silences": PlainTextResponse(CANARY, 401)})
    async with reading(alertmanager_silences, needs(server, secrets=SECRETS)) as look:
        with pytest.raises(RemoteError, match="check ALERTMANAGER_READ_TOKEN") as caught:
            await look(comment_contains="")
    assert CANARY not in str(caught.value)


async def test_without_an_address_the_tool_stays_off_the_shelf() -> None:
    async with alertmanager_silences.open(needs()) as opened:
        assert opened is None
