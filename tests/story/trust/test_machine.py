"""Executed means: approved by the right persons, on those bytes, in time, once (issue 4)."""

from collections import Counter
from collections.abc import Awaitable, Callable

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis.stateful import run_state_machine_as_test

from bot.engine.aftercare import Aftercare
from bot.engine.execute import Executor
from bot.engine.grant import Granter
from bot.incident.fact import Fact
from bot.incident.facts_action import ActionProposed, ActionStarted
from bot.incident.policy import Case
from bot.incident.reducer import State
from bot.incident.views import ProposalView
from bot.intake.verdict import Verdicts
from bot.shelf import ActionCall
from tests.bot.engine.making import JobArgs
from tests.story.trust.machine import Approvals, Core
from tests.story.trust.scene import Patient

SLOW = (HealthCheck.too_slow, HealthCheck.filter_too_much, HealthCheck.data_too_large)
BOUNDS = settings(
    max_examples=25,
    stateful_step_count=30,
    deadline=None,
    derandomize=True,
    database=None,
    suppress_health_check=SLOW,
    phases=(Phase.generate,),
    report_multiple_bugs=False,
    print_blob=False,
)
"""A counter-example is shown as it was found; add Phase.shrink to see it made smaller."""
SEARCH = settings(
    BOUNDS,
    max_examples=150,
    stateful_step_count=10,
)
"""Until the first counter-example."""
Break = Callable[[pytest.MonkeyPatch], None]


def test_whatever_people_the_world_and_death_do_only_what_was_approved_runs_once() -> None:
    seen = Counter[str]()

    class Counted(Approvals):
        """A machine that counts what came of its runs."""

        def edited(self) -> Counter[str]:
            """Count the revisions that an edit made, and those of them that ran."""
            bodies = [event.body for event in self.runner.run(self.scene.house.events())]
            asked = [body for body in bodies if isinstance(body, ActionProposed)]
            mine = {body.digest for body in asked if body.proposal.edited_by}
            ran = [body for body in bodies if isinstance(body, ActionStarted)]
            return Counter({"edits": len(mine), "edited": sum(b.digest in mine for b in ran)})

        def teardown(self) -> None:
            seen["calls"] += len(self.scene.known.calls)
            seen["deaths"] += self.scene.deaths
            seen.update(self.edited())
            super().teardown()

    run_state_machine_as_test(Counted, settings=BOUNDS)
    assert seen["calls"], "the machine must reach the target, or it shows nothing"
    assert seen["deaths"], "and it must die on the way"
    assert seen["edited"], "and what was edited must run"


def always(answer: object) -> Callable[..., object]:
    """Return what answers so, whatever it is asked."""

    def stub(*_: object) -> object:
        return answer

    return stub


def any_card(patch: pytest.MonkeyPatch) -> None:
    """Any digest and any revision will do, and any status."""
    patch.setattr(Verdicts, "stale", staticmethod(always(None)))


def one_for_all(patch: pytest.MonkeyPatch) -> None:
    """One approval is enough for everything."""
    for place in ("bot.incident.policy.quorum", "bot.engine.grant.quorum"):
        patch.setattr(place, always(1))


def once_allowed(patch: pytest.MonkeyPatch) -> None:
    """Who was allowed when they approved is so for ever."""
    patch.setattr(Granter, "_check_decisions", always(()))


def blind(patch: pytest.MonkeyPatch) -> None:
    """Nobody looks at the target before the call."""

    async def nothing(*_: object) -> tuple[()]:
        return ()

    patch.setattr("bot.engine.grant.run_probes", nothing)


def any_job(patch: pytest.MonkeyPatch) -> None:
    """A job may change after it was approved."""
    for place in ("bot.engine.grant.check_version", "bot.engine.execute.check_version"):
        patch.setattr(place, always(None))


def unstoppable(patch: pytest.MonkeyPatch) -> None:
    """The kill switch is looked at between drives only."""
    patch.setattr(Patient, "closed", always(""))


def again(patch: pytest.MonkeyPatch) -> None:
    """What was interrupted is tried once more."""

    async def reconcile(self: Aftercare, state: State, view: ProposalView) -> None:
        box = self._box  # pyright: ignore[reportPrivateUsage] - it is broken on purpose
        found = box.action(view.proposal.tool)
        assert found is not None
        args = JobArgs.model_validate(view.proposal.args)
        await found.opened.run(args, ActionCall(view.attempt, ""))
        await settled(self, state, view)

    settled = Aftercare.reconcile
    patch.setattr(Aftercare, "reconcile", reconcile)


def silently(patch: pytest.MonkeyPatch) -> None:
    """The call comes before its intent is in the log."""
    appended: Callable[[Executor, State, Fact], Awaitable[None]] = vars(Executor)["_append"]

    async def late(self: Executor, state: State, fact: Fact) -> None:
        if not isinstance(fact, ActionStarted):
            await appended(self, state, fact)

    patch.setattr(Executor, "_append", late)


def authors_approve(patch: pytest.MonkeyPatch) -> None:
    """Who edited it may approve it."""

    def wanted_by(case: Case, name: str) -> bool:
        return f"person:{name}" == case.requested_by

    patch.setattr(Case, "wanted_by", wanted_by)


@pytest.mark.parametrize(
    ("broken", "words"),
    [
        pytest.param(any_card, "was believed|decided twice", id="any card will do"),
        pytest.param(one_for_all, "had to approve", id="one approval is enough"),
        pytest.param(once_allowed, "had to approve", id="who left still counts"),
        pytest.param(blind, "E-30", id="no precondition is read"),
        pytest.param(any_job, "the job was changed", id="the job may change"),
        pytest.param(unstoppable, "is paused", id="the kill switch is slow"),
        pytest.param(again, "was called 2 times", id="a call is repeated"),
        pytest.param(authors_approve, "had to approve", id="an editor approves"),
        pytest.param(silently, "0 intents stood in the log", id="no intent is written"),
    ],
)
def test_the_machine_finds_a_guard_that_is_broken(
    monkeypatch: pytest.MonkeyPatch, broken: Break, words: str
) -> None:
    broken(monkeypatch)
    with pytest.raises(AssertionError, match=words):
        run_state_machine_as_test(Core, settings=SEARCH)
