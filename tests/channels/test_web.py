"""The web as a channel: pages are drawn from the log, so nothing is sent."""

import pytest

from channels.web import WebChannel, web
from tests.channels.contract import STORY, ChannelContract, Subject, needs


class TestWebChannel(ChannelContract):
    @pytest.fixture
    def subject(self) -> Subject:
        return Subject(WebChannel())


async def test_the_address_is_the_page_and_messages_are_anchors_on_it() -> None:
    channel = WebChannel()
    page = await channel.open("", STORY[0], "INC-7/root")
    assert page == "/incidents/INC-7"
    posted = await channel.reply(page, STORY[1], "INC-7/proposal:7F3KQ2AB:1")
    assert posted == "/incidents/INC-7#proposal-7F3KQ2AB-1"


async def test_a_page_is_there_after_a_restart_too() -> None:
    page = "/incidents/INC-7"
    assert await WebChannel().find("", "INC-7/root") == page
    assert await WebChannel().find(page, "INC-7/judge") == f"{page}#judge"


async def test_it_needs_no_configuration() -> None:
    async with web.open(needs()) as opened:
        assert isinstance(opened, WebChannel)
