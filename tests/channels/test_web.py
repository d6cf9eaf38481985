"""The web as a channel: pages are drawn from the log, so nothing is sent."""

import pytest

from channels.web import ACTORS_MAX, TOLD_MAX, WebChannel, web
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


async def test_what_one_person_was_told_waits_for_them_alone_and_once() -> None:
    channel = WebChannel()
    for number in range(TOLD_MAX + 2):
        await channel.tell("web:dana", "/incidents/INC-7", f"no {number}")
    assert channel.told("web:sam") == []
    assert channel.told("web:dana") == [f"no {n}" for n in range(2, TOLD_MAX + 2)]
    assert channel.told("web:dana") == []


async def test_refusals_of_many_people_do_not_fill_the_memory() -> None:
    channel = WebChannel()
    for number in range(ACTORS_MAX + 10):
        await channel.tell(f"web:{number}", "", "no")
    assert channel.told("web:0") == []
    assert channel.told(f"web:{ACTORS_MAX + 9}") == ["no"]


async def test_it_needs_no_configuration() -> None:
    async with web.open(needs()) as opened:
        assert isinstance(opened, WebChannel)
