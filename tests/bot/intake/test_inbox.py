import asyncio
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.errors import BusyError, StaleThreadError
from bot.incident.commands import BY_NAME, WORDS
from bot.incident.facts_action import DecisionRefused
from bot.incident.facts_alerts import NoteAdded
from bot.intake.person import Persons
from bot.ports import Intent, Outcome, Recorded, Reply
from tests.bot.engine.house import INC, World, Wrapped, open_house, replies
from tests.bot.engine.making import Team

LATER = sorted(word.name for word in WORDS if word.later == "not in this version")
HERE = sorted(set(BY_NAME) - set(LATER) - {"ask"})


def usage(word: str, proposal: str) -> str:
    """An example of the word that could do something."""
    return {
        "list": "list open",
        "show": f"show {INC}",
        "start": 'start checkout "slow"',
        "approve": f"approve P-{proposal}",
        "deny": f"deny P-{proposal} not now please",
        "edit": f"edit P-{proposal} version=v40",
        "undo": f"undo P-{proposal}",
        "renew": f"renew P-{proposal}",
        "reconcile": f"reconcile P-{proposal} worked I saw it there",
        "answer": f"answer {INC} yes",
        "silence": f"silence {INC} 1h loud",
        "severity": f"severity {INC} sev2",
        "judge": f"judge {INC} right",
        "merge": f"merge {INC} INC-2",
        "handoff": f"handoff {INC} eve",
        "snooze": f"snooze {INC} 30m",
        "stepup": "stepup reset eve",
        **dict.fromkeys(("help", "status", "whoami", "link", "pause", "resume"), word),
    }.get(word, f"{word} {INC} some text")


@pytest.mark.parametrize("word", sorted(BY_NAME))
async def test_a28_every_word_is_routed(tmp_path: Path, word: str) -> None:
    async with open_house(tmp_path, World()) as house:
        view = await house.pending()
        outcome = await house.say(usage(word, view.proposal.id))
    assert outcome.text
    assert "I do not know the word" not in outcome.text
    if word in LATER:
        assert (outcome.kind, outcome.text) == ("refused", f"{word}: not in this version.")
    else:
        assert "not in this version" not in outcome.text or word == "help"


@pytest.mark.parametrize("word", HERE)
async def test_e25_a_stranger_may_only_ask_for_help_for_a_link_and_who_they_are(
    tmp_path: Path, word: str
) -> None:
    async with open_house(tmp_path, World()) as house:
        view = await house.pending()
        before = [kind for kind in await house.types() if kind != "DecisionRefused"]
        outcome = await house.say(usage(word, view.proposal.id), "web:nobody")
        after = [kind for kind in await house.types() if kind != "DecisionRefused"]
        refused = await house.bodies(DecisionRefused)
    assert after == before
    if word in {"help", "whoami", "link"}:
        assert outcome.kind == "done"
    else:
        assert outcome.kind == "refused"
        assert "I do not know who you are" in outcome.text
    assert len(refused) == (1 if word in {"approve", "deny"} else 0)


async def test_a_wrong_word_is_answered_with_the_right_shape(tmp_path: Path) -> None:
    async with open_house(tmp_path, World()) as house:
        unknown = await house.say("aprove P-7F3K")
        half = await house.say("deny P-7F3K")
    assert (unknown.kind, half.kind) == ("unknown", "unknown")
    assert half.text.endswith("write: deny P-7F3K REASON")


async def test_an_approval_with_a_condition_is_no_approval(tmp_path: Path) -> None:
    async with open_house(tmp_path, World()) as house:
        view = await house.pending()
        outcome = await house.say(f"approve P-{view.proposal.id} but only 2 of them")
        assert (await house.view()).status == "pending"
    assert outcome.kind == "unknown"
    assert "no conditions" in outcome.text


async def test_a_message_is_a_note(tmp_path: Path) -> None:
    async with open_house(tmp_path, World()) as house:
        await house.alarm()
        said = await house.replies.reply(
            Reply("web:dana", "web", "", "message", incident=INC, text="it is slow")
        )
        (note,) = await house.bodies(NoteAdded)
    assert said.kind == "done"
    assert note == NoteAdded(person="dana", text="it is slow")


@pytest.mark.parametrize("stream", ["house", "INC-99", "", "INC-1'--", "../x"])
@pytest.mark.parametrize("intent", ["message", "answer"])
async def test_a_reply_to_no_incident_writes_nothing(
    tmp_path: Path, stream: str, intent: Intent
) -> None:
    async with open_house(tmp_path, World()) as house:
        before = await house.store.log.changed()
        outcome = await house.replies.reply(
            Reply("web:dana", "web", "", intent, incident=stream, text="hello")
        )
        assert await house.store.log.changed() == before
    assert outcome.kind == "unknown"


async def test_odd_characters_never_break_the_inbox(tmp_path: Path) -> None:
    async with open_house(tmp_path, World()) as house:
        view = await house.pending()
        odd = "a\ud800\0b"
        said = await house.replies.reply(
            Reply("web:dana", "web", "", "message", incident=INC, text=odd)
        )
        started = await house.say(f"start checkout {odd}")
        denied = await house.say(f"deny P-{view.proposal.id} it is {odd}")
        nobody = await house.say(f"approve P-{view.proposal.id}", f"web:{odd}")
        (note,) = await house.bodies(NoteAdded)
    assert note == NoteAdded(person="dana", text="ab")
    assert [o.kind for o in (said, started, denied, nobody)] == ["done", "done", "done", "refused"]


@pytest.mark.parametrize("error", [BusyError("the disk is full"), StaleThreadError("moved on")])
async def test_a_store_that_is_away_is_said_in_words(tmp_path: Path, error: Exception) -> None:
    class Away(Wrapped):
        async def record(self, stream: str, build: object) -> Recorded:
            raise error

    async with open_house(tmp_path, World()) as house:
        await house.alarm()
        away = replies(house.world, house.store, Away(house.store.log))
        outcome = await away.reply(
            Reply("web:dana", "web", "", "command", text=f"note {INC} hello")
        )
    assert outcome.kind == "busy"
    assert outcome.text == f"Not done: {error}. Try again in a moment."


async def test_a_link_names_a_person_and_unlinking_takes_effect_at_once() -> None:
    links = {"slack:T1/U9": "eve", "slack:T1/U8": "gone"}
    persons = Persons(Team(), lambda: links)

    def name(actor: str, person: str = "") -> str:
        found = persons.of(Reply(actor, "slack", "", "command", person=person))
        return found.name if found else ""

    assert name("slack:T1/U9") == "eve"
    assert name("slack:T1/U8") == ""
    assert name("web:dana") == "dana"
    assert name("slack:T1/U9", person="dana") == "dana"
    assert name("web:dana", person="gone") == ""
    del links["slack:T1/U9"]
    assert name("slack:T1/U9") == ""


intents = st.sampled_from(["decide", "command", "message", "answer", "edit"])
texts = st.text(max_size=40) | st.sampled_from(
    ["INC-1", "approve P-7F3K", "note INC-1 x", "merge INC-1 INC-1", "start a b", "pause", "\ud800"]
)


async def test_whatever_a_human_says_never_raises(tmp_path: Path) -> None:
    async with open_house(tmp_path, World()) as house:
        view = await house.pending()
        loop = asyncio.get_running_loop()

        @settings(max_examples=150, deadline=None)
        @given(intents, st.lists(texts, min_size=7, max_size=7), st.integers(-5, 5))
        def say(intent: Intent, said: list[str], revision: int) -> None:
            reply = Reply(
                actor="web:dana",
                channel="web",
                delivery_id="",
                intent=intent,
                payload_digest=said[0],
                incident=said[1],
                proposal=said[2] if revision else view.proposal.id,
                revision=revision,
                digest12=said[3],
                verdict=said[4],
                reason=said[5],
                text=said[6],
            )
            outcome = asyncio.run_coroutine_threadsafe(house.replies.reply(reply), loop).result()
            assert isinstance(outcome, Outcome)
            assert outcome.text

        await asyncio.to_thread(say)
