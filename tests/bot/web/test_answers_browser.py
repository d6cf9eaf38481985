"""Asking and judging on the page of an incident, in a real browser."""

import os
from pathlib import Path

import pytest
from playwright.async_api import expect

from tests.bot.web.talked import talked
from tests.bot.web.test_browser import browsing
from tests.bot.web.world import World

OVERFLOW = "document.documentElement.scrollWidth"


@pytest.fixture
def talked_world(world: World) -> World:
    known = len(world.log.streams["INC-7"])
    world.log.add(*talked()[known:])
    return world


@pytest.mark.parametrize("width", [390, 1280])
async def test_f12_the_page_shows_answers_and_where_they_come_from(
    talked_world: World, width: int, tmp_path: Path
) -> None:
    async with browsing(talked_world) as (page, address):
        await page.set_viewport_size({"width": width, "height": 844})
        await page.goto(f"{address}/incidents/INC-7")
        answers = page.locator("#answers")
        await expect(answers.locator(".asked")).to_have_count(4)
        await expect(answers).to_contain_text("dana asks who should I call about the tax table?")
        await expect(answers).to_contain_text("It is being answered.")
        await expect(answers).to_contain_text("It waits for its turn.")
        await expect(answers).to_contain_text(
            "Rule-based because the model was rate limited (429 from openai, again in 30 s)"
        )
        await expect(answers).to_contain_text(
            "14:03:23 UTC · 3 requests · 4,210 tokens in, 310 out · $0.0021 · 12 % of the window"
        )
        await expect(answers).to_contain_text("<script>alert(1)</script>⟨U+202E⟩gnp.exe")
        await expect(page.locator("#finding-title")).to_have_text("What was found")
        await expect(page.locator("#timeline")).to_contain_text("planner chose to look")
        folder = Path(os.environ.get("TRIAGE_TEST_SHOTS", "") or tmp_path)
        await page.screenshot(path=folder / f"answers-{width}.png", full_page=True)
        assert await page.evaluate(OVERFLOW) <= width


async def test_a_conclusion_is_judged_in_one_click(talked_world: World) -> None:
    async with browsing(talked_world) as (page, address):
        await page.goto(f"{address}/incidents/INC-7")
        finding = page.locator("#finding")
        await finding.get_by_role("button", name="Partly right").click()
        await page.wait_for_url("**/incidents/INC-7*")
    assert [reply.text for reply in talked_world.inbox.replies] == ["judge INC-7 partly"]


async def test_a_question_is_asked_on_the_page(talked_world: World) -> None:
    async with browsing(talked_world) as (page, address):
        await page.goto(f"{address}/incidents/INC-7")
        await page.locator("summary", has_text="Ask").click()
        await page.get_by_label("Your question").fill("what changed?")
        await page.get_by_role("button", name="Ask the agent").click()
        await page.wait_for_url("**/incidents/INC-7*")
    assert [reply.text for reply in talked_world.inbox.replies] == ["ask INC-7 what changed?"]
