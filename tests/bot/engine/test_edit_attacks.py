"""What an editor may try: to have others approve what they never saw, or to pass as no author."""

from pathlib import Path

import pytest

from bot.incident.steps import AskHuman
from bot.ports import Reply
from tests.bot.engine.editing import edited
from tests.bot.engine.house import INC, World, open_house
from tests.bot.engine.making import Scripted, conclude, look, want
from tests.bot.intake.clicking import button


async def test_e09_words_that_name_no_revision_never_approve_what_was_edited(
    tmp_path: Path,
) -> None:
    """Else whoever may edit does so a moment before `approve P-…` comes in of what was read."""
    async with open_house(tmp_path, World()) as house:
        first = await house.pending()
        word = f"approve P-{first.proposal.id}"
        assert (await edited(house)).kind == "done"
        blind = await house.say(word, "web:eve")
        by_api = await house.replies.reply(
            Reply("api:eve", "api", "", "decide", person="eve", proposal=first.proposal.id,
                  verdict="approve")
        )  # fmt: skip
        old = await house.say(f"{word} {first.asked.digest[:12]}", "web:eve")
        view = await house.view()
        assert (view.status, view.decisions) == ("pending", [])
        seen = await house.say(f"{word} {view.asked.digest[:12]}", "web:eve")
        assert (await house.view()).status == "approved"
    assert [said.kind for said in (blind, by_api, old, seen)] == [*["refused"] * 3, "done"]
    assert "revision 2" in blind.text
    assert view.asked.digest[:12] not in blind.text, "it is read off the card that shows it all"


async def test_e09_words_that_name_no_revision_still_deny_it(tmp_path: Path) -> None:
    async with open_house(tmp_path, World()) as house:
        view = await house.pending()
        await edited(house)
        denied = await house.say(f"deny P-{view.proposal.id} not in the sale", "web:eve")
    assert denied.kind == "done"


@pytest.mark.parametrize(("answer", "kind"), [("v41", "refused"), ("v99", "done")])
async def test_e23_whose_answer_became_an_argument_does_not_approve_it_alone(
    tmp_path: Path, answer: str, kind: str
) -> None:
    ask = AskHuman(question="Which version?", answer="text", findings=())
    model = Scripted([look(), ask, want("v41"), conclude()])
    async with open_house(tmp_path, World(model=model)) as house:
        await house.alarm()
        await house.drive(INC)
        assert (await house.say(f"answer {INC} {answer}")).kind == "done"
        await house.drive(INC)
        view = await house.view()
        own = await house.replies.reply(button(view))
    assert (own.kind, view.proposal.requested_by) == (kind, "bot")
