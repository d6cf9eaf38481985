from collections.abc import Callable
from pathlib import Path

import pytest

from bot.engine import grant
from bot.incident.authority import Rule
from bot.incident.events import decode, encode
from bot.incident.facts_action import (
    ActionProposed,
    ActionStarted,
    ProposalSuperseded,
)
from bot.incident.proposal import digest
from bot.knowledge.people import People
from bot.ports import Draft, Recorded
from tests.bot.engine.house import INC, House, World, Wrapped, approved, open_house
from tests.bot.engine.making import DANA, EVE, RULE, policy
from tests.bot.engine.tampering import tamper
from tests.bot.incident.making import proposal, proposed
from tests.counting import security_events

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


CHANGED = [
    (b'"version":"v41"', b'"version":"v40"'),
    (b'"target":"checkout"', b'"target":"checkouT"'),
    (b'"risk":"medium"', b'"risk":"low"'),
]


@pytest.mark.usefixtures("each_database")
@pytest.mark.parametrize(("old", "new"), CHANGED)
async def test_e07_one_changed_byte_is_refused(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, old: bytes, new: bytes
) -> None:
    world, before = World(), security_events("bytes_changed")
    async with open_house(tmp_path, world) as house:
        await approved(house)
    changed = tamper(tmp_path, old, new)
    assert changed == 1
    async with open_house(tmp_path, world) as house:
        await house.drive(INC)
        fact = await superseded(house)
        types = await house.types()
    assert fact.security
    assert "not the ones that were approved" in fact.why
    assert "ActionStarted" not in types
    assert world.shop.calls == []
    assert security_events("bytes_changed") == before + 1
    (told,) = [one for one in caplog.records if one.levelname == "ERROR"]
    assert told.getMessage().startswith("SECURITY: nothing was run")


@pytest.mark.usefixtures("each_database")
async def test_e07_a_byte_changed_while_the_bot_runs_is_refused(tmp_path: Path) -> None:
    """What the process remembers of the proposal is not what it runs: it reads it anew."""
    world = World()
    async with open_house(tmp_path, world) as house:
        await approved(house)
        assert tamper(tmp_path, *CHANGED[0]) == 1
        await house.drive(INC)
        fact = await superseded(house)
    assert fact.security
    assert world.shop.calls == []


def test_e07_no_byte_of_what_is_stored_can_change_unseen() -> None:
    """Whatever byte of the stored proposal: it can be read no more, means the same, or is refused.

    The same is meant where a time is written with a small t or z.
    """
    asked, same, refusals = proposed(), 0, 0
    stored = encode(asked)
    begin, end = stored.index(b'{"schema_version"'), stored.index(b',"digest":')
    assert b'"args":{' in stored[begin:end]
    for at in range(begin, end):
        for bit in (1, 32):
            torn = stored[:at] + bytes([stored[at] ^ bit]) + stored[at + 1 :]
            read = decode("ActionProposed", ActionProposed.v, torn)
            if not isinstance(read, ActionProposed):
                continue
            if read == asked:
                same += 1
                continue
            with pytest.raises(grant.Revoked) as refused:
                grant.check_digest(read.proposal, asked.digest)
            assert refused.value.security == "bytes_changed", torn[at - 9 : at + 9]
            refusals += 1
    assert same <= 4
    assert refusals > 500


@pytest.mark.usefixtures("each_database")
async def test_e07_a_forged_digest_is_covered_by_no_decision(tmp_path: Path) -> None:
    world = World()
    async with open_house(tmp_path, world) as house:
        await approved(house)
        asked = (await house.view()).asked
    forged = asked.proposal.model_copy(update={"target": "billing"})
    assert tamper(tmp_path, b'"target":"checkout"', b'"target":"billing"')
    assert tamper(tmp_path, asked.digest.encode(), digest(forged).encode())
    async with open_house(tmp_path, world) as house:
        await house.drive(INC)
        assert (await house.view()).status == "pending"
    assert world.shop.calls == []


def test_e07_bytes_without_a_canonical_form_are_refused() -> None:
    asked = proposal(args={"job": "rollback", "id": 2**53})
    with pytest.raises(grant.Revoked) as refused:
        grant.check_digest(asked, "0" * 64)
    assert refused.value.security


async def test_e07_arguments_that_would_be_sent_otherwise_are_refused() -> None:
    asked = proposal()
    grant.check_arguments(asked, asked.args)
    with pytest.raises(grant.Revoked) as refused:
        grant.check_arguments(asked, {**asked.args, "force": True})
    assert refused.value.security


@pytest.mark.parametrize(
    ("spoil", "why"),
    [
        (deployed, "v42 is live: expected version = v42, now version = v43"),
        (fired, "dana approved it and is no longer in people.yaml"),
        (moved, "the approval by dana no longer counts"),
        (forbidden, "forbids"),
        (stricter, "lacks the approvals"),
        (emptied, "no rule in policy.yaml"),
        (redeclared, "declaration"),
    ],
)
@pytest.mark.usefixtures("each_database")
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
