"""A real browser sets one-time codes up, and approves high risk with one (E-24)."""

from collections.abc import AsyncGenerator
from pathlib import Path

import pytest
from playwright.async_api import expect

from bot.incident.reducer import fold
from bot.incident.views import ProposalView
from bot.intake.decisions import Decisions
from bot.intake.person import Persons
from bot.intake.proving import Proving, Warrants
from bot.ports import Outcome, Reply, SessionRow
from bot.web.session import digest_of
from tests.bot.engine.house import KEY
from tests.bot.intake.phones import Phone
from tests.bot.web import stories
from tests.bot.web.fakes import FakeInbox
from tests.bot.web.test_browser import served
from tests.bot.web.world import OPERATOR_TOKEN, FakeLibrary, World
from tests.story.browser import Visit, running_chromium, visiting
from tests.story.running import World as Story

TOKEN = "dana-s-session"


class Deciding(FakeInbox):
    """The real decision core over the canned incidents."""

    def __init__(self, world: World) -> None:
        super().__init__(world.log)
        library = FakeLibrary()
        persons = Persons(library, dict[str, str])
        proving = Proving(world.step_up, lambda: "http://127.0.0.1:8080")
        warrants = Warrants(proving, KEY)
        self._core = Decisions(world.log, world.incidents, library, persons, world.clock, warrants)

    async def reply(self, reply: Reply) -> Outcome:
        self.replies.append(reply)
        return await self._core.decide(reply)


@pytest.fixture
async def visit(world: World, request: pytest.FixtureRequest) -> AsyncGenerator[Visit]:
    """Dana, signed in just now, before an incident whose proposal is of high risk."""
    world.log.streams["INC-7"] = stories.bad_deploy("INC-7", "high")
    now, width = world.clock.now(), int(getattr(request, "param", 1280))
    row = SessionRow(digest_of(TOKEN), "dana", "c" * 64, now, now)
    await world.sessions.open(row)
    world.inbox = Deciding(world)
    async with (
        served(world) as address,
        running_chromium() as browser,
        visiting(browser, Story(address, OPERATOR_TOKEN, "", {}), width=width) as made,
    ):
        await made.page.context.add_cookies(
            [{"name": "triage_session", "value": TOKEN, "url": address}]
        )
        yield made


def proposal(world: World) -> ProposalView:
    return fold(world.log.streams["INC-7"]).incident.proposals[stories.PROPOSAL]


async def enrol(visit: Visit, world: World, folder: Path, name: str = "") -> Phone:
    page = visit.page
    await visit.open("/me/step-up")
    await page.get_by_role("button", name="Set up one-time codes").click()
    secret = await page.locator("#secret").inner_text()
    phone = Phone(secret.replace(" ", ""), world.clock)
    await expect(page.locator(".qr svg")).to_be_visible()
    await look(visit, f"step-up-enrol{name}", folder)
    await page.get_by_label("The code your app shows now").fill(phone.code())
    await page.keyboard.press("Enter")
    await expect(page.get_by_text("Your one-time codes are set up.")).to_be_visible()
    world.clock.advance(30)
    return phone


async def look(visit: Visit, name: str, folder: Path) -> None:
    await visit.shoot(name, folder)
    assert await visit.faults() == []
    assert await visit.overflow() == []


@pytest.mark.parametrize("visit", [390, 1280], indirect=True)
async def test_e24_a_person_enrols_and_approves_with_a_code(
    visit: Visit, world: World, tmp_path: Path
) -> None:
    page, width = visit.page, visit.page.viewport_size
    assert width is not None
    name = f"-{width['width']}"
    await visit.open(f"/proposals/{stories.PROPOSAL}")
    await look(visit, f"step-up-missing{name}", tmp_path)
    assert await page.get_by_role("button", name="Approve").count() == 0
    await page.get_by_role("link", name="Set up one-time codes").click()
    phone = await enrol(visit, world, tmp_path, name)
    await visit.open("/incidents/INC-7")
    await page.get_by_role("link", name="Approve on its page").click()
    await expect(page.get_by_label("One-time code of dana")).to_be_visible()
    await page.get_by_label("to approve").fill("checkout in production")
    await page.get_by_label("One-time code of dana").fill("000000")
    await look(visit, f"step-up-decide{name}", tmp_path)
    await page.get_by_role("button", name="Approve").click()
    await expect(page.get_by_text("That one-time code is wrong.")).to_be_visible()
    await visit.open(f"/proposals/{stories.PROPOSAL}")
    await page.get_by_label("to approve").fill("checkout in production")
    await page.get_by_label("One-time code of dana").fill(phone.code())
    await page.get_by_role("button", name="Approve").click()
    await expect(page.get_by_text("It needs one more person.")).to_be_visible()
    await expect(page.locator(".decided")).to_contain_text("with a one-time code")
    await look(visit, f"step-up-done{name}", tmp_path)
    [(_, made)] = proposal(world).decisions
    assert (made.person, made.step_up) == ("dana", "totp")
    assert visit.strangers() == []
    refused = [one for one in visit.complaints if "403" not in one]
    assert refused == []


async def test_e24_all_of_it_works_by_keyboard(visit: Visit, world: World, tmp_path: Path) -> None:
    phone = await enrol(visit, world, tmp_path)
    await visit.open(f"/proposals/{stories.PROPOSAL}")
    await visit.page.get_by_label("to approve").focus()
    await visit.page.keyboard.type("checkout in production")
    await visit.page.keyboard.press("Tab")
    await visit.page.keyboard.type(phone.code())
    await visit.page.keyboard.press("Enter")
    await expect(visit.page.get_by_text("It needs one more person.")).to_be_visible()
    assert len(proposal(world).decisions) == 1
