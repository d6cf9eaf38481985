"""The audit page and the export's door: what they say, and to whom."""

from dataclasses import replace

import pytest
from starlette.requests import Request

from bot.conversation.words import words
from bot.errors import ForbiddenError
from bot.incident.events import Event
from bot.incident.facts_action import DecisionRefused, ProposalSuperseded
from bot.incident.facts_house import AccessRefused, AuditExported, ChainCheckpointed
from bot.ports import Excerpt, Sealed, Verified
from bot.web.api_audit import ApiAudit
from bot.web.api_gate import CALLER
from tests.bot.web import stories
from tests.bot.web.browsing import Page, client, signed_in
from tests.bot.web.fake_auditor import STANDING
from tests.bot.web.world import OPERATOR_TOKEN, World

TOKEN = {"authorization": f"Bearer {OPERATOR_TOKEN}"}
EXPORT = "/api/v1/audit/export"


async def shown(world: World) -> str:
    async with signed_in(world) as browser:
        answer = await browser.get("/audit")
    assert answer.status_code == 200
    return " ".join(Page(answer.text).text.split())


async def test_e43_the_page_shows_the_newest_checkpoint_and_how_to_check_it(world: World) -> None:
    text = await shown(world)
    assert "Sound 30 s ago: 34 newest events, every hash fits" in text
    assert "Good by key a1b2c3d4e5f60718" in text
    assert "house, event 7" in text
    assert "Events1234" in text
    assert "Written /mnt/elsewhere/checkpoints.jsonl" in text
    assert "triagebot audit verify --public-key triagebot.pem --checkpoints /mnt/else" in text
    assert "triagebot audit check-export" in text


async def test_e43_the_page_shows_what_is_wrong(world: World) -> None:
    world.auditor.chain = replace(
        STANDING,
        newest=Sealed(7, "ab" * 32, None, 0, "", "its signature is not that of what it says"),
        verified=Verified(stories.at(100), 3, ("INC-1 event 3: it is not what was written",)),
        place_fault="TRIAGE_CHECKPOINTS: it cannot be written (No space left on device)",
    )
    text = await shown(world)
    assert "Broken 30 s ago" in text
    assert "INC-1 event 3: it is not what was written" in text
    assert "Bad its signature is not that of what it says" in text
    assert "Not written TRIAGE_CHECKPOINTS: it cannot be written" in text


async def test_the_page_of_a_young_bot_says_that_there_is_nothing_yet(world: World) -> None:
    world.auditor.chain = replace(STANDING, newest=None, verified=None, place="")
    text = await shown(world)
    assert "None yet. The first is taken a minute after the start." in text
    assert "Not yet in this process" in text
    assert "None set TRIAGE_CHECKPOINTS" in text
    assert "--checkpoints" not in text


async def test_e42_refused_attempts_stand_on_the_page(world: World) -> None:
    fact = DecisionRefused(
        proposal="7F3KQ2ZM",
        digest="",
        actor="web:mallory",
        why="Not decided: <b>no</b> rule allows mallory.",
        payload_digest="d" * 64,
    )
    world.log.add(Event("INC-7", 40, stories.at(120), "web:mallory", fact))
    text = await shown(world)
    assert "INC-7web:mallory" in text
    assert "was refused" in text
    assert "Not decided: <b>no</b> rule allows mallory." in text


async def test_the_page_is_for_whoever_is_signed_in(world: World) -> None:
    async with client(world) as browser:
        answer = await browser.get("/audit")
    assert answer.status_code == 303
    assert answer.headers["location"] == "/login?next=/audit"


async def test_the_page_is_in_the_navigation(world: World) -> None:
    async with signed_in(world) as browser:
        page = Page((await browser.get("/audit")).text)
    (link,) = [one for one in page.of("a") if one.get("href") == "/audit"]
    assert link["aria-current"] == "page"


async def test_e42_the_export_asks_for_the_token_and_names_who_takes_it(world: World) -> None:
    async with client(world) as browser:
        assert (await browser.post(EXPORT)).status_code == 401
        assert world.auditor.taken == []
        answer = await browser.post(EXPORT, headers=TOKEN)
    assert answer.status_code == 200
    assert answer.headers["content-type"].startswith("application/x-ndjson")
    assert answer.content == b"first\nlast\n"
    assert world.auditor.taken == [("api:operator", Excerpt())]


async def test_the_export_takes_an_incident_and_a_day_in_utc(world: World) -> None:
    async with client(world) as browser:
        asked = {"incident": "INC-7", "since": "2025-03-01"}
        await browser.post(EXPORT, headers=TOKEN, params=asked)
        (taken,) = world.auditor.taken
        assert taken[1].incident == "INC-7"
        assert taken[1].since is not None
        assert taken[1].since.isoformat() == "2025-03-01T00:00:00+00:00"
        for wrong in ({"incident": "INC-x"}, {"since": "yesterday"}):
            answer = await browser.post(EXPORT, headers=TOKEN, params=wrong)
            assert answer.status_code == 422


async def test_e42_an_export_that_cannot_be_recorded_hands_nothing_out(world: World) -> None:
    world.log.busy = True
    async with client(world) as browser:
        answer = await browser.post(EXPORT, headers=TOKEN)
    assert answer.status_code == 503
    assert b"first" not in answer.content


def test_facts_about_the_log_have_words() -> None:
    exported = AuditExported(by="api:dana", streams=2, events=9, digest="ab" * 32)
    line = words(Event("house", 1, stories.at(1), "api:dana", exported))
    assert line.text == "api:dana took the log out: 9 events of 2 streams"
    noted = ChainCheckpointed(heads={"INC-1": "1:ab"}, key="k")
    assert words(Event("house", 2, stories.at(1), "bot", noted)).routine


@pytest.mark.parametrize("security", [True, False])
def test_a_security_event_looks_like_a_problem(security: bool) -> None:
    fact = ProposalSuperseded(proposal="7F3KQ2ZM", digest="d", why="w", security=security)
    line = words(Event("INC-7", 1, stories.at(1), "bot", fact))
    assert (line.kind == "bad") == security


async def test_e42_only_an_admin_takes_the_log_out_and_a_refusal_is_an_event(world: World) -> None:
    request = Request({"type": "http", CALLER: "dana"})
    with pytest.raises(ForbiddenError, match="only an admin"):
        await ApiAudit(world.doors()).export(request)
    assert world.auditor.taken == []
    (event,) = world.log.streams["house"]
    assert isinstance(event.body, AccessRefused)
    assert (event.actor, event.body.actor) == ("api:dana", "api:dana")
