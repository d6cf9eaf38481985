"""A client as a browser is one: cookies, forms with their hidden fields, and our own Origin."""

import re
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from html.parser import HTMLParser

import httpx

from bot.web.server import build
from tests.bot.web.world import OPERATOR_TOKEN, World

ORIGIN = "http://127.0.0.1:8080"
PAGES = (
    "/incidents",
    "/incidents/INC-4",
    "/incidents/INC-5",
    "/incidents/INC-6",
    "/incidents/INC-7",
    "/incidents/INC-4/postmortem",
    "/incidents/INC-6/postmortem",
    "/proposals/7F3KQ2ZM",
    "/proposals/BADBADBA",
    "/proposals/4Q9WX1TB",
    "/approvals",
    "/e/9f2c11d07ab3e645",
    "/status",
    "/audit",
    "/me",
    "/trust",
    "/trust?weeks=52",
)


def client(world: World, origin: str = ORIGIN) -> httpx.AsyncClient:
    transport = httpx.ASGITransport(build(world.doors()), client=("127.0.0.1", 5555))
    return httpx.AsyncClient(transport=transport, base_url=origin)


@asynccontextmanager
async def signed_in(world: World, origin: str = ORIGIN) -> AsyncGenerator[httpx.AsyncClient]:
    async with client(world, origin) as browser:
        answer = await browser.post(
            "/login", data={"token": OPERATOR_TOKEN}, headers={"origin": origin}
        )
        assert answer.status_code == 303, answer.text
        yield browser


def csrf(page: str) -> str:
    found = re.search(r'name="csrf" value="([0-9a-f]+)"', page)
    assert found is not None
    return found[1]


async def send(
    browser: httpx.AsyncClient, path: str, fields: dict[str, str], origin: str = ORIGIN
) -> httpx.Response:
    """Post a form as one of our own pages would."""
    page = await browser.get("/incidents")
    return await browser.post(
        path, data={"csrf": csrf(page.text), **fields}, headers={"origin": origin}
    )


class Page(HTMLParser):
    """The parts of a page that tests ask about."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str]]] = []
        self.text = ""
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, {name: value or "" for name, value in attrs}))

    def handle_data(self, data: str) -> None:
        self.text += data

    def of(self, *names: str) -> list[dict[str, str]]:
        return [attributes for tag, attributes in self.tags if tag in names]
