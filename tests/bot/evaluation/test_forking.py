import pytest

from bot.app.live_model import whole_menu
from bot.engine.menu import Menu
from bot.errors import InputError
from bot.evaluation.forking import ask_again, fork, fork_lines
from bot.evaluation.playing import Played
from bot.evaluation.suite import read_suite
from bot.incident.context import Context
from bot.incident.steps import CallTools, Conclude, Step, ToolCall
from bot.knowledge.planner import RunbookPlanner
from bot.settings import Settings
from tests.bot.engine.making import Scripted
from tests.bot.evaluation.suites import EVALS, played
from tests.bot.evaluation.test_playing import look


async def story() -> Played:
    (case,) = read_suite(EVALS / "bad-deploy")
    return await played(case)


def before_the_first_step(done: Played) -> int:
    return next(event.seq for event in done.events if event.type == "ContextLoaded")


async def test_the_same_model_decides_the_same_from_any_point_of_the_thread() -> None:
    done = await story()
    for since in (before_the_first_step(done), before_the_first_step(done) + 5):
        forked = await ask_again(list(done.events), since, Settings(), "planner", None)
        assert not forked.differs
        assert forked.why == "it ends with: conclude cause_found"
    assert list(fork_lines(forked))[-1] == "it decides the same"


async def test_another_model_gets_the_stored_results_and_its_way_is_shown_beside() -> None:
    done = await story()
    stored = next(one.tool for one in done.state.run.results)
    seen: list[Context] = []

    class Other:
        name = "other"

        async def next_step(self, context: Context) -> Step:
            seen.append(context)
            if len(seen) == 1:
                planned = await RunbookPlanner().next_step(context)
                assert isinstance(planned, CallTools)
                return CallTools(
                    calls=(
                        *planned.calls[:1],
                        ToolCall(tool="changes_recent", args={"service": ""}),
                    )
                )
            return Conclude(summary="x")

    forked = await fork(done.events, before_the_first_step(done), Other(), menu())
    first, second = seen[-1].results
    assert (first.tool, first.error) == (stored, "")
    assert second.error == "never looked at in the thread, so a fork cannot know"
    assert forked.differs
    lines = list(fork_lines(forked))
    assert lines[0].startswith("  1 - ")
    assert lines[1].startswith("    + ")
    assert lines[-2:] == ["it ends with: conclude not_enough_evidence", "it decides differently"]


async def test_a_fork_ends_where_only_humans_could_go_on_and_when_its_steps_are_spent() -> None:
    done = await story()
    since = before_the_first_step(done)
    always = Scripted([look("changes_recent", service="checkout")])
    assert (await fork(done.events, since, always, menu(), 3)).why == "the run's steps are spent"


async def test_a_model_without_a_step_ends_the_fork_with_the_reason() -> None:
    from bot.errors import ToolError

    done = await story()
    forked = await fork(
        done.events, before_the_first_step(done), Scripted([ToolError("it is down")]), menu()
    )
    assert forked.why == "no step came: it is down"
    assert all(turn.after is None for turn in forked.turns)


@pytest.mark.parametrize(("since", "said"), [(1, "no step is asked for"), (99, "events 1 to 12")])
async def test_a_point_where_nobody_asks_is_refused(since: int, said: str) -> None:
    done = await story()
    with pytest.raises(InputError, match=said):
        await fork(done.events, since, RunbookPlanner(), menu())


def menu() -> Menu:
    return whole_menu(Settings())
