"""Which card was shown when somebody decided: the form carries its digest, the fact keeps it."""

from bot.conversation.render_digest import render_digest
from bot.incident.card import Text
from bot.incident.reducer import fold
from tests.bot.web.browsing import Page, send, signed_in
from tests.bot.web.world import World, cards

DECISION = "/proposals/7F3KQ2ZM/decision"


async def test_e42_the_form_carries_the_digest_of_the_card_it_stands_on(world: World) -> None:
    state = fold(world.log.streams["INC-7"])
    (card,) = [one for one in cards(state) if "7F3KQ2ZM" in one.key]
    async with signed_in(world) as browser:
        page = Page((await browser.get("/proposals/7F3KQ2ZM")).text)
        carried = {one["value"] for one in page.of("input") if one.get("name") == "shown"}
        assert carried == {render_digest(card)}
        for shown in (render_digest(card), "<script>", ""):
            fields = {"verdict": "approve", "revision": "1", "confirm": "yes", "shown": shown}
            await send(browser, DECISION, {**fields, "digest12": "ab" * 6})
    assert [reply.shown for reply in world.inbox.replies] == [render_digest(card), "", ""]


def test_e42_another_text_on_the_card_is_another_digest(world: World) -> None:
    state = fold(world.log.streams["INC-7"])
    (card,) = [one for one in cards(state) if "7F3KQ2ZM" in one.key]
    other = (*card.blocks, Text(value="and nothing else"))
    assert render_digest(card.model_copy(update={"blocks": other})) != render_digest(card)
    assert render_digest(card.model_copy(update={"title": "P-1"})) != render_digest(card)
    assert render_digest(card.model_copy(update={"version": 99})) == render_digest(card)
