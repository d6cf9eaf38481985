"""The channel in memory keeps the promises of the real ones, or tests with it prove nothing."""

import pytest

from bot.errors import RemoteError
from tests.channels.contract import STORY, ChannelContract, Subject
from tests.channels.fake_channel import FakeChannel, answered, timed_out


class TestFakeChannel(ChannelContract):
    @pytest.fixture
    def subject(self) -> Subject:
        return Subject(FakeChannel())


@pytest.mark.parametrize("posts_first", [True, False])
async def test_it_fails_on_demand_before_or_after_posting(posts_first: bool) -> None:
    channel = FakeChannel(failures=[timed_out()], posts_first=posts_first)
    with pytest.raises(RemoteError, match="no answer"):
        await channel.open("", STORY[0], "INC-1/root")
    assert len(channel.messages) == (1 if posts_first else 0)
    found = await channel.find("", "INC-1/root")
    assert found == ("place-1" if posts_first else None)


def test_what_it_raises_is_told_apart() -> None:
    assert timed_out().retryable
    assert answered(503, 7).retry_after_s == 7
    assert not answered(403).retryable
