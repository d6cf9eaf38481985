"""The trust page: what it counts, whom it names, and that it is kind and reads well."""

from pathlib import Path

import pytest

from tests.bot.web.browsing import Page, client, signed_in
from tests.bot.web.quarter import HASTY, ODD, quarter
from tests.bot.web.test_browser import browsing
from tests.bot.web.world import World


@pytest.fixture(name="busy")
def busy_fixture() -> World:
    world = World()
    world.log.add(*quarter())
    return world


async def shown(world: World, path: str = "/trust?weeks=26") -> Page:
    async with signed_in(world) as browser:
        return Page((await browser.get(path)).text)


def row_of(page: Page, first: str) -> str:
    """Return the words of the table row that begins with `first`, spaces made one."""
    words = " ".join(page.text.split())
    return words[words.index(f" {first} ") + 1 :]


async def test_s055_the_scoreboard_shows_every_action_and_what_came_of_it(busy: World) -> None:
    page = await shown(busy)
    assert row_of(page, "job_run:restart").startswith(
        "job_run:restart 10 100 % 1.4 s 95 s 75 % approved 8 · expired 2 · succeeded 6 · failed 2"
    )
    assert "regressed 2 · undone 2" in row_of(page, "job_run:rollback")[:200]
    assert "job_run:rollback 20 94 %" in row_of(page, "job_run:rollback")


async def test_s055_the_scoreboard_shows_every_channel(busy: World) -> None:
    page = await shown(busy)
    for channel in ("email", "slack", "web"):
        assert "approved" in row_of(page, channel)[:90]


async def test_e44_who_approves_everything_at_once_is_worth_a_second_look(busy: World) -> None:
    page = await shown(busy)
    assert f"The last 20 approvals of {HASTY} are worth a second look" in page.text
    assert page.text.count("Worth a second look") == 1
    assert "approvals of dana" not in page.text


async def test_s002_weeks_are_shown_with_what_humans_said_of_conclusions(busy: World) -> None:
    page = await shown(busy, "/trust?weeks=8")
    words = " ".join(page.text.split())
    assert "2026-03-02 2026-W10" in words
    assert "2026-01-12 2026-W03" in words
    assert "2026-01-05" not in words
    assert "right 1" in words
    assert "unjudged" in words


@pytest.mark.parametrize("weeks", ["", "0", "-1", "9999999", "eight", "4 "])
async def test_an_odd_number_of_weeks_is_four(busy: World, weeks: str) -> None:
    page = await shown(busy, f"/trust?weeks={weeks}")
    current = [one["href"] for one in page.of("a") if one.get("aria-current")]
    assert "/trust?weeks=4" in current


async def test_before_anything_was_proposed_the_page_says_so() -> None:
    page = await shown(World(), "/trust")
    assert "Nothing was proposed or concluded in this time" in page.text
    assert page.of("table") == []


async def test_d10_a_name_is_never_markup(busy: World) -> None:
    page = await shown(busy)
    assert ODD.replace("\u202e", "⟨U+202E⟩") in page.text
    assert page.of("b") == []


async def test_e44_who_is_not_signed_in_learns_no_name(busy: World) -> None:
    async with client(busy) as stranger:
        answer = await stranger.get("/trust")
    assert answer.status_code == 303
    assert HASTY not in answer.text


@pytest.mark.parametrize("width", [390, 1280])
async def test_e44_the_scoreboard_reads_well_in_a_browser(
    busy: World, width: int, tmp_path: Path
) -> None:
    async with browsing(busy) as (page, address):
        await page.set_viewport_size({"width": width, "height": 844})
        await page.goto(f"{address}/trust?weeks=8")
        assert await page.evaluate("document.documentElement.scrollWidth") <= width
        picture = tmp_path / f"trust-{width}.png"
        await page.screenshot(path=picture, full_page=True)
        assert picture.read_bytes().startswith(b"\x89PNG")
        await page.get_by_role("link", name="52 weeks").click()
        await page.wait_for_url("**/trust?weeks=52")
