"""Races of answers, clocks nobody wound, and who may decide at all."""

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest

from bot.engine import embedded
from bot.incident.facts_action import DecisionMade, DecisionRefused
from bot.incident.steps import AskHuman
from bot.ports import Draft, Log, Recorded
from tests.bot.engine.house import INC, House, World, Wrapped, open_house
from tests.bot.engine.making import Scripted, conclude, look, want
from tests.story.field.lives import Lives, card_of, click, dispatcher, sweep, verbs, views

Says = Callable[[], Awaitable[object]]


class Quick(Wrapped):
    """A log with a human behind it, who answers before the loop has heard that it asked."""

    def __init__(self, inner: Log, answers: dict[str, Says]) -> None:
        super().__init__(inner)
        self.answers = answers

    async def append(self, stream: str, expect: int, draft: Draft) -> Recorded:
        made = await super().append(stream, expect, draft)
        for event in made.events:
            says = self.answers.pop(event.type, None)
            if says is not None:
                await says()
        return made


async def test_field_26_an_answer_that_is_faster_than_the_pause_is_heard(tmp_path: Path) -> None:
    """StackStorm: answered too fast, the workflow stayed "pausing" for ever."""
    model = Scripted([look(), AskHuman(question="Is the sale on?"), want(), conclude()])
    world, answers = World(model=model), dict[str, Says]()
    async with open_house(tmp_path, world, log=lambda log: Quick(log, answers)) as house:
        answers["QuestionAsked"] = lambda: house.say(f"answer {INC} no")
        answers["ActionProposed"] = house.approve
        await house.alarm()
        await house.drive(INC)
        assert answers == {}
        types = await house.types()
        assert types.count("ActionFinished") == types.count("ConclusionReached") == 1
        assert (await house.view()).status == "succeeded"


async def test_field_26_a_second_question_and_a_second_proposal_do_not_jam(tmp_path: Path) -> None:
    """StackStorm: a second inquiry of one workflow was never resumed."""
    lines = [look(), AskHuman(question="One?"), AskHuman(question="Two?"), want("v41"),
             want("v40"), conclude()]  # fmt: skip
    lives = Lives(tmp_path, World(model=Scripted([*lines])))
    lives.world.acting.guarded = False
    for number in (1, 2):
        async with lives.life() as house:
            await (house.alarm() if number == 1 else sweep(house))
            await sweep(house)
            assert (await house.types()).count("QuestionAsked") == number
            assert (await house.say(f"answer {INC} answer {number}")).kind == "done"
    async with lives.life() as house:
        await sweep(house)
        answers = [view.value for view in (await house.state()).incident.questions.values()]
        assert answers == ["answer 1", "answer 2"]
        first, second = await views(house)
        outcomes = await asyncio.gather(
            *(house.replies.reply(click(view)) for view in (second, first, second))
        )
        assert sorted(one.kind for one in outcomes) == ["already", "done", "done"]
        await sweep(house)
        assert {view.status for view in await views(house)} == {"succeeded"}
    assert len(lives.world.shop.calls) == 2


async def test_field_27_expiry_is_an_alarm_in_the_database_and_rings_without_anybody(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """parity-dynatrace: the expiry was never scheduled."""
    monkeypatch.setattr(embedded, "SWEEP_S", 0.005)
    lives = Lives(tmp_path)
    await lives.until_pending()
    async with lives.life() as house:
        expires_at = (await house.view()).proposal.expires_at
        assert await house.store.log.due(lives.world.clock.now()) == []
        assert await house.store.log.due(expires_at) == [INC]
        lives.world.clock.advance((expires_at - lives.world.clock.now()).total_seconds())
        sweeping = asyncio.create_task((going := dispatcher(house)).run())
        async with asyncio.timeout(60):
            while (await house.view()).status != "expired":  # noqa: ASYNC110 - the log is watched
                await asyncio.sleep(0.01)
        await going.stop(60)
        await sweeping


async def test_field_27_every_button_of_a_card_is_heard_by_somebody(tmp_path: Path) -> None:
    """parity-dynatrace: the card was posted and no endpoint existed for its buttons."""
    lives = Lives(tmp_path)
    lives.world.shop.tells = False
    pressed: set[str] = set()

    async def press(house: House, proposal: str) -> None:
        for control in (await card_of(house, proposal)).controls:
            if control.verb == "details":  # leads to the page, asks the bot nothing
                continue
            said = {
                "deny": f"deny P-{proposal} not now please",
                "edit": f"edit P-{proposal} version=v40",
                "reconcile": f"reconcile P-{proposal} worked I looked at it",
            }.get(control.verb, f"{control.verb} P-{proposal}")
            outcome = await house.say(said, "web:mallory")
            assert "I do not know the word" not in outcome.text
            pressed.add(control.verb)

    proposal = await lives.until_pending()
    async with lives.life() as house:
        await press(house, proposal)
        await house.approve()
        await sweep(house)
        await press(house, proposal)
    lives = Lives(tmp_path / "other")
    lives.folder.mkdir()
    proposal = await lives.until_pending()
    lives.world.clock.advance(7200)
    async with lives.life() as house:
        await sweep(house)
        await press(house, proposal)
    assert pressed == {"approve", "deny", "edit", "undo", "renew"}


@pytest.mark.parametrize(
    ("who", "why"),
    [
        ("web:nobody", "I do not know who you are"),
        ("chat:U9", "I do not know who you are"),
        ("web:mallory", "Not decided"),
    ],
)
async def test_field_28_being_in_the_channel_is_no_authority(
    tmp_path: Path, who: str, why: str
) -> None:
    """Forge: whoever is in the channel could approve, and nobody had written that down."""
    lives = Lives(tmp_path)
    proposal = await lives.until_pending()
    async with lives.life() as house:
        for verdict in ("approve", "deny"):
            outcome = await house.replies.reply(click(await house.view(), who, verdict))
            assert outcome.kind == "refused"
            assert why in outcome.text
        assert await house.bodies(DecisionMade) == []
        refused = await house.bodies(DecisionRefused)
        assert [one.actor for one in refused if isinstance(one, DecisionRefused)] == [who, who]
        assert (await house.view()).status == "pending"
        facts = {fact.label: fact.text.value for fact in (await card_of(house, proposal)).facts}
        assert facts["Who may approve"] == "whom rule rollback of policy.yaml names"
        await sweep(house)
    assert lives.world.shop.calls == []


async def test_field_28_whoever_lost_the_right_after_approving_approved_nothing(
    tmp_path: Path,
) -> None:
    """Membership is asked again when it runs, not remembered from the click (E-26)."""
    lives = Lives(tmp_path)
    async with lives.life() as house:
        await house.pending()
        assert (await house.approve(who="web:eve")).kind == "done"
    people = lives.world.team.people.people
    left = tuple(one for one in people if one.name != "eve")
    lives.world.team.people = type(lives.world.team.people)(left)
    async with lives.life() as house:
        await sweep(house)
        view = await house.view()
        assert view.status == "superseded"
        assert "eve approved it and is no longer in people.yaml" in view.why
        assert "approve" not in verbs(await card_of(house, view.proposal.id))
    assert lives.world.shop.calls == []
