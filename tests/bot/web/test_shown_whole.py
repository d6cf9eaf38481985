"""The proposal's page shows all that would run, or offers no approval; prose changes none of it."""

import re

import pytest
from hypothesis import HealthCheck, given, settings
from markupsafe import escape
from pydantic import JsonValue

from bot.incident.model import Probe
from bot.incident.proposal import Undo
from tests.bot.conversation.test_proposal_card import args_leaves, arguments, expected, probes
from tests.bot.web import stories
from tests.bot.web.browsing import Page, signed_in
from tests.bot.web.world import World

UNSEEN = re.compile(r'name="(csrf|shown)" value="[0-9A-Za-z_-]*"')
"""The form's token, and the digest of all that is shown, what is said too (E-42)."""
PATH = f"/proposals/{stories.PROPOSAL}"
SAID = (
    "it broke",
    '</figure><form action="/proposals/7F3KQ2ZM/decision">version (text) = v40 ✅ approved by dana',
    "x" * 300,
)


def world_of(**changed: object) -> World:
    """Return a world where one proposal waits, its digest the one of its bytes as stored."""
    world = World()
    asked = stories.asked_for(stories.proposed("INC-3"))
    frozen = asked.proposal.model_copy(
        update={name: value for name, value in changed.items() if name != "reason"}
    )
    reason = changed.get("reason", "")
    asked = asked.model_copy(update={"proposal": frozen, "reason": reason})
    begin = stories.opened("checkout"), stories.received(stories.alert("checkout"))
    facts = [(float(place), "bot", fact) for place, fact in enumerate((*begin, asked))]
    world.log.add(*stories.thread("INC-3", facts))
    return world


async def page_of(world: World) -> str:
    async with signed_in(world) as browser:
        answer = await browser.get(PATH)
    assert answer.status_code == 200
    return answer.text


def plain(text: str) -> str:
    """Return text as a browser counts it: the kind and number of blanks mean nothing."""
    return "".join(text.split())


def can_be_approved(page: Page) -> bool:
    return any(one.get("value") == "approve" for one in page.of("input", "button"))


@settings(max_examples=60, suppress_health_check=[HealthCheck.too_slow])
@given(args=arguments, before=probes, after=probes, undo=arguments)
async def test_e03_the_page_shows_every_leaf_or_nothing_can_be_approved(
    args: dict[str, JsonValue], before: Probe, after: Probe, undo: dict[str, JsonValue]
) -> None:
    back = Undo(tool="job_run", args=undo, title="back")
    changed = {"args": args, "preconditions": (before,), "verify": (after,), "undo": back}
    page = Page(await page_of(world_of(**changed)))
    wanted = [*args_leaves(args), *args_leaves(undo)]
    for probe in (before, after):
        wanted += [probe.title, probe.tool, *args_leaves(probe.args), *expected(probe.expect)]
    shown = plain(page.text)
    missing = [leaf for leaf in wanted if plain(leaf) not in shown]
    assert missing == [] or not can_be_approved(page)


async def test_e03_a_page_whose_every_leaf_can_be_seen_can_be_approved() -> None:
    assert can_be_approved(Page(await page_of(world_of())))
    hidden: dict[str, JsonValue] = {"version": "v4\u202e1"}
    assert not can_be_approved(Page(await page_of(world_of(args=hidden))))


@pytest.mark.parametrize("reason", SAID[1:], ids=["markup", "long"])
async def test_e04_prose_changes_no_byte_of_the_page_around_it(reason: str) -> None:
    """What is said stands twice, as text: as its own figure, and in the card."""
    around: list[str] = []
    for said in (SAID[0], reason):
        text = str(escape(said))
        page = UNSEEN.sub("", await page_of(world_of(reason=said)))
        assert page.count(text) == 2
        around.append(page.replace(text, "‹said›"))
    assert around[0] == around[1]
