"""What every channel promises, as one table of tests: a channel's own tests inherit it.

Subclass `ChannelContract` (and `ShowsCards` when the channel itself puts text before humans) and
give it a fixture `subject`.
"""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TextIO

import pytest
from pydantic import JsonValue

from bot.conversation.cards import draw
from bot.conversation.fit import fit
from bot.incident import facts_alerts
from bot.incident.card import Card
from bot.incident.fact import Fact
from bot.incident.form import Form
from bot.incident.leaves import must_show
from bot.incident.model import Change
from bot.ports import Channel, Outcome, Reply
from bot.shelf import Needs
from tests.bot.conversation.situations import (
    LOOK,
    asked_question,
    beginning,
    concluded,
    loaded,
    state_of,
    whole_story,
)
from tests.bot.incident.making import T0, alert, opened, proposal, proposed, received

HOSTILE = (
    "<!channel> <b>x</b> @everyone [a](http://evil) \u202egnp.exe \x1b[31mred\x07 \x00 {{7*7}}"
)
UNSEEN = ("\x1b[31m", "\x07", "\x00", "\u202e")
ROOT, FINDING = "INC-1/root", "INC-1/finding:r1"


@dataclass(frozen=True)
class Subject:
    """A channel under test; `shown` returns all text that humans were shown, "" when unknown.

    `place` is a conversation that exists (or "" for the channel's default).
    """

    channel: Channel
    shown: Callable[[], str] = lambda: ""
    place: str = ""


class DeafInbox:
    """An inbox nobody may write to in these tests."""

    async def reply(self, reply: Reply) -> Outcome:
        raise AssertionError(f"nobody said anything, and yet: {reply}")

    async def form(self, reply: Reply) -> Form | Outcome:
        raise AssertionError(f"nobody edits anything, and yet: {reply}")


def needs(console: TextIO | None = None) -> Needs:
    """What a channel is opened with when nothing else is configured."""

    async def no_changes(_service: str, _window_s: float) -> Sequence[Change]:
        return ()

    return Needs(
        folder=lambda _: {},
        secret=lambda _: "",
        changes=no_changes,
        now=lambda: T0,
        console=console,
    )


def cards_of(*facts: Fact) -> list[Card]:
    return list(draw(state_of(*facts), LOOK))


def hostile_cards() -> list[Card]:
    bad = alert().model_copy(update={"title": HOSTILE, "labels": {"x": HOSTILE}})
    begin = opened().model_copy(update={"title": HOSTILE, "service": HOSTILE})
    args: dict[str, JsonValue] = {"comment": HOSTILE}
    asked = proposed(proposal(args=args, title=HOSTILE), HOSTILE)
    question = asked_question("choice").model_copy(
        update={"question": HOSTILE, "options": (HOSTILE, "no")}
    )
    said = concluded("some-model").model_copy(update={"summary": HOSTILE})
    return cards_of(begin, received(bad), loaded(None), asked, question, said)


STORY = cards_of(*whole_story())
CLOSED = cards_of(
    *beginning(),
    facts_alerts.IncidentResolved(reason="every alert resolved"),
    facts_alerts.IncidentClosed(
        summary="It was rolled back.",
        learnings=facts_alerts.Learnings(context="c", solution="s", learning="l", impact="i"),
    ),
)
CARDS = {f"{number}-{card.key}": card for number, card in enumerate([*STORY, *CLOSED])}
every_card = pytest.mark.parametrize("card", CARDS.values(), ids=CARDS)


class ChannelContract:
    """Posting, editing, finding and telling: the promises the outbox relies on."""

    def test_it_names_itself_and_its_limits(self, subject: Subject) -> None:
        limits = subject.channel.limits
        assert subject.channel.name.isidentifier()
        assert min(limits.text_chars, limits.blocks, limits.controls) >= 0

    async def test_opening_gives_an_address(self, subject: Subject) -> None:
        address = await subject.channel.open(subject.place, STORY[0], ROOT)
        assert 0 < len(address) <= 500

    async def test_every_message_has_an_id_of_its_own(self, subject: Subject) -> None:
        channel = subject.channel
        address = await channel.open(subject.place, STORY[0], ROOT)
        ids = [await channel.reply(address, card, f"INC-1/{card.key}") for card in STORY[1:]]
        assert all(0 < len(one) <= 500 for one in ids)
        assert len(set(ids)) == len(ids)

    @every_card
    async def test_every_kind_of_card_can_be_posted_and_edited(
        self, subject: Subject, card: Card
    ) -> None:
        channel = subject.channel
        fitted = fit(card, channel.limits)
        address = await channel.open(subject.place, fitted, ROOT)
        posted = await channel.reply(address, fitted, f"INC-1/{card.key}x")
        if channel.limits.edits:
            await channel.update(address, posted, fitted)
            await channel.update(address, "", fitted)

    async def test_e15_what_was_posted_is_found_again_by_its_key(self, subject: Subject) -> None:
        channel = subject.channel
        address = await channel.open(subject.place, STORY[0], ROOT)
        posted = await channel.reply(address, STORY[1], FINDING)
        assert await channel.find(address, FINDING) == posted
        assert await channel.find(subject.place, ROOT) == address

    async def test_two_incidents_have_two_conversations(self, subject: Subject) -> None:
        channel = subject.channel
        first = await channel.open(subject.place, STORY[0], ROOT)
        second = await channel.open(subject.place, STORY[0], "INC-2/root")
        assert first != second
        assert await channel.find(subject.place, ROOT) == first
        assert await channel.find(subject.place, "INC-2/root") == second

    async def test_one_person_can_be_told_anything(self, subject: Subject) -> None:
        address = await subject.channel.open(subject.place, STORY[0], ROOT)
        for text in ("Only group:sre may decide.", HOSTILE, "x" * 5000, ""):
            await subject.channel.tell(f"{subject.channel.name}:U1", address, text)

    @pytest.mark.parametrize("card", hostile_cards(), ids=lambda card: card.key)
    async def test_hostile_text_breaks_nothing(self, subject: Subject, card: Card) -> None:
        channel = subject.channel
        fitted = fit(card, channel.limits)
        address = await channel.open(subject.place, fitted, ROOT)
        await channel.reply(address, fitted, f"INC-1/{card.key}x")

    async def test_listening_ends_when_it_is_cancelled(self, subject: Subject) -> None:
        task = asyncio.create_task(subject.channel.run(DeafInbox()))
        await asyncio.sleep(0.005)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        assert task.done()


class ShowsCards:
    """For channels that put text before humans themselves: all of it, and nothing that acts."""

    async def test_e03_every_leaf_is_shown_or_nothing_can_be_approved(
        self, subject: Subject
    ) -> None:
        channel = subject.channel
        asked = proposed(proposal(args={"a": {"b": [1, True, None, "two words"]}, "c": "x\ny"}))
        card = fit(cards_of(*beginning(), asked)[1], channel.limits)
        address = await channel.open(subject.place, STORY[0], ROOT)
        await channel.reply(address, card, "INC-1/proposal:7F3KQ2AB:1")
        shown = " ".join(subject.shown().replace("| ", "").split())
        missing = [
            leaf for leaf in must_show(asked.proposal) if " ".join(leaf.split()) not in shown
        ]
        assert missing == [] or not any(one.verb == "approve" for one in card.controls)

    @pytest.mark.parametrize("card", hostile_cards(), ids=lambda card: card.key)
    async def test_a20_no_unseen_character_reaches_anybody(
        self, subject: Subject, card: Card
    ) -> None:
        channel = subject.channel
        address = await channel.open(subject.place, fit(card, channel.limits), ROOT)
        await channel.reply(address, fit(card, channel.limits), f"INC-1/{card.key}x")
        await channel.tell(f"{channel.name}:U1", address, HOSTILE)
        shown = subject.shown()
        assert shown
        assert [char for char in UNSEEN if char in shown] == []

    async def test_a19_the_reasoning_stands_below_what_is_decided_on(
        self, subject: Subject
    ) -> None:
        channel = subject.channel
        asked = proposed(reason="because of the tea leaves", by="some-model")
        card = fit(cards_of(*beginning(), asked)[1], channel.limits)
        address = await channel.open(subject.place, STORY[0], ROOT)
        await channel.reply(address, card, "INC-1/proposal:7F3KQ2AB:1")
        shown = subject.shown()
        if "tea leaves" in shown:
            assert "not verified" in shown
            assert shown.index("params.version") < shown.index("tea leaves")
