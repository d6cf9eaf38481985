import sqlite3
from collections.abc import Callable
from pathlib import Path

import pytest

from bot.engine import grant
from bot.incident.facts_action import (
    ActionStarted,
    ProposalSuperseded,
)
from bot.incident.model import Rule
from bot.incident.proposal import digest
from bot.knowledge.people import People
from bot.ports import Draft, Recorded
from tests.bot.engine.house import INC, House, World, Wrapped, approved, open_house
from tests.bot.engine.making import DANA, EVE, RULE, policy
from tests.bot.incident.making import proposal

Spoil = Callable[[World], None]


def fired(world: World) -> None:
    world.team.people = People((EVE,))


def moved(world: World) -> None:
    world.team.people = People((DANA.model_copy(update={"groups": ()}), EVE))


def forbidden(world: World) -> None:
    world.team.policy = policy(RULE.model_copy(update={"allow": False}))


def stricter(world: World) -> None:
    world.team.policy = policy(RULE.model_copy(update={"min_approvals": 2}))


def emptied(world: World) -> None:
    world.team.policy = policy(Rule(name="other", action="dns_change"))


def redeclared(world: World) -> None:
    world.acting.declaration = "b" * 64


def deployed(world: World) -> None:
    world.shop.version = "v43"


async def superseded(house: House) -> ProposalSuperseded:
    (fact,) = await house.bodies(ProposalSuperseded)
    assert isinstance(fact, ProposalSuperseded)
    return fact


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (b'"version":"v41"', b'"version":"v40"'),
        (b'"target":"checkout"', b'"target":"checkouT"'),
        (b'"risk":"medium"', b'"risk":"low"'),
    ],
)
async def test_e07_one_changed_byte_is_refused(tmp_path: Path, old: bytes, new: bytes) -> None:
    world = World()
    async with open_house(tmp_path, world) as house:
        await approved(house)
    changed = tamper(tmp_path / "bot.db", old, new)
    assert changed == 1
    async with open_house(tmp_path, world) as house:
        await house.drive(INC)
        fact = await superseded(house)
    assert fact.security
    assert "not the ones that were approved" in fact.why
    assert world.shop.calls == []


async def test_e07_a_forged_digest_is_covered_by_no_decision(tmp_path: Path) -> None:
    world = World()
    async with open_house(tmp_path, world) as house:
        await approved(house)
        asked = (await house.view()).asked
    forged = asked.proposal.model_copy(update={"target": "billing"})
    assert tamper(tmp_path / "bot.db", b'"target":"checkout"', b'"target":"billing"')
    assert tamper(tmp_path / "bot.db", asked.digest.encode(), digest(forged).encode())
    async with open_house(tmp_path, world) as house:
        await house.drive(INC)
        assert (await house.view()).status == "pending"
    assert world.shop.calls == []


def test_e07_bytes_without_a_canonical_form_are_refused() -> None:
    asked = proposal(args={"job": "rollback", "id": 2**53})
    with pytest.raises(grant.Revoked) as refused:
        grant.check_digest(asked, "0" * 64)
    assert refused.value.security


def tamper(path: Path, old: bytes, new: bytes) -> int:
    """Change the stored proposal behind the bot's back."""
    with sqlite3.connect(path) as db:
        names = db.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'").fetchall()
        for (name,) in names:
            if name.startswith("event"):
                db.execute(f'DROP TRIGGER "{name}"')
        asked = "SELECT row, body FROM event WHERE type = 'ActionProposed'"
        ((row, body),) = db.execute(asked).fetchall()
        spoilt = bytes(body).replace(old, new, 1)
        db.execute("UPDATE event SET body = ? WHERE row = ?", (spoilt, row))
    db.close()
    return int(spoilt != bytes(body))


async def test_e07_arguments_that_would_be_sent_otherwise_are_refused() -> None:
    asked = proposal()
    grant.check_arguments(asked, asked.args)
    with pytest.raises(grant.Revoked) as refused:
        grant.check_arguments(asked, {**asked.args, "force": True})
    assert refused.value.security


@pytest.mark.parametrize(
    ("spoil", "why"),
    [
        (deployed, "v42 is live: version = v43"),
        (fired, "dana approved it and is no longer in people.yaml"),
        (moved, "the approval by dana no longer counts"),
        (forbidden, "forbids"),
        (stricter, "lacks the approvals"),
        (emptied, "no rule in policy.yaml"),
        (redeclared, "declaration"),
    ],
)
async def test_e26_e30_what_changed_since_the_approval_supersedes_it(
    tmp_path: Path, spoil: Spoil, why: str
) -> None:
    world = World()
    async with open_house(tmp_path, world) as house:
        await approved(house)
        spoil(world)
        await house.drive(INC)
        fact = await superseded(house)
        types = await house.types()
    assert why in fact.why
    assert not fact.security
    assert "ActionStarted" not in types
    assert world.shop.calls == []


async def test_a_precondition_that_cannot_be_read_does_not_hold(tmp_path: Path) -> None:
    world = World()
    async with open_house(tmp_path, world) as house:
        await approved(house)
        world.looking.fails = [KeyError("a bug")]
        await house.drive(INC)
        fact = await superseded(house)
    assert "could not be read" in fact.why
    assert world.shop.calls == []


async def test_a_job_that_is_changed_right_after_the_intent_is_not_called(tmp_path: Path) -> None:
    world = World()

    class Late(Wrapped):
        async def append(self, stream: str, expect: int, draft: Draft) -> Recorded:
            made = await self.inner.append(stream, expect, draft)
            if isinstance(draft.facts[0], ActionStarted):
                redeclared(world)
            return made

    async with open_house(tmp_path, world, log=Late) as house:
        await approved(house)
        await house.drive(INC)
        view = await house.view()
    assert world.shop.calls == []
    assert view.status == "failed"
    assert "declaration" in view.why
