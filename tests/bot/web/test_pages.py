"""Every page: its headers, its bones, and that no text from outside becomes markup."""

from dataclasses import replace
from datetime import UTC, datetime
from itertools import pairwise

import pytest

from bot.incident.fact import Fact
from bot.incident.facts_alerts import NoteAdded
from bot.web.pages import page_routes
from bot.web.session import Gate
from bot.web.shield import POLICY
from tests.bot.web import stories
from tests.bot.web.browsing import PAGES, Page, client, signed_in
from tests.bot.web.world import World

LABELLED = {"input", "select", "textarea"}


@pytest.mark.parametrize("path", [*PAGES, "/nothing", "/incidents/INC-999"])
async def test_h04_every_page_carries_the_headers(world: World, path: str) -> None:
    async with signed_in(world) as browser:
        answer = await browser.get(path)
    assert answer.headers["content-security-policy"] == POLICY
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.headers["referrer-policy"] == "no-referrer"
    assert answer.headers["cross-origin-opener-policy"] == "same-origin"
    assert answer.headers["cache-control"] == "no-store"
    assert "strict-transport-security" not in answer.headers


@pytest.mark.parametrize("path", PAGES)
async def test_h04_no_page_holds_a_style_or_a_script_inline(world: World, path: str) -> None:
    async with signed_in(world) as browser:
        page = Page((await browser.get(path)).text)
    assert page.of("style", "iframe", "object", "embed", "base") == []
    assert all(script.get("src", "").startswith("/static/") for script in page.of("script"))
    for _, attributes in page.tags:
        assert not any(name == "style" or name.startswith("on") for name in attributes)


@pytest.mark.parametrize("path", PAGES)
async def test_no_page_needs_anything_from_elsewhere(world: World, path: str) -> None:
    async with signed_in(world) as browser:
        page = Page((await browser.get(path)).text)
    for _, attributes in page.tags:
        for name in ("src", "href", "action"):
            assert attributes.get(name, "/").startswith(("/", "#"))


@pytest.mark.parametrize("path", PAGES)
async def test_d10_text_from_outside_is_never_markup(world: World, path: str) -> None:
    async with signed_in(world) as browser:
        text = (await browser.get(path)).text
    assert "<script>alert" not in text
    assert "<img src=x" not in text
    assert "\u202e" not in text
    assert "\x07" not in text


async def test_d10_an_unseen_character_is_spelled_out(world: World) -> None:
    async with signed_in(world) as browser:
        page = Page((await browser.get("/incidents/INC-4")).text)
    assert "⟨U+202E⟩gnp.exe⟨U+0007⟩" in page.text
    assert "<script>alert(1)</script>" in page.text  # as text


@pytest.mark.parametrize("path", ["/login", *PAGES])
async def test_h05_every_field_has_a_label(world: World, path: str) -> None:
    async with signed_in(world) as browser:
        page = Page((await browser.get(path)).text)
    named = {label["for"] for label in page.of("label") if "for" in label}
    identifiers = [attributes["id"] for _, attributes in page.tags if "id" in attributes]
    assert len(identifiers) == len(set(identifiers))
    for tag, attributes in page.tags:
        if tag in LABELLED and attributes.get("type") not in {"hidden", "checkbox"}:
            assert attributes.get("id") in named


@pytest.mark.parametrize("path", ["/login", "/nothing", *PAGES])
async def test_h05_headings_are_in_order_and_there_is_one_first(world: World, path: str) -> None:
    async with signed_in(world) as browser:
        page = Page((await browser.get(path)).text)
    levels = [int(tag[1]) for tag, _ in page.tags if tag in {"h1", "h2", "h3", "h4"}]
    assert levels.count(1) == 1
    assert levels[0] == 1
    assert all(after - before <= 1 for before, after in pairwise(levels))


@pytest.mark.parametrize("path", PAGES)
async def test_h05_landmarks_language_and_a_way_past_the_navigation(
    world: World, path: str
) -> None:
    async with signed_in(world) as browser:
        page = Page((await browser.get(path)).text)
    assert page.of("html")[0]["lang"] == "en"
    assert page.of("main")[0]["id"] == "main"
    assert page.of("a")[0]["href"] == "#main"
    assert any(part.get("aria-live") == "polite" for _, part in page.tags)
    assert all(head.get("scope") for head in page.of("th"))
    assert all("alt" in picture for picture in page.of("img"))


@pytest.mark.parametrize("path", PAGES)
async def test_c30_looking_decides_nothing(world: World, path: str) -> None:
    async with signed_in(world) as browser:
        before = await world.log.changed()
        for method in ("GET", "HEAD"):
            answer = await browser.request(method, path, headers={"Sec-Purpose": "prefetch"})
            assert answer.status_code == 200
            assert method == "GET" or answer.content == b""
    assert world.inbox.replies == []
    assert await world.log.changed() == before


def test_c30_what_takes_a_form_answers_no_get(world: World) -> None:
    doors = world.doors()
    taking = [
        route.path
        for route in page_routes(doors, Gate(doors))
        if route.methods == {"POST"} and route.path != "/login"
    ]
    assert {"/proposals/{proposal}/decision", "/pause", "/incidents"} <= set(taking)


async def test_c30_a_get_of_a_decision_is_no_page(world: World) -> None:
    async with signed_in(world) as browser:
        answer = await browser.get("/proposals/7F3KQ2ZM/decision?verdict=approve")
    assert answer.status_code in {404, 405}
    assert world.inbox.replies == []


async def test_h02_the_timeline_has_an_anchor_an_event(world: World) -> None:
    async with signed_in(world) as browser:
        page = Page((await browser.get("/incidents/INC-6")).text)
    anchors = {attributes.get("id") for attributes in page.of("li")}
    last = (await world.log.load("INC-6"))[-1].seq
    assert anchors >= {f"e{seq}" for seq in range(1, last + 1)}


async def test_the_timeline_says_things_in_words(world: World) -> None:
    async with signed_in(world) as browser:
        text = Page((await browser.get("/incidents/INC-6")).text).text
    for words in ("dana approved P-4Q9W through web", "The action ran", "rolled back to v41",
                  "Check 1 after P-4Q9W passed", "planner concluded"):  # fmt: skip
        assert words in text


async def test_a_long_timeline_is_paged_and_loses_nothing(world: World) -> None:
    note = NoteAdded(person="dana", text="still looking")
    facts: list[tuple[float, str, Fact]] = [(0.0, "bot", stories.opened("checkout"))]
    facts += [(float(place), "web:dana", note) for place in range(1, 500)]
    world.log.add(*stories.thread("INC-8", facts))
    seen: set[str] = set()
    async with signed_in(world) as browser:
        for query in ("", "?before=301", "?before=101"):
            path = f"/incidents/INC-8{query}"
            page = Page((await browser.get(path)).text)
            seen |= {entry["id"] for entry in page.of("li") if entry.get("id", "").startswith("e")}
    assert seen == {f"e{seq}" for seq in range(1, 501)}


async def test_e03_the_proposal_page_shows_every_leaf(world: World) -> None:
    async with signed_in(world) as browser:
        text = Page((await browser.get("/proposals/7F3KQ2ZM")).text).text
    for leaf in ("rollback", "checkout", "v41", "job_run:rollback", "checkout in production",
                 "Roll forward to v42", "v42 → v41", "value > 0.02", "value < 0.01",
                 "group:sre (rule rollbacks)"):  # fmt: skip
        assert leaf in text


async def test_a_proposal_is_found_by_its_code_in_any_case(world: World) -> None:
    async with signed_in(world) as browser:
        for name in ("7F3K", "p-7f3k", "7f3kq2zm"):
            assert (await browser.get(f"/proposals/{name}")).status_code == 200
        for name in ("7F3", "0000", "7F3KQ2ZMX", "%00", "<b>"):
            assert (await browser.get(f"/proposals/{name}")).status_code == 404


async def test_h02_evidence_shows_its_query_digest_and_time(world: World) -> None:
    async with signed_in(world) as browser:
        text = Page((await browser.get(f"/e/{stories.EVIDENCE}")).text).text
    kept = world.evidence.kept[stories.EVIDENCE]
    for part in (kept.digest, "sum(rate(http_errors_total[1m]))", "3 March 2026, 14:02:14 UTC",
                 '"value": 0.142', "INC-7"):  # fmt: skip
        assert part in text


async def test_a_permalink_answers_after_retention_with_the_digest_and_the_day(
    world: World,
) -> None:
    kept = world.evidence.kept[stories.EVIDENCE]
    gone_at = datetime(2031, 5, 4, 12, tzinfo=UTC)
    world.evidence.kept[stories.EVIDENCE] = replace(kept, body=b"", deleted_at=gone_at)
    async with signed_in(world) as browser:
        answer = await browser.get(f"/e/{stories.EVIDENCE}")
    text = Page(answer.text).text
    assert answer.status_code == 200
    for part in ("Deleted on 2031-05-04 by retention", kept.digest, "http_errors_total", "INC-7"):
        assert part in text
    assert "0 bytes" not in text


@pytest.mark.parametrize("name", ["00", "9F2C11D07AB3E645", "9f2c11d07ab3e646", "..%2f"])
async def test_evidence_that_is_not_there_is_404(world: World, name: str) -> None:
    async with signed_in(world) as browser:
        assert (await browser.get(f"/e/{name}")).status_code == 404


async def test_h02_a_page_that_is_not_there_reveals_nothing(world: World) -> None:
    async with signed_in(world) as browser:
        pages = [await browser.get(path) for path in ("/incidents/INC-999", "/no", "/e/no")]
    assert {page.status_code for page in pages} == {404}
    assert all("there is no such page" in page.text for page in pages)


async def test_the_filters_of_the_list_are_in_its_address(world: World) -> None:
    async with signed_in(world) as browser:
        for query, shown in (("status=closed", {"INC-6"}), ("severity=high", {"INC-5"}),
                             ("text=postgres", {"INC-5"}), ("service=nobody", set[str]()),
                             ("status=nonsense&before=INC-6", {"INC-5", "INC-4"})):  # fmt: skip
            page = Page((await browser.get(f"/incidents?{query}")).text)
            links = {link["href"] for link in page.of("a")}
            assert {name for name in ("INC-4", "INC-5", "INC-6", "INC-7")
                    if f"/incidents/{name}" in links} == shown  # fmt: skip


async def test_a_full_list_leads_to_older_incidents_with_the_same_filters(world: World) -> None:
    for number in range(10, 65):
        world.log.add(*stories.bad_deploy(f"INC-{number}")[:2])
    async with signed_in(world) as browser:
        page = Page((await browser.get("/incidents?status=open")).text)
        older = next(link["href"] for link in page.of("a") if link.get("rel") == "next")
        assert "status=open" in older
        assert "before=INC-15" in older
        rest = Page((await browser.get(older)).text)
    assert "/incidents/INC-14" in {link["href"] for link in rest.of("a")}


async def test_an_empty_house_says_what_to_do() -> None:
    async with signed_in(World()) as browser:
        text = Page((await browser.get("/incidents")).text).text
        quiet = Page((await browser.get("/approvals")).text).text
    assert "All quiet" in text
    assert "Nothing waits for you" in quiet


async def test_d02_an_insecure_door_stands_out_on_the_status_page(world: World) -> None:
    world.checks["queue"] = (False, "2000 of 2000 waiting")
    async with signed_in(world) as browser:
        text = Page((await browser.get("/status")).text).text
    assert "Insecure" in text
    assert "/hooks/generic_json/lab" in text
    assert "Closed its secret is not set" in text
    assert "2000 of 2000 waiting" in text


async def test_what_is_broken_is_said_without_its_details(world: World) -> None:
    async def broken(stream: str, after: int = 0) -> list[object]:
        raise RuntimeError("password=hunter2")

    async with signed_in(world) as browser:
        world.log.load = broken  # pyright: ignore[reportAttributeAccessIssue]
        answer = await browser.get("/incidents/INC-7")
    assert answer.status_code == 500
    assert "hunter2" not in answer.text
    assert "Correlation id" in answer.text


async def test_static_files_are_kept_for_a_year_under_their_digest(world: World) -> None:
    async with client(world) as browser:
        page = Page((await browser.get("/login")).text)
        sheet = next(link["href"] for link in page.of("link") if link["rel"] == "stylesheet")
        exact = await browser.get(sheet)
        stale = await browser.get("/static/app.css?v=old")
        missing = await browser.get("/static/%2e%2e%2fpages.py")
    assert "immutable" in exact.headers["cache-control"]
    assert exact.headers["content-type"].startswith("text/css")
    assert stale.headers["cache-control"] == "no-cache"
    assert missing.status_code in {303, 404}


def test_the_script_is_small_and_there_is_one() -> None:
    from bot.web.render import HERE

    scripts = list(HERE.joinpath("static").glob("*.js"))
    assert len(scripts) == 1
    assert len(scripts[0].read_text().splitlines()) <= 80
