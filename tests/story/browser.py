"""A real Chromium as a person uses it, and a record of everything a page does on the way."""

import os
from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from playwright.async_api import (
    Browser,
    ConsoleMessage,
    Dialog,
    Page,
    Request,
    async_playwright,
    expect,
)
from pydantic import TypeAdapter

from tests.peers import peer
from tests.story.running import World

FLAGS = (
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
    "--disable-background-networking", "--disable-component-update", "--disable-sync",
)  # fmt: skip
Scheme = Literal["light", "dark"]
HERE = Path(__file__).parent
AUDIT = HERE.joinpath("audit.js").read_text()
OVERFLOW = HERE.joinpath("overflow.js").read_text()
SENTENCES = TypeAdapter(list[str])
TABS_MAX = 80
WITHIN_MS = 60_000
"""Long, for a loaded machine; playwright itself would give up an `expect` after five seconds."""
expect.set_options(timeout=WITHIN_MS)


@dataclass
class Visit:
    """One page of one browser profile; what it asked for and complained about."""

    page: Page
    world: World
    requests: list[str] = field(default_factory=list[str])
    complaints: list[str] = field(default_factory=list[str])

    def listen(self) -> None:
        """Record from now on."""

        def on_request(request: Request) -> None:
            self.requests.append(request.url)

        def on_console(message: ConsoleMessage) -> None:
            if message.type in {"error", "warning"}:
                self.complaints.append(f"{message.type}: {message.text}")

        async def on_dialog(dialog: Dialog) -> None:
            self.complaints.append(f"dialog: {dialog.message}")
            await dialog.dismiss()

        self.page.on("request", on_request)
        self.page.on("console", on_console)
        self.page.on("dialog", on_dialog)
        self.page.on("pageerror", lambda error: self.complaints.append(f"error: {error}"))

    async def open(self, path: str) -> None:
        """Go to a page of the bot."""
        await self.page.goto(f"{self.world.url}{path}")

    async def sign_in(self, path: str = "/incidents") -> None:
        """Ask for a page, be led to the sign-in, type the token, and arrive."""
        await self.open(path)
        await self.page.get_by_label("Token").fill(self.world.token)
        await self.page.keyboard.press("Enter")
        await expect(self.page.get_by_role("button", name="Sign out")).to_be_visible()

    async def tab_to(self, name: str) -> None:
        """Press Tab until the button with this name has the focus."""
        button = self.page.get_by_role("button", name=name)
        await expect(button).to_be_visible()
        for _ in range(TABS_MAX):
            await self.page.keyboard.press("Tab")
            if await button.evaluate("button => button === document.activeElement"):
                return
        raise AssertionError(f"Tab does not reach {name}")

    async def mark(self) -> None:
        """Leave a mark that only a load of the page takes away."""
        await self.page.evaluate("() => { window.marked = true; }")

    async def is_marked(self) -> bool:
        """Return whether the page was never loaded since `mark`."""
        return await self.page.evaluate("() => window.marked === true") is True

    async def faults(self) -> list[str]:
        """Return what the page does wrong for people who read, tap or listen."""
        return SENTENCES.validate_python(await self.page.evaluate(AUDIT))

    async def overflow(self) -> list[str]:
        """Return what sticks out of the window sideways."""
        return SENTENCES.validate_python(await self.page.evaluate(OVERFLOW))

    async def shoot(self, name: str, folder: Path) -> None:
        """Keep a picture of the whole page, in the folder of TRIAGE_TEST_SHOTS if that is set."""
        folder = Path(os.environ.get("TRIAGE_TEST_SHOTS", "") or folder)
        folder.mkdir(parents=True, exist_ok=True)
        await self.page.screenshot(path=folder / f"{name}.png", full_page=True)

    def strangers(self, ours: Sequence[str] = ("data:",)) -> list[str]:
        """Return the requests that went anywhere but to the bot."""
        return [url for url in self.requests if not url.startswith((f"{self.world.url}/", *ours))]


@asynccontextmanager
async def running_chromium() -> AsyncGenerator[Browser]:
    """Yield a headless Chromium; skip, or fail where peers are required, without one."""
    path = peer("chromium", "chromium-browser", "google-chrome")
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(
            executable_path=path, args=list(FLAGS), headless=True
        )
        try:
            yield browser
        finally:
            await browser.close()


@asynccontextmanager
async def visiting(
    browser: Browser,
    world: World,
    *,
    width: int = 1280,
    scheme: Scheme = "light",
    script: bool = True,
) -> AsyncGenerator[Visit]:
    """Yield a page of a fresh profile that nobody signed in to yet."""
    context = await browser.new_context(
        viewport={"width": width, "height": 844},
        color_scheme=scheme,
        java_script_enabled=script,
        reduced_motion="reduce",
    )
    context.set_default_timeout(WITHIN_MS)
    visit = Visit(await context.new_page(), world)
    visit.listen()
    try:
        yield visit
    finally:
        await context.close()
