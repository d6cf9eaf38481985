"""The page that edits a proposal, over the real inbox, loop and store (E-09)."""

import os
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path

import httpx
import pytest
from playwright.async_api import Error, async_playwright
from playwright.async_api import Page as BrowserPage

from bot.conversation.cards import draw
from bot.conversation.look import Look, Terms
from bot.incident.state import State
from bot.ports import SessionRow
from bot.web.doors import Doors
from bot.web.session import LOOPBACK_COOKIE, digest_of
from tests.bot.engine.house import INC, House, open_house
from tests.bot.engine.house import World as Loop
from tests.bot.web.browsing import ORIGIN, Page, client, csrf
from tests.bot.web.test_browser import FLAGS, served
from tests.bot.web.world import World
from tests.peers import missing, peer

TOKEN = "a" * 64


class Living(World):
    """The web's world over a house in which something happens."""

    def __init__(self, house: House) -> None:
        super().__init__()
        self._house = house
        now = house.world.clock.now()
        for name in ("dana", "mallory"):
            row = SessionRow(digest_of(f"{name}{TOKEN}"), name, "c" * 64, now, now)
            self.sessions.rows[row.id] = row

    def doors(self) -> Doors:
        house = self._house
        return replace(
            super().doors(),
            log=house.store.log,
            incidents=house.store.incidents,
            inbox=house.replies,
            library=house.world.team,
            clock=house.world.clock,
            cards=self._cards,
        )

    @staticmethod
    def _cards(state: State):
        names = state.incident.proposals
        return draw(state, Look(terms={name: Terms("group:sre", 1) for name in names}))


@asynccontextmanager
async def at_the_form(
    folder: Path, person: str = "dana"
) -> AsyncGenerator[tuple[House, httpx.AsyncClient, str]]:
    async with open_house(folder, Loop()) as house:
        view = await house.pending()
        async with client(Living(house)) as browser:
            browser.cookies.set(LOOPBACK_COOKIE, f"{person}{TOKEN}")
            yield house, browser, f"/proposals/{view.proposal.id}/edit"


async def send(browser: httpx.AsyncClient, path: str, **changed: str) -> httpx.Response:
    """Send the form back as the page drew it, but for what was changed."""
    page = await browser.get(path)
    fields = Page(page.text).of("input", "textarea", "select")
    sent = {one["name"]: one.get("value", "") for one in fields if one.get("name")}
    sent |= {"csrf": csrf(page.text), "at:job": "rollback", "at:version": "v41", **changed}
    return await browser.post(path, data=sent, headers={"origin": ORIGIN})


async def test_e09_the_form_holds_what_would_run_and_makes_the_next_revision(
    tmp_path: Path,
) -> None:
    async with at_the_form(tmp_path) as (house, browser, path):
        fields = {one["name"]: one for one in Page((await browser.get(path)).text).of("input")}
        assert fields["at:version"]["value"] == "v41"
        assert fields["revision"]["value"] == "1"
        answer = await send(browser, path, **{"at:version": "v40", "reason": "v41 has a leak"})
        assert answer.status_code == 303
        page = Page((await browser.get(answer.headers["location"])).text)
        assert "I prepare revision 2" in page.text
        await house.drive(INC)
        view = await house.view()
        page = Page((await browser.get(answer.headers["location"])).text)
    assert (view.proposal.revision, view.proposal.args["version"]) == (2, "v40")
    assert (view.asked.reason, view.asked.reason_by) == ("v41 has a leak", "person:dana")
    assert "Earlier revisions" in page.text
    assert "Revision 1: Roll checkout to v41" in " ".join(page.text.split())


async def test_e09_a_form_that_was_overtaken_changes_nothing(tmp_path: Path) -> None:
    async with at_the_form(tmp_path) as (house, browser, path):
        page = (await browser.get(path)).text
        await house.say(f"edit P-{(await house.view()).proposal.id} version=v39")
        await house.drive(INC)
        sent = {
            one["name"]: one.get("value", "") for one in Page(page).of("input") if "name" in one
        }
        old = {**sent, "at:version": "v40"}
        answer = await browser.post(path, data=old, headers={"origin": ORIGIN})
        await house.drive(INC)
        assert (await house.view()).proposal.args["version"] == "v39"
    assert answer.status_code == 403
    assert "out of date" in Page(answer.text).text


async def test_what_is_wrong_is_said_above_what_was_typed(tmp_path: Path) -> None:
    async with at_the_form(tmp_path) as (house, browser, path):
        answer = await send(browser, path, **{"at:version": "v4\u202e0", "at:colour": "red"})
        other = await send(browser, path, **{"at:version": "v4\u200b0"})
        same = await send(browser, path)
        await house.drive(INC)
        assert (await house.view()).proposal.revision == 1
    assert [one.status_code for one in (answer, other, same)] == [400, 400, 400]
    assert "there is no argument 'colour'; there are: job, version" in Page(answer.text).text
    assert "nobody can see (U+200B)" in Page(other.text).text
    assert "These are the arguments" in Page(same.text).text
    kept = {one["name"]: one.get("value") for one in Page(other.text).of("input")}
    assert kept["at:version"] == "v4⟨U+200B⟩0"


async def test_e09_who_may_not_decide_gets_no_form(tmp_path: Path) -> None:
    async with at_the_form(tmp_path, "mallory") as (_, browser, path):
        answer = await browser.get(path)
    assert answer.status_code == 403
    assert "you (mallory) are not among them" in Page(answer.text).text


async def test_h04_a_form_from_elsewhere_is_refused(tmp_path: Path) -> None:
    async with at_the_form(tmp_path) as (house, browser, path):
        answer = await browser.post(path, data={"csrf": "x"}, headers={"origin": ORIGIN})
        foreign = await browser.post(
            path, data={"csrf": "c" * 64}, headers={"origin": "https://evil.example"}
        )
        incomplete = await send(browser, path, digest12="")
        assert (await house.view()).proposal.revision == 1
    assert [one.status_code for one in (answer, foreign, incomplete)] == [403, 403, 400]


async def test_what_is_decided_has_no_form(tmp_path: Path) -> None:
    async with at_the_form(tmp_path) as (house, browser, path):
        await house.approve()
        answer = await browser.get(path)
        page = await browser.get(path.removesuffix("/edit"))
    assert answer.status_code == 200
    assert "Only what waits is edited" in Page(answer.text).text
    assert "/edit" not in page.text


@asynccontextmanager
async def in_a_browser(world: World, width: int) -> AsyncGenerator[tuple[BrowserPage, str]]:
    """Yield a page of a real browser in which dana is signed in, and the bot's address."""
    chromium = peer("chromium", "chromium-browser", "google-chrome")
    async with served(world) as address, async_playwright() as driver:
        try:
            browser = await driver.chromium.launch(executable_path=chromium, args=FLAGS)
        except Error as error:
            missing(f"chromium does not start here: {error}")
        context = await browser.new_context(viewport={"width": width, "height": 844})
        cookie = {"name": LOOPBACK_COOKIE, "value": f"dana{TOKEN}", "url": address}
        await context.add_cookies([cookie])  # pyright: ignore[reportArgumentType]
        page = await context.new_page()
        complaints: list[str] = []
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.on("console", lambda line: complaints.append(line.text))
        yield page, address
        await browser.close()
        assert complaints == []


@pytest.mark.parametrize("width", [390, 1280])
async def test_h05_a_proposal_is_edited_by_keyboard_in_a_real_browser(
    tmp_path: Path, width: int
) -> None:
    shots = os.environ.get("TRIAGE_TEST_SHOTS", "") or str(tmp_path)
    async with open_house(tmp_path, Loop()) as house:
        view = await house.pending()
        async with in_a_browser(Living(house), width) as (page, address):
            await page.goto(f"{address}/proposals/{view.proposal.id}")
            await page.get_by_role("link", name="Edit…").click()
            await page.get_by_label("version").fill("v40")
            await page.screenshot(path=f"{shots}/edit-{width}.png", full_page=True)
            assert await page.evaluate("document.documentElement.scrollWidth") <= width
            await page.get_by_role("button", name="Make revision 2").focus()
            await page.keyboard.press("Enter")
            await page.get_by_text("I prepare revision 2").wait_for()
            await house.drive(INC)
            await page.evaluate("() => refresh()")  # as the stream of events has it done
            await page.get_by_text("Revision 1: Roll checkout to v41").wait_for()
            params = page.get_by_role("region", name="Every parameter").first
            assert "v40" in await params.inner_text()
            sent = page.locator('form.approve input[name="revision"]')
            assert await sent.get_attribute("value") == "2"
            await page.reload()
            await page.get_by_text("Earlier revisions").wait_for()
            await page.screenshot(path=f"{shots}/edited-{width}.png", full_page=True)
            assert await page.get_by_role("cell", name="v40").first.is_visible()
