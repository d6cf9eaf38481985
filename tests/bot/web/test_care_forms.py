"""The forms of whoever is on call: each says one word of the grammar, and none is in the way."""

import pytest

from bot.incident import facts_alerts as al
from bot.incident.commands import parse
from bot.incident.events import Event
from bot.incident.fact import Fact
from bot.knowledge.people import OPERATOR
from tests.bot.web.browsing import Page, send, signed_in
from tests.bot.web.world import World

INCIDENT = "INC-7"
COMMAND = f"/incidents/{INCIDENT}/command"


def add(world: World, *facts: Fact) -> None:
    """Write facts at the end of the incident, now."""
    thread = world.log.streams[INCIDENT]
    now = world.clock.now()
    world.log.add(
        *(
            Event(INCIDENT, len(thread) + number, now, "web:dana", fact)
            for number, fact in enumerate(facts, start=1)
        )
    )


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"word": "ack"}, "ack INC-7"),
        ({"word": "snooze", "value": "4h"}, "snooze INC-7 4h"),
        ({"word": "escalate"}, "escalate INC-7"),
        ({"word": "escalate", "text": "it is the database"}, "escalate INC-7 it is the database"),
        ({"word": "handoff", "value": "dana"}, "handoff INC-7 dana"),
        (
            {"word": "handoff", "value": "d.a+n@x-1", "text": "see the queue"},
            "handoff INC-7 d.a+n@x-1 see the queue",
        ),
    ],
)
async def test_g50_a_form_says_the_word(world: World, fields: dict[str, str], said: str) -> None:
    async with signed_in(world) as browser:
        answer = await send(browser, COMMAND, fields)
    assert (answer.status_code, answer.headers["location"]) == (303, f"/incidents/{INCIDENT}")
    (reply,) = world.inbox.replies
    assert (reply.intent, reply.text, reply.person) == ("command", said, "operator")
    assert parse(reply.text).word == fields["word"]


@pytest.mark.parametrize(
    "fields", [{"word": "snooze", "value": "4 h"}, {"word": "handoff", "value": "dana eve"}]
)
async def test_what_is_no_value_is_refused(world: World, fields: dict[str, str]) -> None:
    async with signed_in(world) as browser:
        assert (await send(browser, COMMAND, fields)).status_code == 400
    assert world.inbox.replies == []


async def test_g51_the_page_offers_what_can_be_done_and_who_there_is(world: World) -> None:
    async with signed_in(world) as browser:
        page = Page((await browser.get(f"/incidents/{INCIDENT}")).text)
    words = {field.get("value") for field in page.of("input", "button")}
    assert {"ack", "snooze", "escalate", "handoff"} <= words
    names = {field.get("value") for field in page.of("option")}
    assert "dana" in names
    assert OPERATOR.name not in names


async def test_g50_the_page_says_who_takes_care_and_until_when_it_is_quiet(world: World) -> None:
    until = world.clock.now().replace(hour=23, minute=45, second=0)
    add(
        world,
        al.IncidentAcked(person="operator"),
        al.IncidentSnoozed(person="operator", until=until),
        al.IncidentEscalated(level=2, to="dana", persons=("dana",), last=True),
    )
    async with signed_in(world) as browser:
        text = (await browser.get(f"/incidents/{INCIDENT}")).text
    page = Page(text)
    assert "Taken care of by" in page.text
    assert "Snoozed until" in page.text
    assert "23:45:00" in page.text
    assert "level 2" in page.text
    words = {field.get("value") for field in page.of("input", "button")}
    assert "ack" not in words
    assert "escalate" not in words


async def test_g51_whoever_is_asked_to_take_over_finds_a_button(world: World) -> None:
    asked = al.IncidentHandedOff(to="operator", accepted=False, person="dana", note="the <b>db</b>")
    add(world, al.IncidentAcked(person="dana"), asked)
    async with signed_in(world) as browser:
        text = (await browser.get(f"/incidents/{INCIDENT}")).text
        assert "You are asked to take over" in text
        assert "the &lt;b&gt;db&lt;/b&gt;" in text
        await send(browser, COMMAND, {"word": "ack"})
    assert world.inbox.replies[0].text == f"ack {INCIDENT}"
    add(world, asked.model_copy(update={"to": "dana", "person": "operator"}))
    async with signed_in(world) as browser:
        assert (
            "You are asked to take over" not in (await browser.get(f"/incidents/{INCIDENT}")).text
        )


async def test_what_is_over_offers_none_of_it(world: World) -> None:
    add(world, al.IncidentResolved(reason="closed by dana: done"))
    async with signed_in(world) as browser:
        page = Page((await browser.get(f"/incidents/{INCIDENT}")).text)
    words = {field.get("value") for field in page.of("input", "button")}
    assert not {"ack", "snooze", "escalate", "handoff"} & words


@pytest.mark.parametrize(
    ("kind", "options", "tag"),
    [
        ("yes_no", (), "button"),
        ("choice", ("planned", "not planned"), "button"),
        ("text", (), "textarea"),
    ],
)
async def test_each_kind_of_question_has_its_form(
    world: World, kind: str, options: tuple[str, ...], tag: str
) -> None:
    asked = al.QuestionAsked.model_validate(
        {
            "id": "q9",
            "question": "Was it planned?",
            "kind": kind,
            "options": options,
            "deadline": world.clock.now().replace(hour=23),
            "default": "no",
        }
    )
    add(world, asked)
    async with signed_in(world) as browser:
        page = Page((await browser.get(f"/incidents/{INCIDENT}")).text)
        values = [one.get("value") for one in page.of("button") if one.get("name") == "text"]
        assert values == list(options or (("yes", "no") if kind == "yes_no" else ()))
        assert any(one.get("name") == "text" for one in page.of(tag))
        await send(
            browser, f"/incidents/{INCIDENT}/answer", {"question": "q9", "text": "not planned"}
        )
    (reply,) = world.inbox.replies
    assert (reply.intent, reply.question, reply.text) == ("answer", "q9", "not planned")


def test_the_timeline_says_who_was_called_and_who_took_over() -> None:
    from bot.conversation.words import words
    from bot.incident.facts_action import ProposalReminded
    from tests.bot.web import stories

    def line(fact: Fact) -> tuple[str, str, str]:
        found = words(Event("INC-1", 1, stories.at(0), "bot:drive", fact))
        return found.kind, found.text, found.quote

    assert line(ProposalReminded(proposal="7F3KQ2ZM", to=("dana", "eve"))) == (
        "bot", "Reminded dana, eve of P-7F3K, which waits", "",
    )  # fmt: skip
    assert line(al.QuestionReminded(id="q", last=True))[1] == (
        "Reminded nobody (nobody is on call) of the question"
    )
    assert line(al.QuestionReminded(id="q", quiet=("eve",)))[1] == (
        "Reminded nobody of the question (eve: quiet hours)"
    )
    called = al.IncidentEscalated(level=2, to="eve", persons=("eve",), why="nobody decided")
    assert line(called) == ("bot", "Called level 2: eve", "nobody decided")
    by_hand = called.model_copy(update={"person": "dana", "why": "dana asked for it"})
    assert line(by_hand) == ("human", "Called level 2: eve", "dana asked for it")
    asked = al.IncidentHandedOff(to="eve", accepted=False, person="dana", note="the db")
    assert line(asked) == ("human", "eve was asked by dana to take over", "the db")
    again = asked.model_copy(update={"reminded": True})
    assert line(again)[:2] == ("bot", "Asked eve once more to take over from dana")
    accepted = asked.model_copy(update={"accepted": True})
    assert line(accepted)[:2] == ("human", "eve took over")
