"""Killed, late or refused: each message is posted once (E-15)."""

import asyncio
from datetime import timedelta

import pytest

from bot.errors import RemoteError
from tests.bot.conversation.fakes import Killed
from tests.bot.conversation.scene import INCIDENT, Scene
from tests.bot.conversation.situations import beginning, whole_story
from tests.bot.incident.making import approved, decided, proposed
from tests.channels.fake_channel import FakeChannel, answered, timed_out
from tests.fakes import T0


@pytest.mark.parametrize("key", ["root", "proposal:7F3KQ2AB:1", "finding:r1", "judge"])
async def test_e15_a_kill_between_sending_and_noting_posts_nothing_twice(key: str) -> None:
    scene = Scene(*whole_story())
    scene.posts.kill_after = key
    with pytest.raises(Killed):
        await scene.settle()
    scene.restarted()
    await scene.settle()
    assert len(scene.channel.by_key(f"INC-1/{key}")) == 1
    assert len(scene.said()) == 7
    assert "find" in scene.channel.calls


async def test_e15_what_was_found_is_brought_up_to_date() -> None:
    asked = proposed()
    scene = Scene(*beginning(), asked)
    scene.posts.kill_after = "proposal:7F3KQ2AB:1"
    with pytest.raises(Killed):
        await scene.settle()
    scene.log.add(INCIDENT, decided(asked), approved(asked))
    scene.restarted()
    await scene.settle()
    (message,) = scene.channel.by_key("INC-1/proposal:7F3KQ2AB:1")
    assert message.card.state.startswith("Approved by dana")
    assert message.edits == 1


@pytest.mark.parametrize("posted", [True, False])
async def test_e15_after_an_ambiguous_time_out_it_looks_before_it_posts(posted: bool) -> None:
    channel = FakeChannel(failures=[timed_out()], posts_first=posted)
    scene = Scene(*beginning(), channel=channel)
    await scene.settle()
    assert channel.calls[:2] == ["open", "find"]
    assert channel.calls.count("open") == (1 if posted else 2)
    assert scene.said() == ["INC-1/root"]


async def test_after_an_answer_that_refused_there_is_nothing_to_look_for() -> None:
    channel = FakeChannel(failures=[answered(429, 7)])
    scene = Scene(*beginning(), channel=channel)
    assert await scene.teller.tell(INCIDENT) == T0 + timedelta(seconds=7)
    await scene.settle()
    assert channel.calls == ["open", "open"]


async def test_a_hanging_call_is_given_up_and_tried_again() -> None:
    channel = FakeChannel(gate=asyncio.Event())
    scene = Scene(*beginning(), channel=channel)
    assert await scene.teller.tell(INCIDENT) == T0 + timedelta(seconds=1)
    assert scene.teller.hurt == "fake: no answer in 0.02 s"
    channel.gate = None
    await scene.settle()
    assert scene.said() == ["INC-1/root"]
    assert scene.teller.hurt == ""


async def test_what_certainly_never_left_is_not_looked_for() -> None:
    refused = RemoteError("fake", "connection refused", sent=False)
    channel = FakeChannel(failures=[refused])
    scene = Scene(*beginning(), channel=channel)
    await scene.settle()
    assert channel.calls == ["open", "open"]
