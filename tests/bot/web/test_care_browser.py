"""Whoever is on call in a real browser: one button to take care, one sheet for the rest."""

import os
from pathlib import Path

import pytest
from playwright.async_api import Page

from bot.incident import facts_alerts as al
from tests.bot.web.test_browser import browsing
from tests.bot.web.test_care_forms import INCIDENT, add
from tests.bot.web.world import World


async def shoot(page: Page, name: str, folder: Path) -> None:
    """Keep a picture of the whole page, in the folder of TRIAGE_TEST_SHOTS if that is set."""
    folder = Path(os.environ.get("TRIAGE_TEST_SHOTS", "") or folder)
    folder.mkdir(parents=True, exist_ok=True)
    await page.screenshot(path=folder / f"{name}.png", full_page=True)


@pytest.mark.parametrize("width", [390, 1280])
async def test_g50_ack_snooze_and_handover_by_hand(
    world: World, tmp_path: Path, width: int
) -> None:
    add(world, al.IncidentEscalated(level=1, to="dana", persons=("dana",), why="nobody acked"))
    async with browsing(world) as (page, address):
        await page.set_viewport_size({"width": width, "height": 900})
        await page.goto(f"{address}/incidents/{INCIDENT}")
        await shoot(page, f"care-closed-{width}", tmp_path)
        await page.locator("summary", has_text="On call").click()
        await page.get_by_label("What they should know").fill("it is the database")
        await shoot(page, f"care-open-{width}", tmp_path)
        assert await page.evaluate("document.documentElement.scrollWidth") <= width
        await page.get_by_role("button", name="Ask them to take over").click()
        await page.wait_for_url(f"**/incidents/{INCIDENT}")
        await page.locator("summary", has_text="On call").click()
        await page.get_by_label("No reminders for").select_option("4h")
        await page.get_by_role("button", name="Snooze").click()
        await page.wait_for_url(f"**/incidents/{INCIDENT}")
        await page.get_by_role("button", name=f"Acknowledge {INCIDENT}").click()
        await page.wait_for_url(f"**/incidents/{INCIDENT}")
        asked = al.IncidentHandedOff(
            to="operator", accepted=False, person="dana", note="it is the database"
        )
        add(world, al.IncidentAcked(person="dana"), asked)
        accept = page.get_by_role("button", name="Accept")
        await accept.wait_for()
        await shoot(page, f"care-asked-{width}", tmp_path)
        await accept.click()
        await page.wait_for_url(f"**/incidents/{INCIDENT}")
    assert [reply.text for reply in world.inbox.replies] == [
        f"handoff {INCIDENT} dana it is the database",
        f"snooze {INCIDENT} 4h",
        f"ack {INCIDENT}",
        f"ack {INCIDENT}",
    ]
