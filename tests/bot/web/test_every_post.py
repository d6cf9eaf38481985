"""Every form, new ones too: what another site sends, or lacks the session's token, does nothing."""

import pytest

from bot.web.pages import page_routes
from bot.web.session import Gate
from tests.bot.web.browsing import ORIGIN, csrf, signed_in
from tests.bot.web.world import World

NAMED = {"{incident}": "INC-4", "{proposal}": "7F3KQ2ZM", "{secret}": "ab" * 24}
OPEN = {"/login", "/{path:path}"}
"""Signing in has no session yet and is asked for its origin; the last route changes nothing."""


def posts(world: World) -> list[str]:
    """Return a path of every route that takes a form."""
    doors = world.doors()
    found = [
        route.path
        for route in page_routes(doors, Gate(doors))
        if "POST" in (route.methods or ()) and route.path not in OPEN
    ]
    assert len(found) > 10
    for name, value in NAMED.items():
        found = [path.replace(name, value) for path in found]
    return found


@pytest.mark.parametrize(
    ("token", "origin"),
    [
        pytest.param("own", "https://evil.example", id="from another site"),
        pytest.param("own", "null", id="from nowhere"),
        pytest.param("", ORIGIN, id="without a token"),
        pytest.param("c" * 64, ORIGIN, id="with another session's token"),
    ],
)
async def test_h04_a_form_that_is_not_this_sessions_own_does_nothing(
    world: World, token: str, origin: str
) -> None:
    async with signed_in(world) as browser:
        own = csrf((await browser.get("/me")).text)
        form = {"csrf": own if token == "own" else token, "mine": "yes", "code": "123456"}
        before = {stream: len(events) for stream, events in world.log.streams.items()}
        for path in posts(world):
            answer = await browser.post(path, data=form, headers={"origin": origin})
            assert answer.status_code == 403, path
        assert len(world.sessions.rows) == 1
        assert before == {stream: len(events) for stream, events in world.log.streams.items()}
        assert (await browser.get("/me")).status_code == 200
