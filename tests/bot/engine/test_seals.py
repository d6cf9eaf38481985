"""A decision counts by its seal: who can write the log cannot make the executor run anything."""

from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import pytest

from bot.app.key import Key
from bot.errors import BusyError
from bot.incident.facts_action import (
    ActionProposed,
    ActionStarted,
    DecisionMade,
    ProposalApproved,
    ProposalSuperseded,
)
from bot.incident.facts_alerts import IncidentOpened
from bot.incident.views import ProposalView
from bot.store.audit import Break
from tests import fakes
from tests.bot.engine.forging import forge
from tests.bot.engine.house import INC, KEY, House, World, approved, open_house

DERIVED = (
    "UPDATE proposal SET status = 'approved' WHERE incident = :stream",
    """UPDATE incident SET seq = (SELECT max(seq) FROM event WHERE stream = :stream), pending = 0
    WHERE id = :stream""",
)
OTHER = Key(b"the key that the attacker has made")


@pytest.fixture
def folder(tmp_path: Path, database_url: str) -> Path:
    """A folder whose database is of each kind."""
    fakes.DATABASES[tmp_path] = database_url
    return tmp_path


def decision(view: ProposalView, person: str = "dana") -> DecisionMade:
    return DecisionMade(
        proposal=view.proposal.id,
        revision=view.proposal.revision,
        digest=view.asked.digest,
        person=person,
        actor=f"web:{person}",
        verdict="approve",
        reason="",
        rule="rollback",
        policy_digest="1" * 64,
        groups_as_of=fakes.T0,
    )


def reached(view: ProposalView) -> ProposalApproved:
    return ProposalApproved(proposal=view.proposal.id, digest=view.asked.digest)


async def refused(house: House, incident: str = INC) -> ProposalSuperseded:
    """Drive, and return the security event; nothing was started and nothing was called."""
    await house.drive(incident)
    types = await house.types(incident)
    assert "ActionStarted" not in types
    assert house.world.shop.calls == []
    (fact,) = await house.bodies(ProposalSuperseded, incident=incident)
    assert isinstance(fact, ProposalSuperseded)
    assert fact.security
    return fact


def of_another_person(made: DecisionMade) -> str:
    return KEY.seal(made.model_copy(update={"person": "eve"}))


def text_of(seal: str) -> Callable[[DecisionMade], str]:
    return lambda _: seal


SEALS: dict[str, Callable[[DecisionMade], str]] = {
    "none": text_of(""),
    "guessed": text_of("0" * 64),
    "by another key": OTHER.seal,
    "of another person's decision": of_another_person,
}


@pytest.mark.parametrize("name", SEALS)
async def test_e42_a_forged_approval_in_a_correct_chain_runs_nothing(
    folder: Path, name: str
) -> None:
    world = World()
    async with open_house(folder, world) as house:
        view = await house.pending()
    made = decision(view)
    made = made.model_copy(update={"seal": SEALS[name](made)})
    forge(folder, INC, (made, reached(view)), *DERIVED)
    async with open_house(folder, world) as house:
        assert await house.store.verify() == [], "the chain itself is as the bot makes it"
        assert (await house.view()).status == "approved"
        fact = await refused(house)
    assert "bears no seal of this bot's key" in fact.why
    assert "approve it again" in fact.why


@pytest.mark.usefixtures("each_database")
async def test_e42_a_decision_of_before_there_were_seals_is_to_be_made_again(
    tmp_path: Path,
) -> None:
    world = World(key=Unsealed())
    async with open_house(tmp_path, world) as house:
        await approved(house)
    world.key = KEY
    async with open_house(tmp_path, world) as house:
        assert "made before" in (await refused(house)).why


class Unsealed:
    """The bot of yesterday: it seals nothing."""

    def seal(self, made: DecisionMade) -> str:
        return ""

    def holds(self, made: DecisionMade) -> bool:
        return True


@pytest.mark.usefixtures("each_database")
async def test_e42_after_a_change_of_the_key_what_was_approved_is_approved_again(
    tmp_path: Path,
) -> None:
    world = World()
    async with open_house(tmp_path, world) as house:
        await approved(house)
    world.key = OTHER
    async with open_house(tmp_path, world) as house:
        assert "with another key" in (await refused(house)).why


async def test_e42_one_forged_approval_beside_a_real_one_makes_no_quorum(folder: Path) -> None:
    world = World()
    rule = world.team.policy.rules[0].model_copy(update={"min_approvals": 2})
    world.team.policy = world.team.policy.model_copy(update={"rules": (rule,)})
    async with open_house(folder, world) as house:
        view = await house.pending()
    forge(folder, INC, (decision(view, "eve"),), DERIVED[1])
    async with open_house(folder, world) as house:
        assert (await house.approve()).kind == "done"
        assert (await house.view()).status == "approved"
        assert "the approval by eve bears no seal" in (await refused(house)).why


async def test_e42_a_proposal_copied_with_its_sealed_approval_runs_nowhere_else(
    folder: Path,
) -> None:
    world = World()
    async with open_house(folder, world) as house:
        await approved(house)
        facts = await house.bodies(IncidentOpened, ActionProposed, DecisionMade, ProposalApproved)
        world.paused = True
        assert await house.alarm(key="other") == "INC-2"
        await house.drive("INC-2")
    move = "UPDATE proposal SET incident = :stream"
    forge(folder, "INC-2", facts[1:], move, *DERIVED)
    world.paused = False
    async with open_house(folder, world) as house:
        fact = await refused(house, "INC-2")
    assert "it was made for INC-1 and not here" in fact.why


async def test_e42_a_real_approval_still_runs(folder: Path) -> None:
    world = World()
    async with open_house(folder, world) as house:
        await approved(house)
        await house.drive(INC)
        assert [type(one) for one in await house.bodies(ActionStarted)] == [ActionStarted]
        assert await house.store.verify() == list[Break]()
    assert len(world.shop.calls) == 1


async def test_e42_a_forged_approval_beside_the_running_bot_runs_nothing(folder: Path) -> None:
    world = World()
    async with open_house(folder, world) as house:
        view = await house.pending()
        forge(folder, INC, (decision(view), reached(view)), *DERIVED)
        with suppress(BusyError):  # the writer knows another head: it writes nothing at all
            await house.drive(INC)
        assert "ActionStarted" not in await house.types()
        assert world.shop.calls == []
