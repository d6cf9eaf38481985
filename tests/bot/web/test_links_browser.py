"""A real browser comes in by a link, ties an account to itself by keyboard, and signs out."""

import os
from pathlib import Path

import pytest
from playwright.async_api import Page

from bot.incident.authority import Person
from bot.knowledge.people import OPERATOR, People
from tests.bot.web.test_browser import browsing
from tests.bot.web.test_links import ACTOR, links, offered, sign_in_link
from tests.bot.web.world import World

DANA = Person(name="dana", title="Dana Example", groups=("sre", "payments"),
              email="dana@example.org", identities=("slack:T1/UDANA",))  # fmt: skip


async def shoot(page: Page, name: str, folder: Path) -> None:
    """Keep a picture of the page, in the folder of TRIAGE_TEST_SHOTS if that is set."""
    folder = Path(os.environ.get("TRIAGE_TEST_SHOTS", "") or folder)
    folder.mkdir(parents=True, exist_ok=True)
    await page.screenshot(path=folder / f"{name}.png", full_page=True)


async def press_tab_until(page: Page, wanted: str) -> None:
    for _ in range(40):
        await page.keyboard.press("Tab")
        focused = await page.evaluate(
            "document.activeElement.name || document.activeElement.textContent.trim()"
        )
        if focused == wanted:
            return
    raise AssertionError(f"Tab does not reach {wanted}")


@pytest.mark.parametrize("width", [390, 1280])
async def test_e25_by_a_link_a_person_comes_in_ties_an_account_and_leaves(
    world: World, tmp_path: Path, width: int
) -> None:
    world.library.people = People((DANA, OPERATOR))
    await world.doors().tokens.issue("dana", "ci", 30, "operator", "api:operator")
    token, path = await sign_in_link(world), await offered(world)
    async with browsing(world) as (page, address):
        await page.set_viewport_size({"width": width, "height": 844})
        await page.context.clear_cookies()
        await page.goto(f"{address}{path}")
        assert page.url == f"{address}/login?next={path}"
        await page.goto("about:blank")
        await page.goto(f"{address}/login?next={path}#{token}")
        assert page.url == f"{address}/login?next={path}"
        await shoot(page, f"login-{width}", tmp_path)
        await page.keyboard.press("Enter")
        await page.wait_for_url(f"**{path}")
        await page.get_by_role("heading", name=f"Is {ACTOR} you?").wait_for()
        await shoot(page, f"link-{width}", tmp_path)
        assert await page.evaluate("document.documentElement.scrollWidth") <= width
        assert await links(world) == {}

        await press_tab_until(page, "mine")
        await page.keyboard.press("Space")
        await press_tab_until(page, "Yes, that is me")
        await page.keyboard.press("Enter")
        await page.wait_for_url("**/me")
        await page.get_by_text(f"{ACTOR} is you from now on").wait_for()
        await shoot(page, f"me-{width}", tmp_path)
        assert await page.evaluate("document.documentElement.scrollWidth") <= width
        assert await links(world) == {ACTOR: "dana"}

        await page.get_by_role("button", name="Sign out everywhere").click()
        await page.wait_for_url("**/login")
        await page.goto(f"{address}/me")
        assert page.url == f"{address}/login?next=/me"


async def test_h01_a_link_is_confirmed_without_scripts(world: World) -> None:
    world.library.people = People((DANA, OPERATOR))
    token, path = await sign_in_link(world), await offered(world)
    async with browsing(world, scripts=False) as (page, address):
        await page.context.clear_cookies()
        await page.goto(f"{address}{path}")
        await page.get_by_label("Token").fill(token)
        await page.keyboard.press("Enter")
        await page.get_by_label("I asked for this link myself").check()
        await page.get_by_role("button", name="Yes, that is me").click()
        await page.wait_for_url("**/me")
    assert await links(world) == {ACTOR: "dana"}
