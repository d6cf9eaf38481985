"""One channel is told one incident: in order of urgency, at its pace, whatever it refuses."""

from datetime import timedelta

import pytest

from bot.conversation.timing import retry_at
from bot.errors import BusyError, ConversationLost
from bot.incident import facts_alerts
from bot.incident.reducer import fold
from bot.ports import Limits
from tests.bot.conversation.scene import INCIDENT, Scene
from tests.bot.conversation.situations import beginning, concluded, loaded, whole_story
from tests.bot.incident.making import alert, approved, decided, opened, proposed, received
from tests.channels.fake_channel import FakeChannel, answered
from tests.fakes import T0


async def test_everything_is_said_once_in_order_of_urgency() -> None:
    scene = Scene(*whole_story())
    await scene.settle()
    assert scene.said() == [
        "INC-1/root",
        "INC-1/proposal:7F3KQ2AB:1",
        "INC-1/proposal:9QQQQQQQ:1",
        "INC-1/question:r1s3",
        "INC-1/finding:r1",
        "INC-1/result:7F3KQ2AB:1",
        "INC-1/judge",
    ]
    assert scene.log.types(INCIDENT)[-1] == "ConversationOpened"
    await scene.teller.tell(INCIDENT)
    scene.restarted()
    await scene.teller.tell(INCIDENT)
    assert len(scene.channel.messages) == 7
    assert scene.log.types(INCIDENT).count("ConversationOpened") == 1


async def test_the_place_is_the_service_s_own() -> None:
    scene = Scene(*beginning())
    await scene.settle()
    assert scene.channel.places == ["C-payments"]
    scene = Scene(opened(), received(), loaded(None))
    await scene.settle()
    assert scene.channel.places == [""]


async def test_the_first_card_waits_a_moment_for_what_is_known_and_no_longer() -> None:
    scene = Scene(opened(), received())
    assert await scene.teller.tell(INCIDENT) == T0 + timedelta(seconds=1)
    assert scene.channel.calls == []
    scene.clock.advance(1)
    await scene.teller.tell(INCIDENT)
    assert scene.channel.calls == ["open"]
    scene = Scene(opened(), received())
    scene.log.add(INCIDENT, loaded())
    await scene.teller.tell(INCIDENT)
    assert scene.channel.calls == ["open"]


async def test_retries_back_off_and_a_wake_up_does_not_hurry_them() -> None:
    channel = FakeChannel(failures=[answered(503) for _ in range(4)])
    scene = Scene(*beginning(), channel=channel)
    pauses: list[float] = []
    for _ in range(4):
        later = await scene.teller.tell(INCIDENT)
        assert later is not None
        pauses.append((later - scene.clock.now()).total_seconds())
        calls = len(channel.calls)
        await scene.teller.tell(INCIDENT)
        assert len(channel.calls) == calls
        scene.clock.advance(pauses[-1])
    assert pauses == [1, 2, 4, 8]
    await scene.settle()
    row = scene.posts.rows[INCIDENT, "fake"]
    assert (row.failures, row.wake_at) == (0, None)


def test_the_longest_pause_is_a_minute_unless_asked_for_more() -> None:
    assert [(retry_at(T0, n, None) - T0).total_seconds() for n in (1, 6, 7, 8, 500)] == [
        1, 32, 60, 60, 60,
    ]  # fmt: skip
    assert (retry_at(T0, 1, 300) - T0).total_seconds() == 300


async def test_a_refusal_for_good_is_a_fact_once_and_the_rest_is_still_said() -> None:
    channel = FakeChannel(failures=[None, answered(400)])
    scene = Scene(*whole_story(), channel=channel)
    await scene.settle()
    assert "INC-1/proposal:7F3KQ2AB:1" not in scene.said()
    assert len(scene.said()) == 6
    types = scene.log.types(INCIDENT)
    assert types.count("ConversationBroken") == 1
    assert fold(scene.log.streams[INCIDENT]).incident.broken == {}
    calls = len(channel.calls)
    await scene.teller.tell(INCIDENT)
    assert len(channel.calls) == calls


async def test_a_channel_that_refuses_the_root_is_broken_and_left_in_peace() -> None:
    channel = FakeChannel(failures=[answered(403) for _ in range(9)])
    scene = Scene(*whole_story(), channel=channel)
    await scene.settle()
    assert set(channel.calls) == {"open"}
    assert len(channel.calls) <= 2
    assert scene.log.types(INCIDENT).count("ConversationBroken") == 1
    assert fold(scene.log.streams[INCIDENT]).incident.broken == {"fake": "fake: HTTP 403"}


async def test_a_lost_place_is_a_fact_and_another_is_opened_with_everything_in_it() -> None:
    scene = Scene(*beginning(), proposed())
    await scene.settle()
    scene.channel.gone.add("place-1")
    scene.log.add(INCIDENT, concluded())
    await scene.settle()
    second = [one.key for one in scene.channel.messages if one.address == "place-2"]
    assert set(second) == {"INC-1/root", "INC-1/proposal:7F3KQ2AB:1", "INC-1/finding:r1"}
    state = fold(scene.log.streams[INCIDENT]).incident
    assert state.conversations == {"fake": "place-2"}
    assert state.broken == {}
    assert scene.log.types(INCIDENT).count("ConversationBroken") == 1


async def test_a_channel_without_any_place_is_broken_and_not_tried_for_ever() -> None:
    channel = FakeChannel(failures=[ConversationLost("no default channel") for _ in range(9)])
    scene = Scene(*beginning(), channel=channel)
    await scene.settle()
    assert len(channel.calls) <= 2
    assert fold(scene.log.streams[INCIDENT]).incident.broken == {"fake": "no default channel"}


async def test_a13_the_root_is_edited_once_in_three_seconds_with_the_last_state() -> None:
    scene = Scene(*beginning())
    await scene.settle()
    for number in range(40):
        scene.log.add(INCIDENT, received(alert(fingerprint=f"n{number}"), delivery=str(number)))
        await scene.teller.tell(INCIDENT)
    assert scene.channel.calls.count("update") == 1
    later = await scene.teller.tell(INCIDENT)
    assert later == T0 + timedelta(seconds=3)
    assert (await scene.posts.behind("fake", scene.clock.now())) == []
    scene.clock.advance(3)
    assert (await scene.posts.behind("fake", scene.clock.now())) == [INCIDENT]
    await scene.settle()
    assert scene.channel.calls.count("update") == 2
    assert "42 alerts firing" in str(scene.channel.messages[0].card.blocks)
    assert len(scene.channel.messages) == 1


async def test_e45_a_decision_closes_the_card_at_once_though_the_root_has_to_wait() -> None:
    asked = proposed()
    scene = Scene(*beginning(), asked)
    await scene.settle()
    scene.log.add(INCIDENT, received(alert(fingerprint="n")))
    await scene.teller.tell(INCIDENT)
    scene.log.add(INCIDENT, received(alert(fingerprint="m")), decided(asked), approved(asked))
    await scene.teller.tell(INCIDENT)
    (message,) = scene.channel.by_key("INC-1/proposal:7F3KQ2AB:1")
    assert message.card.controls == ()
    assert message.edits == 1


async def test_stopping_finishes_nothing_further_and_a_restart_goes_on() -> None:
    scene = Scene(*whole_story())
    scene.teller.stopping = True
    await scene.teller.tell(INCIDENT)
    assert scene.channel.calls == []
    scene.restarted()
    await scene.settle()
    assert len(scene.said()) == 7


async def test_a_stream_without_an_incident_is_left_alone() -> None:
    scene = Scene()
    scene.log.add(INCIDENT, facts_alerts.NoteAdded(person="dana", text="x"))
    assert await scene.teller.tell(INCIDENT) is None
    assert scene.channel.calls == []


async def test_a_database_that_is_away_is_said_by_its_own_error() -> None:
    scene = Scene(*beginning())
    scene.log.busy = True
    with pytest.raises(BusyError):
        await scene.teller.tell(INCIDENT)


async def test_e03_a_small_channel_gets_no_approve_control() -> None:
    channel = FakeChannel(limits=Limits(text_chars=600))
    scene = Scene(*beginning(), proposed(), channel=channel)
    await scene.settle()
    (message,) = channel.by_key("INC-1/proposal:7F3KQ2AB:1")
    assert "approve" not in {one.verb for one in message.card.controls}


async def test_a_channel_without_edits_is_told_of_a_decision_by_a_new_message() -> None:
    asked = proposed()
    channel = FakeChannel(limits=Limits(edits=False))
    scene = Scene(*beginning(), asked, channel=channel)
    await scene.settle()
    scene.log.add(INCIDENT, decided(asked), approved(asked))
    await scene.settle()
    assert "update" not in channel.calls
    states = [one.card.state for one in channel.messages if one.card.kind == "proposal"]
    assert [state.split(" ")[0] for state in states] == ["waits", "Approved"]
