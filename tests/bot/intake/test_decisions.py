from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from bot.errors import BusyError
from bot.incident.facts_action import (
    DecisionMade,
    DecisionRefused,
    ProposalApproved,
    ProposalDenied,
)
from bot.incident.reducer import State
from bot.knowledge.people import People
from bot.ports import Draft, Outcome, Recorded, Refusal
from tests.bot.engine.house import INC, House, World, Wrapped, open_house, replies
from tests.bot.engine.making import DANA, EVE, LAX, Team
from tests.bot.incident.making import proposal, proposed
from tests.bot.intake.clicking import button, click


async def as_person(house: House, person: str) -> Outcome:
    """Decide on a surface that knows the Person itself."""
    reply = replace(button(await house.view(), who="web:session"), person=person)
    return await house.replies.reply(reply)


async def refusals(house: House) -> list[DecisionRefused]:
    return [f for f in await house.bodies(DecisionRefused) if isinstance(f, DecisionRefused)]


async def test_an_approval_is_recorded_with_everything_it_rests_on(tmp_path: Path) -> None:
    async with open_house(tmp_path, World()) as house:
        view = await house.pending()
        outcome = await click(house)
        made, reached = await house.bodies(DecisionMade, ProposalApproved)
        actor = (await house.events())[-1].actor
    assert outcome.kind == "done"
    assert outcome.text.endswith("is approved: Roll checkout to v41. I run exactly this, once.")
    assert isinstance(made, DecisionMade)
    assert isinstance(reached, ProposalApproved)
    assert (made.digest, reached.digest) == (view.asked.digest, view.asked.digest)
    assert (made.person, made.actor, made.rule) == ("dana", "web:dana", "rollback")
    assert (made.policy_digest, made.groups_as_of) == ("1" * 64, house.world.clock.now())
    assert actor == "web:dana"


@pytest.mark.usefixtures("each_database")
async def test_e40_a_denial_needs_a_reason_and_keeps_it_redacted(tmp_path: Path) -> None:
    token = "ghp_" + "a1B2c3D4e5F6" * 3
    async with open_house(tmp_path, World()) as house:
        await house.pending()
        short = await click(house, "deny", reason="  no  ")
        assert (await house.view()).status == "pending"
        outcome = await click(house, "deny", reason=f"wrong, see token={token}")
        (denied,) = await house.bodies(ProposalDenied)
        view = await house.view()
    assert (short.kind, outcome.kind, view.status) == ("refused", "done", "denied")
    assert "at least 5 characters" in short.text
    assert isinstance(denied, ProposalDenied)
    assert denied.reason.startswith("wrong, see token=")
    assert token not in denied.reason


@pytest.mark.parametrize(
    ("reason", "done"), [("", False), ("abcd", False), ("   ab ", False), ("abcde", True)]
)
@pytest.mark.parametrize("typed", [False, True], ids=["button", "word"])
@pytest.mark.usefixtures("each_database")
async def test_e40_a_denial_says_why_in_five_characters(
    tmp_path: Path, reason: str, done: bool, typed: bool
) -> None:
    async with open_house(tmp_path, World()) as house:
        view = await house.pending()
        if typed:
            outcome = await house.say(f"deny P-{view.proposal.id} {reason}")
        else:
            outcome = await click(house, "deny", reason=reason)
        assert (await house.view()).status == ("denied" if done else "pending")
    assert (outcome.kind == "done") is done


@pytest.mark.usefixtures("each_database")
async def test_e11_the_same_decision_again_changes_nothing(tmp_path: Path) -> None:
    async with open_house(tmp_path, World()) as house:
        await house.pending()
        await click(house)
        before = await house.types()
        again = await click(house)
        other = await click(house, who="chat:U1")
        assert await house.types() == before
    assert (again.kind, other.kind) == ("already", "already")
    assert again.text.startswith("You decided this already.")
    assert "was approved by dana at 12:00:00 UTC" in again.text


@pytest.mark.usefixtures("each_database")
async def test_e11_whoever_comes_late_is_told_who_and_when(tmp_path: Path) -> None:
    async with open_house(tmp_path, World()) as house:
        await house.pending()
        await click(house, "deny")
        late = await click(house, who="web:eve")
        (refused,) = await refusals(house)
    assert late.kind == "already"
    assert "was denied by dana at 12:00:00 UTC" in late.text
    assert refused.actor == "web:eve"


@pytest.mark.usefixtures("each_database")
async def test_e22_one_deny_vetoes_and_a_mind_may_be_changed(tmp_path: Path) -> None:
    world = World(team=Team(policy=LAX))
    world.acting.risk = "high"
    async with open_house(tmp_path, world) as house:
        await house.pending()
        first = await click(house)
        assert (await house.view()).status == "pending"
        veto = await click(house, "deny")
        late = await click(house, who="web:eve")
        view = await house.view()
    assert "needs one more person" in first.text
    assert (veto.kind, view.status) == ("done", "denied")
    assert "was denied by dana" in late.text


@pytest.mark.parametrize("verdict", ["", "yes", "APPROVE", "reject"])
async def test_law9_what_is_neither_approve_nor_deny_decides_nothing(
    tmp_path: Path, verdict: str
) -> None:
    async with open_house(tmp_path, World()) as house:
        await house.pending()
        outcome = await click(house, verdict)
        assert (await house.view()).status == "pending"
    assert outcome.kind == "refused"


@pytest.mark.parametrize(
    ("who", "why"),
    [
        ("web:mallory", "you (mallory) are not among them"),
        ("web:nobody", "I do not know who you are"),
        ("chat:dana", "I do not know who you are"),
    ],
)
@pytest.mark.usefixtures("each_database")
async def test_e42_who_may_not_decide_is_refused_and_it_is_kept(
    tmp_path: Path, who: str, why: str
) -> None:
    async with open_house(tmp_path, World()) as house:
        view = await house.pending()
        outcome = await click(house, who=who)
        (refused,) = await refusals(house)
        assert (await house.view()).status == "pending"
    assert outcome.kind == "refused"
    assert why in outcome.text
    assert refused.actor == who
    assert refused.payload_digest == "f" * 64
    assert (refused.proposal, refused.digest) == (view.proposal.id, view.asked.digest)


@pytest.mark.parametrize(
    "changed",
    [{"digest12": "0" * 12}, {"digest12": "ab"}, {"revision": 2}, {"revision": -1}],
)
@pytest.mark.usefixtures("each_database")
async def test_e06_a_card_that_is_out_of_date_decides_nothing(
    tmp_path: Path, changed: dict[str, str | int]
) -> None:
    async with open_house(tmp_path, World()) as house:
        await house.pending()
        outcome = await house.replies.reply(replace(button(await house.view()), **changed))
        assert (await house.view()).status == "pending"
        assert len(await refusals(house)) == 1
    assert outcome.kind == "refused"
    assert "out of date" in outcome.text


@pytest.mark.usefixtures("each_database")
async def test_e13_a_late_click_on_an_expired_proposal_is_refused(tmp_path: Path) -> None:
    async with open_house(tmp_path, World()) as house:
        await house.pending()
        house.world.clock.advance(1800)
        early = await click(house)
        await house.drive(INC)
        late = await click(house)
        view = await house.view()
    assert (early.kind, late.kind, view.status) == ("refused", "already", "expired")
    assert "has expired" in early.text
    assert "is expired" in late.text


@pytest.mark.usefixtures("each_database")
async def test_e25_an_unlinked_person_is_refused_at_once(tmp_path: Path) -> None:
    world = World()
    async with open_house(tmp_path, world) as house:
        await house.pending()
        world.team.people = People((DANA.model_copy(update={"identities": ()}), EVE))
        outcome = await click(house)
        assert (await house.view()).status == "pending"
        named = await as_person(house, "dana")
    assert outcome.kind == "refused"
    assert named.kind == "done"


async def test_a_session_of_somebody_who_left_is_worth_nothing(tmp_path: Path) -> None:
    async with open_house(tmp_path, World()) as house:
        await house.pending()
        outcome = await as_person(house, "somebody")
        assert (await house.view()).status == "pending"
    assert outcome.kind == "refused"


async def test_a_decision_that_cannot_be_stored_says_so(tmp_path: Path) -> None:
    class Busy(Wrapped):
        async def record(self, stream: str, build: Callable[[State], Draft | Refusal]) -> Recorded:
            raise BusyError("2000 writes are waiting already")

    async with open_house(tmp_path, World()) as house:
        await house.pending()
        house.replies = replies(house.world, house.store, Busy(house.store.log))
        outcome = await click(house)
        assert (await house.view()).status == "pending"
    assert outcome.kind == "busy"
    assert "Nothing was decided" in outcome.text


@pytest.mark.parametrize("typed", ["", "P-", "7F3", "P-ZZZZ", "%%%%", "____", "P-7F3K' OR 1=1"])
async def test_what_names_no_proposal_is_unknown(tmp_path: Path, typed: str) -> None:
    async with open_house(tmp_path, World()) as house:
        await house.pending()
        outcome = await house.replies.reply(replace(button(await house.view()), proposal=typed))
    assert outcome.kind == "unknown"


async def test_a_typed_code_may_be_short_as_long_as_it_is_clear(tmp_path: Path) -> None:
    async with open_house(tmp_path, World()) as house:
        first = (await house.pending("INC-1")).proposal.id
        second = (await house.pending("INC-2")).proposal.id
        shared = 0
        while first[shared] == second[shared]:
            shared += 1
        short = second[: max(shared + 1, 4)]
        assert (await house.say(f"show P-{short}")).proposal == second
        assert (await house.say(f"approve P-{short.lower()}")).kind == "done"
        assert (await house.view("INC-2")).status == "approved"
        assert (await house.view("INC-1")).status == "pending"


async def test_a_code_that_could_be_two_asks_for_more_characters(tmp_path: Path) -> None:
    async with open_house(tmp_path, World()) as house:
        await house.alarm()
        await house.record(*(proposed(proposal(name)) for name in ("7F3KQ2AB", "7F3KZZZZ")))
        outcome = await house.say("approve P-7F3K")
        assert (await house.say("show P-7F3KZ")).proposal == "7F3KZZZZ"
        assert "DecisionMade" not in await house.types()
    assert outcome.kind == "unknown"
    assert "P-7F3KQ2AB" in outcome.text
    assert "P-7F3KZZZZ" in outcome.text
    assert "Type more characters" in outcome.text
