"""Documents about an incident: a page, files, and answers of the API; for whoever may read it."""

import pytest

from bot.conversation.permalink import Permalinks
from bot.conversation.postmortem import postmortem_markdown, timeline_markdown
from tests.bot.web import stories
from tests.bot.web.browsing import Page, client, signed_in
from tests.bot.web.test_api import caller
from tests.bot.web.world import World

PATHS = ("/incidents/INC-6/postmortem", "/incidents/INC-6/postmortem.md",
         "/incidents/INC-6/timeline.md")  # fmt: skip
MADE = {
    "postmortem": postmortem_markdown(stories.approved(), Permalinks()),
    "timeline": timeline_markdown(stories.approved(), Permalinks()),
}


@pytest.mark.parametrize("kind", ["postmortem", "timeline"])
async def test_g52_a_file_is_the_same_bytes_and_is_saved_not_shown(world: World, kind: str) -> None:
    async with signed_in(world) as browser:
        answer = await browser.get(f"/incidents/INC-6/{kind}.md")
    assert answer.headers["content-type"] == "text/markdown; charset=utf-8"
    assert answer.headers["content-disposition"] == f'attachment; filename="INC-6-{kind}.md"'
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.text == MADE[kind]


async def test_g52_the_page_says_what_the_file_says_and_offers_it(world: World) -> None:
    async with signed_in(world) as browser:
        text = (await browser.get("/incidents/INC-6/postmortem")).text
    page = Page(text)
    hrefs = [link["href"] for link in page.of("a")]
    assert "/incidents/INC-6/postmortem.md" in hrefs
    assert "/incidents/INC-6?before=201#e1" in hrefs
    assert "/e/9f2c11d07ab3e645" in hrefs
    for title in ("Summary", "Impact", "Contributing factors", "Where we were lucky"):
        assert title in page.text
    assert MADE["postmortem"].strip() in page.text


async def test_g52_an_incident_that_is_over_links_to_its_draft(world: World) -> None:
    async with signed_in(world) as browser:
        closed = Page((await browser.get("/incidents/INC-6")).text)
        running = Page((await browser.get("/incidents/INC-7")).text)
    link = "/incidents/{}/postmortem"
    assert link.format("INC-6") in [one["href"] for one in closed.of("a")]
    assert link.format("INC-7") not in [one["href"] for one in running.of("a")]
    assert "/incidents/INC-7/timeline.md" in [one["href"] for one in running.of("a")]


@pytest.mark.parametrize("path", PATHS)
async def test_g52_a_stranger_is_sent_to_sign_in(world: World, path: str) -> None:
    async with client(world) as browser:
        answer = await browser.get(path)
    assert answer.status_code == 303
    assert answer.headers["location"].startswith("/login")


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize("name", ["INC-999", "house", "INC-x", "..%2F..%2Fetc"])
async def test_g52_what_is_no_incident_is_no_page(world: World, path: str, name: str) -> None:
    async with signed_in(world) as browser:
        answer = await browser.get(path.replace("INC-6", name))
    assert answer.status_code == 404


@pytest.mark.parametrize("kind", ["postmortem", "timeline"])
async def test_g52_the_api_gives_markdown_bare_or_in_json(world: World, kind: str) -> None:
    async with caller(world) as api:
        wrapped = await api.get(f"/incidents/INC-6/{kind}")
        bare = await api.get(f"/incidents/INC-6/{kind}", headers={"accept": "text/markdown"})
        missing = await api.get(f"/incidents/INC-999/{kind}")
    assert wrapped.json() == {"incident": "INC-6", "markdown": MADE[kind]}
    assert bare.headers["content-type"] == "text/markdown; charset=utf-8"
    assert bare.text == MADE[kind]
    assert missing.status_code == 404


@pytest.mark.parametrize("kind", ["postmortem", "timeline"])
async def test_g52_the_api_gives_nothing_to_who_has_no_token(world: World, kind: str) -> None:
    async with caller(world, "wrong") as api:
        assert (await api.get(f"/incidents/INC-6/{kind}")).status_code == 401
