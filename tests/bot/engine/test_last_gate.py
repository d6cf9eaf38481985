"""The last gate, and what gets there when everything before it was deceived."""

from datetime import timedelta
from pathlib import Path

import pytest

from bot.engine import last_gate
from bot.engine.last_gate import LastGate, Revoked, Sending
from bot.incident.facts_action import ActionFinished, ActionStarted, DecisionMade
from bot.incident.model import Value
from bot.incident.proposal import Grant, digest
from bot.ports import Draft, Recorded
from tests.bot.engine.house import INC, World, Wrapped, approved, open_house
from tests.bot.engine.making import LAX, JobArgs, Team
from tests.bot.incident.making import proposal
from tests.counting import security_events
from tests.fakes import FakeClock

ARGS = JobArgs(job="rollback", version="v41")
ASKED = proposal(args=ARGS.model_dump(mode="json"))


def sealed(clock: FakeClock, gate: LastGate) -> Sending:
    grant = gate.issue(ASKED, digest(ASKED), ("dana@1",))
    return Sending(grant, ASKED, ARGS, clock.now())


def with_grant(sending: Sending, **changed: object) -> Sending:
    grant = sending.grant.model_copy(update=changed)
    return Sending(grant, sending.proposal, sending.args, sending.probed_at)


def refused(gate: LastGate, sending: Sending) -> Revoked:
    with pytest.raises(Revoked) as caught:
        gate.let_through(sending)
    return caught.value


def test_e07_a_grant_lets_its_own_bytes_through_once() -> None:
    clock = FakeClock()
    gate = LastGate(clock)
    sending = sealed(clock, gate)
    gate.let_through(sending)
    again = refused(gate, sending)
    assert again.security == "grant_reused"
    assert "used already" in str(again)


def test_e07_a_grant_lasts_a_minute_at_most() -> None:
    clock = FakeClock()
    gate = LastGate(clock)
    sending = sealed(clock, gate)
    assert sending.grant.not_after - clock.now() <= timedelta(seconds=60)
    clock.advance(last_gate.GRANT_S)
    late = refused(gate, Sending(sending.grant, ASKED, ARGS, clock.now()))
    assert (late.security, str(late)) == ("", "the grant ran out before the call")


@pytest.mark.parametrize(
    "changed",
    [
        {"proposal": "8F3KQ2AB"},
        {"revision": 2},
        {"digest": "0" * 64},
        {"decisions": ("mallory@1",)},
        {"nonce": "another"},
        {"not_after": FakeClock().now() + timedelta(days=1)},
        {"mac": "0" * 64},
        {"mac": ""},
    ],
    ids=lambda changed: "-".join(changed) + str(len(str(changed))),
)
def test_e07_a_grant_that_was_changed_is_refused(changed: dict[str, object]) -> None:
    clock = FakeClock()
    gate = LastGate(clock)
    assert refused(gate, with_grant(sealed(clock, gate), **changed)).security == "grant_forged"


def test_e07_another_executors_grant_is_refused() -> None:
    clock = FakeClock()
    sending = sealed(clock, LastGate(clock))
    assert refused(LastGate(clock), sending).security == "grant_forged"


@pytest.mark.parametrize("args", [ARGS.model_copy(update={"version": "v40"}), Value()])
def test_e07_other_arguments_than_the_granted_are_refused(args: Value) -> None:
    clock = FakeClock()
    gate = LastGate(clock)
    sending = sealed(clock, gate)
    other = Sending(sending.grant, ASKED, args, sending.probed_at)
    assert refused(gate, other).security == "arguments_changed"


def test_e07_what_has_no_canonical_form_is_refused() -> None:
    class Odd(Value):
        job: float

    clock = FakeClock()
    gate = LastGate(clock)
    sending = sealed(clock, gate)
    odd = Sending(sending.grant, ASKED, Odd(job=1.5), sending.probed_at)
    assert refused(gate, odd).security == "arguments_changed"


@pytest.mark.parametrize("field", ["id", "revision", "target", "environment", "risk"])
def test_e07_another_proposal_than_the_granted_is_refused(field: str) -> None:
    other = {"id": "8F3KQ2AB", "revision": 2}.get(field, "high")
    clock = FakeClock()
    gate = LastGate(clock)
    sending = sealed(clock, gate)
    moved = ASKED.model_copy(update={field: other})
    refusal = refused(gate, Sending(sending.grant, moved, ARGS, sending.probed_at))
    assert refusal.security == "arguments_changed"


def test_e30_preconditions_are_read_at_most_half_a_minute_before() -> None:
    clock = FakeClock()
    gate = LastGate(clock)
    sending = sealed(clock, gate)
    clock.advance(last_gate.PROBED_S + 1)
    old = refused(gate, sending)
    assert "read 31 s before the call" in str(old)
    clock.advance(-1)
    gate.let_through(sending)


def test_e07_used_grants_are_forgotten_when_they_have_run_out() -> None:
    clock = FakeClock()
    gate = LastGate(clock)
    for _ in range(5):
        gate.let_through(sealed(clock, gate))
        clock.advance(last_gate.GRANT_S)
    assert len(vars(gate)["_used"]) == 1


@pytest.mark.usefixtures("each_database")
async def test_e07_arguments_changed_after_the_intent_are_a_security_event(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    world, before = World(), security_events("arguments_changed")
    issue = LastGate.issue

    def then_spoil(self: LastGate, *given: object) -> Grant:
        made = issue(self, *given)  # pyright: ignore[reportArgumentType]
        spoilt.append(True)
        return made

    spoilt: list[bool] = []
    monkeypatch.setattr(LastGate, "issue", then_spoil)
    dump = JobArgs.model_dump

    def dumped(self: JobArgs, **how: object) -> dict[str, object]:
        made = dump(self, **how)  # pyright: ignore[reportArgumentType]
        return {**made, "version": "v40"} if spoilt else made

    monkeypatch.setattr(JobArgs, "model_dump", dumped)
    async with open_house(tmp_path, world) as house:
        await approved(house)
        await house.drive(INC)
        (finished,) = await house.bodies(ActionFinished)
        view = await house.view()
    assert isinstance(finished, ActionFinished)
    assert finished.error is not None
    assert (finished.ok, finished.error.system) == (False, "security")
    assert "not what the grant allows" in view.why
    assert view.status == "failed"
    assert world.shop.calls == []
    assert security_events("arguments_changed") == before + 1
    assert any(one.levelname == "ERROR" for one in caplog.records)


@pytest.mark.usefixtures("each_database")
async def test_e30_reads_that_grew_old_before_the_call_are_not_acted_upon(tmp_path: Path) -> None:
    world = World()

    class Slow(Wrapped):
        async def append(self, stream: str, expect: int, draft: Draft) -> Recorded:
            made = await self.inner.append(stream, expect, draft)
            if isinstance(draft.facts[0], ActionStarted):
                world.clock.advance(last_gate.PROBED_S + 1)
            return made

    async with open_house(tmp_path, world, log=Slow) as house:
        await approved(house)
        await house.drive(INC)
        view = await house.view()
    assert world.shop.calls == []
    assert view.status == "failed"
    assert "its preconditions were read 31 s before the call" in view.why


@pytest.mark.usefixtures("each_database")
async def test_e07_the_intent_names_the_decisions_it_rests_on(tmp_path: Path) -> None:
    world = World(team=Team(policy=LAX))
    world.acting.risk = "high"
    async with open_house(tmp_path, world) as house:
        await house.pending()
        await house.approve()
        await house.approve(who="web:eve")
        await house.drive(INC)
        (started,) = await house.bodies(ActionStarted)
        made = await house.bodies(DecisionMade)
    assert isinstance(started, ActionStarted)
    assert [one.partition("@")[0] for one in started.decisions] == ["dana", "eve"]
    assert len(set(started.decisions)) == len(made) == 2
