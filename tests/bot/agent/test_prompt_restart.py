"""After a kill the same bytes are rendered: from the stored events, folded and briefed anew."""

from pathlib import Path

from bot.agent.exchange import Prompt
from bot.agent.marking import fence_code
from bot.incident.briefing import brief
from bot.incident.facts_alerts import NoteAdded
from tests.bot.agent.prompting import OFFERS, prompt
from tests.bot.engine.house import House, World, open_house


async def rendered(house: House) -> Prompt:
    return prompt(brief(await house.state(), OFFERS, 10))


async def test_factor_3_after_a_kill_the_prompt_is_the_same_bytes(tmp_path: Path) -> None:
    world = World()
    async with open_house(tmp_path, world) as house:
        view = await house.pending()
        await house.say(f"deny P-{view.proposal.id} not during the sale")
        await house.record(NoteAdded(person="dana", text="it began at noon"))
        before = await rendered(house)
    async with open_house(tmp_path, world) as house:
        assert await rendered(house) == before
    assert "not^during^the^sale" in before.volatile
    assert "it^began^at^noon" in before.volatile


async def test_f03_the_code_of_the_fences_rests_on_a_delivery_nobody_outside_knows(
    tmp_path: Path,
) -> None:
    async with open_house(tmp_path, World()) as house:
        await house.pending()
        context = brief(await house.state(), OFFERS, 10)
    delivery, _, run = context.seed.partition("/")
    assert (delivery.startswith("d1-firing"), run) == (True, "1")
    assert fence_code(context.incident, context.seed) != fence_code(context.incident, "")
