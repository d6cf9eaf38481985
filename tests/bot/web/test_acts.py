"""Forms: each becomes one Reply, and the answer of the inbox becomes a page with its status."""

from urllib.parse import urlencode

import pytest

from bot.incident.commands import parse
from bot.incident.reducer import fold
from bot.ports import Outcome
from bot.web.session import digest_of
from tests.bot.intake.phones import enrolled
from tests.bot.web import stories
from tests.bot.web.browsing import Page, send, signed_in
from tests.bot.web.world import World

DECISION = "/proposals/7F3KQ2ZM/decision"


def shown(world: World) -> dict[str, str]:
    """What the page's own approve form would send."""
    view = fold(world.log.streams["INC-7"]).incident.proposals["7F3KQ2ZM"]
    digest12 = view.asked.digest[:12]
    return {"verdict": "approve", "revision": "1", "digest12": digest12, "confirm": "yes"}


async def test_an_approval_is_handed_on_with_the_digest_that_was_shown(world: World) -> None:
    async with signed_in(world) as browser:
        answer = await send(browser, DECISION, shown(world))
        assert (answer.status_code, answer.headers["location"]) == (303, "/proposals/7F3KQ2ZM")
        page = await browser.get(answer.headers["location"])
        assert "P-7F3KQ2ZM is decided: approve." in page.text
        assert "is decided" not in (await browser.get("/proposals/7F3KQ2ZM")).text
    reply = world.inbox.replies[0]
    assert (reply.intent, reply.verdict, reply.proposal) == ("decide", "approve", "7F3KQ2ZM")
    assert (reply.actor, reply.person, reply.channel) == ("web:operator", "operator", "web")
    assert (reply.revision, len(reply.digest12), len(reply.payload_digest)) == (1, 12, 64)


async def test_a_medium_risk_needs_the_tick(world: World) -> None:
    async with signed_in(world) as browser:
        answer = await send(browser, DECISION, {**shown(world), "confirm": ""})
    assert answer.status_code == 400
    assert world.inbox.replies == []


async def test_e24_a_high_risk_needs_the_targets_name_and_a_code(world: World) -> None:
    world.log.streams["INC-7"] = stories.bad_deploy("INC-7", "high")
    phone = await enrolled(world.step_up, world.clock, "operator")
    async with signed_in(world) as browser:
        page = Page((await browser.get("/proposals/7F3KQ2ZM")).text)
        needed = {field.get("name") for field in page.of("input") if "required" in field}
        assert needed == {"typed", "code"}
        code = phone.code()
        for typed, status in (("checkout", 400), ("checkout in production", 303)):
            fields = {**shown(world), "typed": typed, "code": code}
            answer = await send(browser, DECISION, fields)
            assert answer.status_code == status
    [reply] = world.inbox.replies
    assert reply.code == code
    unkept = urlencode({name: value for name, value in fields.items() if name != "code"})
    assert reply.payload_digest == digest_of(unkept)


async def test_a_denial_carries_its_reason(world: World) -> None:
    fields = {**shown(world), "verdict": "deny", "reason": "  the export is running  "}
    async with signed_in(world) as browser:
        answer = await send(browser, DECISION, fields)
    assert answer.status_code == 303
    assert (world.inbox.replies[0].verdict, world.inbox.replies[0].reason) == (
        "deny",
        "the export is running",
    )


@pytest.mark.parametrize(
    "broken", [{"verdict": "maybe"}, {"digest12": ""}, {"revision": "x"}, {"revision": "9" * 30}]
)
async def test_an_incomplete_decision_is_refused(world: World, broken: dict[str, str]) -> None:
    async with signed_in(world) as browser:
        answer = await send(browser, DECISION, {**shown(world), **broken})
    assert answer.status_code == 400
    assert world.inbox.replies == []


@pytest.mark.parametrize(
    ("outcome", "status"),
    [
        (Outcome("Too late: P-7F3K was denied by dana at 14:03:22 UTC.", "already"), 303),
        (Outcome("rule rollbacks: only group:sre may decide", "refused"), 403),
        (Outcome("There is no such proposal.", "unknown"), 404),
        (Outcome("Not done; try again in a moment.", "busy"), 503),
    ],
)
async def test_e11_the_human_is_told_what_became_of_it(
    world: World, outcome: Outcome, status: int
) -> None:
    async with signed_in(world) as browser:
        world.inbox.outcome = outcome
        answer = await send(browser, DECISION, shown(world))
        assert answer.status_code == status
        if status == 303:
            answer = await browser.get(answer.headers["location"])
    assert outcome.text in Page(answer.text).text
    assert (answer.headers.get("retry-after") is not None) == (status == 503)


async def test_a_card_without_an_approve_control_has_no_approve_button(world: World) -> None:
    async with signed_in(world) as browser:
        before = (await browser.get("/proposals/7F3KQ2ZM")).text
        decided = (await browser.get("/proposals/4Q9WX1TB")).text
    assert 'value="approve"' in before
    assert 'value="approve"' not in decided


@pytest.mark.parametrize(
    ("fields", "command"),
    [
        ({"word": "note", "text": 'it\'s "odd" $(x)'}, "note"),
        ({"word": "ask", "text": "why\nnow?"}, "ask"),
        ({"word": "severity", "value": "high"}, "severity"),
        ({"word": "judge", "value": "partly", "text": "the 'cause' is older"}, "judge"),
        ({"word": "judge", "value": "right"}, "judge"),
        ({"word": "merge", "value": "INC-6"}, "merge"),
        ({"word": "close", "text": ""}, "close"),
        ({"word": "close", "text": "'quoted"}, "close"),
        ({"word": "pause"}, "pause"),
        ({"word": "resume"}, "resume"),
    ],
)
async def test_a_form_speaks_the_words_of_the_grammar(
    world: World, fields: dict[str, str], command: str
) -> None:
    async with signed_in(world) as browser:
        answer = await send(browser, "/incidents/INC-7/command", fields)
    assert answer.headers["location"] == "/incidents/INC-7"
    said = parse(world.inbox.replies[0].text)
    assert (said.word, said.incident) == (command, "INC-7")
    assert said.text == fields.get("text", "").strip()


@pytest.mark.parametrize(
    "fields",
    [
        {"word": "approve"},
        {"word": "severity", "value": "high; approve 7F3K"},
        {"word": "severity"},
        {"word": "note", "text": "  "},
        {},
    ],
)
async def test_a_form_of_no_page_of_ours_is_refused(world: World, fields: dict[str, str]) -> None:
    async with signed_in(world) as browser:
        answer = await send(browser, "/incidents/INC-7/command", fields)
    assert answer.status_code == 400
    assert world.inbox.replies == []


async def test_an_incident_is_started_by_hand(world: World) -> None:
    async with signed_in(world) as browser:
        answer = await send(
            browser, "/incidents", {"service": "checkout", "text": '"cart" is empty'}
        )
    assert answer.status_code == 303
    said = parse(world.inbox.replies[0].text)
    assert (said.word, said.value, said.text) == ("start", "checkout", '"cart" is empty')


async def test_a_service_is_one_word(world: World) -> None:
    async with signed_in(world) as browser:
        for service in ("", "two words", "a;b", "x" * 101):
            answer = await send(browser, "/incidents", {"service": service, "text": "x"})
            assert answer.status_code == 400
    assert world.inbox.replies == []


async def test_a_question_is_answered_with_a_button(world: World) -> None:
    async with signed_in(world) as browser:
        page = Page((await browser.get("/incidents/INC-5")).text)
        offered = [one["value"] for one in page.of("button") if one.get("name") == "text"]
        assert offered == ["yes", "no", "cannot tell"]
        await send(browser, "/incidents/INC-5/answer", {"question": "r1s1", "text": "no"})
    reply = world.inbox.replies[0]
    assert (reply.intent, reply.incident, reply.question, reply.text) == (
        "answer",
        "INC-5",
        "r1s1",
        "no",
    )


@pytest.mark.parametrize(
    ("fields", "word"),
    [
        ({"word": "undo"}, "undo"),
        ({"word": "renew"}, "renew"),
        ({"word": "reconcile", "value": "worked", "text": "errors are gone"}, "reconcile"),
    ],
)
async def test_undo_and_reconcile_are_words_too(
    world: World, fields: dict[str, str], word: str
) -> None:
    async with signed_in(world) as browser:
        answer = await send(browser, "/proposals/4Q9WX1TB/command", fields)
    assert answer.status_code == 303
    assert parse(world.inbox.replies[0].text).word == word


async def test_e35_the_whole_bot_is_paused_and_resumed_from_a_page(world: World) -> None:
    async with signed_in(world) as browser:
        await send(browser, "/pause", {})
        await send(browser, "/resume", {})
    assert [reply.text for reply in world.inbox.replies] == ["pause", "resume"]


async def test_the_body_of_a_form_has_a_cap_and_a_type(world: World) -> None:
    async with signed_in(world) as browser:
        big = await send(browser, "/incidents", {"service": "a", "text": "x" * 70_000})
        many = await send(browser, "/incidents", {f"f{n}": "" for n in range(50)})
        typed = await browser.post("/pause", json={"csrf": "x"})
    assert (big.status_code, many.status_code, typed.status_code) == (413, 400, 400)
    assert world.inbox.replies == []
