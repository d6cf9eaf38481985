"""The story with real peers: Prometheus sees, Alertmanager tells, a human in Chromium acts."""

import re
from pathlib import Path

import pytest
from playwright.async_api import Browser, expect

from tests.story.browser import Scheme, Visit, visiting
from tests.story.running import World, until

pytestmark = pytest.mark.asyncio(loop_scope="session")


async def proposal_of(world: World, service: str) -> str:
    """Let a service fail, and return the proposal that waits because of it."""
    world.fail(service)
    found = await until("a proposal", lambda: world.pending(service))
    return found.id


async def test_a_metric_rises_a_human_approves_the_silence_and_the_incident_resolves(
    world: World, browser: Browser, tmp_path: Path
) -> None:
    async with visiting(browser, world) as visit:
        page = visit.page
        await visit.sign_in()
        await visit.mark()
        world.fail("checkout")
        row = page.get_by_role("link", name=re.compile("INC-.*ErrorRateHigh")).first
        await expect(row).to_be_visible()
        assert await visit.is_marked()

        await row.click()
        await expect(page.get_by_text("Waiting for your decision")).to_be_visible()
        incident = world.incident("checkout")
        await expect(page.get_by_role("heading", level=1)).to_have_text("ErrorRateHigh")
        await page.get_by_role("link", name=re.compile("^Silence alertname=")).first.click()

        await expect(page.get_by_role("main")).to_contain_text("1 active alert would be silenced")
        for shown in ("QueueGrowing", "checkout", "demo", "1800", "person:operator"):
            await expect(page.get_by_role("main")).to_contain_text(shown)
        await visit.tab_to("Approve")
        await page.keyboard.press("Enter")
        await expect(page.locator(".notice")).to_contain_text("is approved")

        (silence,) = await until("a silence", lambda: world.silences("checkout"))
        assert silence.status["state"] == "active"
        assert silence.created_by == "operator"
        assert silence.comment.startswith(f"Symptom of {incident};")
        assert silence.named == {"alertname": "QueueGrowing", "service": "checkout", "env": "demo"}

        await visit.open(f"/incidents/{incident}")
        await visit.mark()
        world.fail("checkout", 0)
        await expect(page.locator("#title")).to_contain_text("Resolved")
        await expect(page.locator("#timeline")).to_contain_text("every alert resolved")
        assert await visit.is_marked()
        await visit.shoot("resolved-1280-light", tmp_path)
        assert visit.strangers() == []
        assert visit.complaints == []
    assert world.events(incident).count("ActionStarted") == 1


async def test_the_link_on_the_terminal_fills_in_the_token_and_keeps_it_out_of_the_address(
    world: World, browser: Browser
) -> None:
    async with visiting(browser, world) as visit:
        await visit.open(f"/login#{world.token}")
        await expect(visit.page.get_by_role("button", name="Sign in")).to_be_focused()
        assert visit.page.url == f"{world.url}/login"
        await visit.page.keyboard.press("Enter")
        await expect(visit.page.get_by_role("heading", level=1)).to_have_text("Incidents")
        assert [url for url in visit.requests if world.token in url.partition("#")[0]] == []
        assert visit.complaints == []


async def test_without_javascript_a_note_is_posted_and_a_proposal_approved(
    world: World, browser: Browser
) -> None:
    proposal = await proposal_of(world, "search")
    async with visiting(browser, world, script=False) as visit:
        page = visit.page
        await visit.sign_in(f"/incidents/{world.incident('search')}")
        await page.get_by_role("group", name="Do something").get_by_text("Note", exact=True).click()
        await page.get_by_label("Goes into the record").fill("Discovery is told.")
        await page.get_by_role("button", name="Add the note").click()
        await expect(page.locator("#timeline")).to_contain_text("Discovery is told.")

        await page.get_by_role("link", name="Approvals").click()
        await page.get_by_role("link", name=re.compile("Silence .*search")).click()
        await expect(page.get_by_text(f"P-{proposal}", exact=True)).to_be_visible()
        await page.get_by_role("button", name="Approve").click()
        await expect(page.locator(".notice")).to_contain_text("is approved")
        assert await page.evaluate("() => document.querySelector('script') !== null")
    await until("a silence", lambda: world.silences("search"))
    world.fail("search", 0)


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [1280, 390])
async def test_h05_every_page_fits_is_labelled_and_can_be_read(
    world: World, browser: Browser, tmp_path: Path, width: int, scheme: Scheme
) -> None:
    proposal = await proposal_of(world, "cart")
    incident = world.incident("cart")
    faults: dict[str, list[str]] = {}
    async with visiting(browser, world, width=width, scheme=scheme) as visit:

        async def look(name: str, path: str) -> None:
            if path:
                await visit.open(path)
            await visit.shoot(f"{name}-{width}-{scheme}", tmp_path)
            found = await visit.faults() + [f"sticks out: {it}" for it in await visit.overflow()]
            faults.update({name: found} if found else {})

        await look("login", "/login")
        await visit.sign_in("/incidents")
        await look("list", "")
        await look("timeline", f"/incidents/{incident}")
        await visit.page.get_by_role("link", name=re.compile("^evidence")).first.click()
        await expect(visit.page.get_by_role("heading", level=1)).to_contain_text("Evidence")
        await look("evidence", "")
        await look("proposal", f"/proposals/{proposal}")
        await look("approvals", "/approvals")
        await look("status", "/status")
        await look("audit", "/audit")
        missing = await visit.page.goto(f"{world.url}/nothing-here")
        assert missing is not None
        assert missing.status == 404
        visit.complaints.clear()  # the browser itself reports the 404
        await look("trouble", "")
        assert visit.complaints == []
    assert faults == {}


HOSTILE = {
    "script": "<script>alert(1)</script>",
    "image": '"><img src="http://192.0.2.7/x.png" onerror="alert(2)">',
    "link": "javascript:alert(3)",
    "frame": "</textarea></title><iframe src='http://192.0.2.7/'></iframe>",
    "style": "</style><style>body{background:url(http://192.0.2.7/s)}</style>",
    "template": "{{7*7}} ${7*7} {% debug %} #{7*7}",
    "markdown": "[click](javascript:alert(4)) ![](http://192.0.2.7/m.png)",
    "address": "http://192.0.2.7/phish?a=1&b=2",
    "bidi": "approve \u202egnihton\u202c \u2066x\u2069 \u200bzero\ufeff",
    "control": "bell\x07 escape\x1b[31m null-like\x01 tab\there",
    "slack": "<!channel> <@U1> *bold* @everyone",
    "long": "W" * 900,
}
"""Texts that would do something where text is taken for more than text."""
UNSEEN = re.compile("[\x00-\x08\x0b-\x1f\x7f\u200b-\u200f\u202a-\u202e\u2066-\u2069\ufeff]")


async def test_hostile_labels_are_shown_as_text_and_do_nothing(
    world: World, browser: Browser
) -> None:
    labels = {"alertname": HOSTILE["script"], "service": HOSTILE["image"], "severity": "critical"}
    annotations = {
        "summary": HOSTILE["template"],
        "description": HOSTILE["frame"],
        "runbook_url": HOSTILE["link"],
        "dashboard_url": "javascript:alert(5)",
    }
    world.post_alert(labels | HOSTILE, annotations | HOSTILE)
    title = HOSTILE["script"]
    incident = await until("the incident", lambda: world.titled(title))
    for width in (1280, 390):
        async with visiting(browser, world, width=width) as visit:
            await visit.sign_in()
            await expect(visit.page.get_by_text(title).first).to_be_visible()
            assert await visit.overflow() == []
            await visit.open(f"/incidents/{incident}")
            await expect(visit.page.get_by_role("heading", level=1)).to_have_text(title)
            await hear_a_human_say(visit, HOSTILE["frame"])
            await expect_text_only(visit)
            assert await visit.overflow() == []
            assert visit.strangers() == []
            assert visit.complaints == []


async def hear_a_human_say(visit: Visit, text: str) -> None:
    """Post a note, and wait until it stands in the timeline word by word."""
    tools = visit.page.get_by_role("group", name="Do something")
    await tools.get_by_text("Note", exact=True).click()
    await visit.page.get_by_label("Goes into the record").fill(text)
    await visit.page.get_by_role("button", name="Add the note").click()
    said = visit.page.locator("#timeline").get_by_text(text, exact=True)
    await expect(said.first).to_be_visible()


async def expect_text_only(visit: Visit) -> None:
    """Look at what the page is made of: our own parts, and the hostile texts as text."""
    page = visit.page
    for details in await page.locator("details").all():
        await details.evaluate("details => { details.open = true; }")
    text = await page.locator("main").inner_text()
    for name in ("script", "image", "link", "frame", "style", "template", "markdown", "slack"):
        assert HOSTILE[name] in text, name
    for spelled in ("⟨U+202E⟩", "⟨U+2066⟩", "⟨U+200B⟩", "⟨U+FEFF⟩"):
        assert spelled in text
    assert UNSEEN.search(text) is None
    assert "49" not in re.sub(r"\d\d:\d\d:\d\d|[0-9a-f-]{8,}", "", text)
    made = "nodes => nodes.map(node => node.getAttribute('src') || node.getAttribute('href') || '')"
    assert await page.locator("iframe, object, embed, style").count() == 0
    sources = await page.locator("img, script, link").evaluate_all(made)
    assert [source for source in sources if not str(source).startswith("/static/")] == []
    leads = await page.locator("a").evaluate_all("links => links.map(link => link.protocol)")
    assert set(leads) <= {"http:", "https:"}


async def test_the_incident_closes_once_the_silence_was_verified_for_a_minute(world: World) -> None:
    if not world.incident("checkout"):  # run alone, without the first story
        await proposal_of(world, "checkout")
        world.approve("checkout")
        await until("a silence", lambda: world.silences("checkout"))
        world.fail("checkout", 0)
    incident = world.incident("checkout")
    await until("the close", lambda: world.status(incident) == "closed", within_s=90)
    assert world.events(incident).count("ActionVerified") == 2
    assert world.events(incident).count("ActionStarted") == 1
