"""A world with its stories told, for every test of the web."""

import pytest

from tests.bot.web.world import World


@pytest.fixture
def world() -> World:
    made = World()
    made.tell_stories()
    return made
