import asyncio
import sqlite3
from collections.abc import Callable
from pathlib import Path

import pytest

from bot.engine import execute
from bot.errors import BusyError, RemoteError, ToolError
from bot.incident.facts_action import (
    ActionFinished,
    ActionStarted,
    ActionUnknown,
    DecisionMade,
    ProposalSuperseded,
)
from bot.incident.model import Rule
from bot.incident.proposal import digest
from bot.incident.reducer import State
from bot.knowledge.people import People
from bot.ports import Draft, Evidence, Recorded, Refusal
from bot.shelf import ToolResult
from tests.bot.engine.house import INC, House, World, Wrapped, open_house, order
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


async def approved(house: House) -> None:
    await house.pending()
    assert (await house.approve()).kind == "done"


async def superseded(house: House) -> ProposalSuperseded:
    (fact,) = await house.bodies(ProposalSuperseded)
    assert isinstance(fact, ProposalSuperseded)
    return fact


async def test_the_intent_is_committed_before_the_call(tmp_path: Path) -> None:
    world = World()
    seen: list[str] = []
    async with open_house(tmp_path, world) as house:
        await approved(house)

        async def during() -> None:
            seen.extend(await house.types())

        world.acting.during = during
        await house.drive(INC)
        (started,) = await house.bodies(ActionStarted)
        made = (await house.bodies(DecisionMade))[0]
    assert seen[-1] == "ActionStarted"
    assert order(seen, "DecisionMade", "ProposalApproved", "ActionStarted")
    assert isinstance(started, ActionStarted)
    assert isinstance(made, DecisionMade)
    assert started.digest == made.digest
    assert started.before == "v42"
    assert len(started.preconditions) == 1
    key, _, by = world.shop.calls[0]
    assert (key, by) == (started.attempt, "dana")


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
    with pytest.raises(execute.Revoked) as refused:
        execute.check_digest(asked, "0" * 64)
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
    execute.check_arguments(asked, asked.args)
    with pytest.raises(execute.Revoked) as refused:
        execute.check_arguments(asked, {**asked.args, "force": True})
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


async def test_e35_paused_between_approval_and_execution_nothing_runs_until_resumed(
    tmp_path: Path,
) -> None:
    world = World()
    async with open_house(tmp_path, world) as house:
        await approved(house)
        world.paused = True
        await house.drive(INC)
        assert "ActionStarted" not in await house.types()
        assert (await house.view()).status == "approved"
        world.paused = False
        await house.drive(INC)
        assert (await house.view()).status == "succeeded"
    assert len(world.shop.calls) == 1


async def test_e35_a_pause_that_only_the_switch_knows_leaves_the_approval(tmp_path: Path) -> None:
    world = World()
    async with open_house(tmp_path, world) as house:
        await approved(house)
        world.shut = "the bot is paused by dana"
        with pytest.raises(BusyError, match="paused by dana"):
            await house.drive(INC)
        assert (await house.view()).status == "approved"
        world.shut = ""
        await house.drive(INC)
    assert len(world.shop.calls) == 1


async def test_e35_a_pause_right_after_the_intent_still_stops_the_call(tmp_path: Path) -> None:
    world = World()

    class Late(Wrapped):
        async def append(self, stream: str, expect: int, draft: Draft) -> Recorded:
            made = await self.inner.append(stream, expect, draft)
            if isinstance(draft.facts[0], ActionStarted):
                world.shut = "the bot is paused by dana"
            return made

    async with open_house(tmp_path, world, log=Late) as house:
        await approved(house)
        await house.drive(INC)
        view = await house.view()
    assert world.shop.calls == []
    assert view.status == "failed"
    assert "paused by dana" in view.why


async def test_a_grant_that_ran_out_is_not_used(tmp_path: Path) -> None:
    world = World()

    class Slow(Wrapped):
        async def append(self, stream: str, expect: int, draft: Draft) -> Recorded:
            made = await self.inner.append(stream, expect, draft)
            if isinstance(draft.facts[0], ActionStarted):
                world.clock.advance(execute.GRANT_S)
            return made

    async with open_house(tmp_path, world, log=Slow) as house:
        await approved(house)
        await house.drive(INC)
        view = await house.view()
    assert world.shop.calls == []
    assert "grant ran out" in view.why


async def test_read_only_keeps_an_approval_unused_until_it_lapses(tmp_path: Path) -> None:
    world = World()
    async with open_house(tmp_path, world) as house:
        await approved(house)
        world.read_only = True
        await house.drive(INC)
        assert (await house.view()).status == "approved"
        world.clock.advance(600)
        await house.drive(INC)
        view = await house.view()
    assert (view.status, view.why) == ("expired", "not run in time")
    assert world.shop.calls == []


@pytest.mark.parametrize(
    ("error", "status", "why"),
    [
        (RemoteError("jobs", "reset", 502), "unknown", "jobs: reset"),
        (RemoteError("jobs", "no route", sent=False), "failed", "jobs: no route"),
        (ToolError("the job says no"), "failed", "the job says no"),
        (ZeroDivisionError("a bug"), "unknown", "ZeroDivisionError: a bug"),
    ],
)
async def test_e14_what_may_have_been_done_is_unknown_and_never_repeated(
    tmp_path: Path, error: Exception, status: str, why: str
) -> None:
    world = World()

    async def fail() -> None:
        raise error

    async with open_house(tmp_path, world) as house:
        await approved(house)
        world.acting.during = fail
        await house.drive(INC)
        world.clock.advance(3600)
        await house.drive(INC)
        view = await house.view()
    assert (view.status, view.why) == (status, why)
    assert len(world.shop.calls) == 1


async def test_e14_no_answer_in_time_is_unknown(tmp_path: Path) -> None:
    world = World(action_timeout_s=0.01)

    async def hang() -> None:
        await asyncio.Event().wait()

    async with open_house(tmp_path, world) as house:
        await approved(house)
        world.acting.during = hang
        await house.drive(INC)
        (unknown,) = await house.bodies(ActionUnknown)
    assert isinstance(unknown, ActionUnknown)
    assert "may have been done" in unknown.why
    assert len(world.shop.calls) == 1


async def test_an_action_that_answers_no_has_failed(tmp_path: Path) -> None:
    world = World()
    world.acting.answer = ToolResult("the job answered that it failed", ok=False)
    async with open_house(tmp_path, world) as house:
        await approved(house)
        await house.drive(INC)
        view = await house.view()
    assert view.status == "failed"


async def test_a_result_survives_a_busy_database(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(execute, "RETRY_S", (0.0,))
    tries = {"record": 3, "put": 2}
    world = World()

    class Busy(Wrapped):
        async def record(self, stream: str, build: Callable[[State], Draft | Refusal]) -> Recorded:
            if world.shop.calls and tries["record"]:
                tries["record"] -= 1
                raise BusyError("the disk is full")
            return await self.inner.record(stream, build)

    async with open_house(tmp_path, world, log=Busy) as house:
        put = house.store.evidence.put

        async def busy_put(evidence: Evidence) -> str:
            if world.shop.calls and tries["put"]:
                tries["put"] -= 1
                raise BusyError("the disk is full")
            return await put(evidence)

        monkeypatch.setattr(house.store.evidence, "put", busy_put)
        await approved(house)
        await house.drive(INC)
        view = await house.view()
    assert (view.status, tries) == ("succeeded", {"record": 0, "put": 0})
    assert view.evidence
    assert len(world.shop.calls) == 1


async def test_an_answer_that_cannot_be_kept_is_still_a_result(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    world = World()
    async with open_house(tmp_path, world) as house:
        await approved(house)

        async def broken(evidence: Evidence) -> str:
            if world.shop.calls:
                raise ValueError("a bug in the store")
            return evidence.id

        monkeypatch.setattr(house.store.evidence, "put", broken)
        await house.drive(INC)
        view = await house.view()
    assert (view.status, view.evidence) == ("succeeded", "")
    assert "could not be kept" in view.result


async def test_an_answer_with_odd_characters_is_still_a_result(tmp_path: Path) -> None:
    world = World()
    world.acting.answer = ToolResult("done \ud800\0", body={"a\udfff": float("nan")}, link="\ud800")
    async with open_house(tmp_path, world) as house:
        await approved(house)
        await house.drive(INC)
        (finished,) = await house.bodies(ActionFinished)
        kept = await house.store.evidence.get(getattr(finished, "evidence", ""))
    assert isinstance(finished, ActionFinished)
    assert (finished.ok, finished.summary) == (True, "done ?")
    assert kept is not None
    assert kept.body == b'{"a?":null}'


async def test_the_intent_that_cannot_be_committed_calls_nothing(tmp_path: Path) -> None:
    world = World()
    away = {"database": True}

    class Away(Wrapped):
        async def append(self, stream: str, expect: int, draft: Draft) -> Recorded:
            if away["database"] and isinstance(draft.facts[0], ActionStarted):
                raise BusyError("the database is away")
            return await self.inner.append(stream, expect, draft)

    async with open_house(tmp_path, world, log=Away) as house:
        await approved(house)
        with pytest.raises(BusyError):
            await house.drive(INC)
        assert world.shop.calls == []
        away["database"] = False
        await house.drive(INC)
    assert len(world.shop.calls) == 1


async def test_e34_two_incidents_never_act_on_one_target_at_once(tmp_path: Path) -> None:
    world = World()
    world.acting.guarded = False
    inside: list[int] = []
    most: list[int] = []

    async def during() -> None:
        inside.append(1)
        most.append(len(inside))
        for _ in range(20):
            await asyncio.sleep(0)
        await asyncio.sleep(0.01)
        inside.pop()

    world.acting.during = during
    async with open_house(tmp_path, world) as house:
        for incident in ("INC-1", "INC-2"):
            await house.pending(incident)
            assert (await house.approve(incident)).kind == "done"
        await asyncio.gather(house.drive("INC-1"), house.drive("INC-2"))
        statuses = [(await house.view(name)).status for name in ("INC-1", "INC-2")]
    assert statuses == ["succeeded", "succeeded"]
    assert most == [1, 1]


async def test_e30_the_second_of_two_same_actions_finds_its_precondition_gone(
    tmp_path: Path,
) -> None:
    world = World()
    async with open_house(tmp_path, world) as house:
        for incident in ("INC-1", "INC-2"):
            await house.pending(incident)
            await house.approve(incident)
        await asyncio.gather(house.drive("INC-1"), house.drive("INC-2"))
        statuses = {(await house.view(name)).status for name in ("INC-1", "INC-2")}
    assert statuses == {"succeeded", "superseded"}
    assert len(world.shop.calls) == 1


async def test_e22_a_high_risk_action_runs_after_two_persons_only(tmp_path: Path) -> None:
    world = World()
    world.acting.risk = "high"
    async with open_house(tmp_path, world) as house:
        await house.pending()
        first = await house.approve()
        await house.drive(INC)
        assert world.shop.calls == []
        again = await house.approve(who="chat:U1")
        await house.drive(INC)
        assert world.shop.calls == []
        await house.approve(who="web:eve")
        await house.drive(INC)
    assert "needs one more person" in first.text
    assert again.kind == "already"
    assert [by for _, _, by in world.shop.calls] == ["dana, eve"]
