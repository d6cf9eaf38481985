"""A real browser: signs in, sees the page change by itself, and approves by keyboard alone."""

import asyncio
import socket
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

import pytest
import uvicorn
from playwright.async_api import Error, Page, async_playwright

from bot.incident.events import Event
from bot.incident.facts_alerts import NoteAdded
from bot.web.server import build
from tests.bot.web import stories
from tests.bot.web.world import OPERATOR_TOKEN, World
from tests.peers import missing, peer

FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
         "--disable-background-networking", "--disable-component-update"]  # fmt: skip


@asynccontextmanager
async def served(world: World) -> AsyncGenerator[str]:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port = listener.getsockname()[1]
        config = uvicorn.Config(build(world.doors()), log_level="warning", lifespan="off")
        server = uvicorn.Server(config)
        serving = asyncio.create_task(server.serve(sockets=[listener]))
        try:
            yield f"http://127.0.0.1:{port}"
        finally:
            world.log.end()
            server.should_exit = True
            await asyncio.wait_for(serving, 60)


@asynccontextmanager
async def browsing(world: World, *, scripts: bool = True) -> AsyncGenerator[tuple[Page, str]]:
    chromium = peer("chromium", "chromium-browser", "google-chrome")
    async with served(world) as address, async_playwright() as driver:
        try:
            browser = await driver.chromium.launch(executable_path=chromium, args=FLAGS)
        except Error as error:
            missing(f"chromium does not start here: {error}")
        context = await browser.new_context(java_script_enabled=scripts)
        page = await context.new_page()
        complaints: list[str] = []
        page.on("pageerror", lambda error: complaints.append(f"Error {error}"))
        page.on("console", lambda line: complaints.append(line.text))
        await page.goto(f"{address}/login")
        await page.get_by_label("Token").fill(OPERATOR_TOKEN)
        await page.keyboard.press("Enter")
        await page.wait_for_url("**/incidents")
        yield page, address
        await browser.close()
        assert [line for line in complaints if "Content Security" in line or "Error" in line] == []


async def test_h05_a_proposal_is_approved_by_keyboard_alone(world: World) -> None:
    async with browsing(world) as (page, address):
        await page.goto(f"{address}/proposals/7F3KQ2ZM")
        pressed: list[str] = []
        for _ in range(60):
            await page.keyboard.press("Tab")
            focused = await page.evaluate(
                "document.activeElement.name || document.activeElement.textContent"
            )
            pressed.append(focused)
            if focused == "confirm":
                await page.keyboard.press("Space")
            if focused.startswith("Approve "):
                break
        assert pressed[0] == "Skip to the content"
        await page.keyboard.press("Enter")
        await page.get_by_text("P-7F3KQ2ZM is decided: approve.").wait_for()
    assert [reply.verdict for reply in world.inbox.replies] == ["approve"]


async def test_the_page_changes_by_itself_and_keeps_what_is_typed(world: World) -> None:
    async with browsing(world) as (page, address):
        await page.goto(f"{address}/incidents/INC-7")
        await page.locator("summary", has_text="Note").click()
        await page.get_by_label("Goes into the record").fill("half a sent")
        last = stories.bad_deploy()[-1]
        note = NoteAdded(person="dana", text="seen in another window")
        world.log.add(Event("INC-7", last.seq + 1, last.at, "web:dana", note))
        await page.locator("#e11", has_text="seen in another window").wait_for()
        assert await page.get_by_label("Goes into the record").input_value() == "half a sent"


async def test_h01_everything_works_without_scripts(world: World) -> None:
    async with browsing(world, scripts=False) as (page, address):
        await page.goto(f"{address}/incidents/INC-7")
        await page.get_by_label("I have read every parameter").check()
        await page.get_by_role("button", name="Approve").first.click()
        await page.get_by_text("P-7F3KQ2ZM is decided: approve.").wait_for()


@pytest.mark.parametrize("width", [390, 1280])
async def test_no_page_is_wider_than_the_screen(world: World, width: int) -> None:
    async with browsing(world) as (page, address):
        await page.set_viewport_size({"width": width, "height": 844})
        for path in ("/incidents", "/incidents/INC-4", "/incidents/INC-4/postmortem",
                     "/proposals/BADBADBA", "/approvals",
                     "/status", "/audit", "/e/9f2c11d07ab3e645"):  # fmt: skip
            await page.goto(f"{address}{path}")
            assert await page.evaluate("document.documentElement.scrollWidth") <= width


async def test_the_link_of_the_first_run_fills_the_form_and_leaves_no_trace(world: World) -> None:
    async with browsing(world) as (page, address):
        await page.context.clear_cookies()
        await page.goto("about:blank")
        await page.goto(f"{address}/login#{OPERATOR_TOKEN}")
        assert await page.get_by_label("Token").input_value() == OPERATOR_TOKEN
        assert page.url == f"{address}/login"
        await page.keyboard.press("Enter")
        await page.wait_for_url("**/incidents")
