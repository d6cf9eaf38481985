from pathlib import Path

import pytest

from bot.errors import ConfigError
from bot.evaluation.playing import goes_on, play
from bot.incident.facts_action import ActionProposed, ActionVerified
from bot.incident.facts_run import StepChosen, ToolFailed
from bot.incident.reducer import State
from bot.incident.steps import AskHuman, CallTools, ToolCall
from bot.ports import StepModel
from bot.settings import Settings
from tests.bot.engine.making import Scripted, conclude, want
from tests.bot.evaluation.suites import case, played


def look(tool: str, **args: object) -> CallTools:
    return CallTools(calls=(ToolCall.model_validate({"tool": tool, "args": args}),))


def asking(*lines: object) -> StepModel:
    return Scripted([line for line in lines if not isinstance(line, str)])  # pyright: ignore[reportArgumentType]


PROBE = {"service": "edge", "probe": "tls"}


async def test_the_same_scenario_gives_the_same_thread_every_time() -> None:
    one = case(changes=[{"service": "checkout", "version": "v2", "previous": "v1"}])
    first, second = await played(one), await played(one)
    assert first.events == second.events
    assert first.state.incident.status == "open"


async def test_a_call_that_is_not_recorded_fails_as_a_tool_and_is_counted() -> None:
    done = await played(case(), asking(look("http_probe", **PROBE), conclude()))
    failed = [one.body for one in done.events if isinstance(one.body, ToolFailed)]
    assert [one.error.message for one in failed] == [
        "http_probe: not recorded: nothing answers this call here"
    ]
    assert done.missed == ("http_probe {'service': 'edge', 'probe': 'tls'}",)


async def test_the_first_recorded_result_that_fits_answers_and_times_limits_it() -> None:
    results = [
        {"tool": "http_probe", "args": {"service": "edge"}, "summary": "bad", "times": 1},
        {"tool": "http_probe", "args": {"probe": {"contains": ["t", "l"]}}, "summary": "good"},
    ]
    again = {**PROBE, "probe": "tls-late"}  # an equal call would be answered from the thread
    steps = [look("http_probe", **PROBE), look("http_probe", **again), conclude()]
    done = await played(case(results=results), asking(*steps))
    assert [one.summary for one in done.state.run.results] == ["bad", "good"]
    assert done.missed == ()


async def test_a_tool_that_is_away_is_tried_again_on_a_clock_that_is_moved() -> None:
    down = [{"tool": "http_probe", "error": "connection refused", "retryable": True}]
    done = await played(case(results=down), asking(look("http_probe", **PROBE), conclude()))
    failed = [one for one in done.events if isinstance(one.body, ToolFailed)]
    assert len(failed) == 3
    assert (failed[-1].at - failed[0].at).total_seconds() == 4
    assert done.seconds < 60


async def test_a_tool_of_the_scenarios_own_takes_what_was_recorded_and_nothing_else() -> None:
    fields = {
        "tools": [{"name": "kubectl_logs", "description": "Reads a pod's log."}],
        "results": [{"tool": "kubectl_logs", "args": {"pod": "a-1"}, "summary": "OOMKilled"}],
    }
    steps = [look("kubectl_logs", pod="b-2"), look("kubectl_logs", pod="a-1"), conclude()]
    done = await played(case(**fields), asking(*steps))
    assert [one.summary for one in done.state.run.results] == ["OOMKilled"]


async def test_an_action_is_previewed_decided_rehearsed_and_verified_as_in_real_life() -> None:
    fields = {
        "changes": [{"service": "checkout", "version": "v42", "previous": "v41"}],
        "results": [
            {"tool": "prometheus_query", "after_action": True, "facts": {"value": 0.1}},
        ],
        "happens": [{"approve": True}],
    }
    args = {"job": "rollback", "params": {"service": "checkout", "version": "v41"}}
    step = want().model_copy(update={"args": args})
    deploys = ToolCall(tool="changes_recent", args={"service": "checkout"}, key="deploys")
    done = await played(case(**fields), asking(CallTools(calls=(deploys,)), step, conclude()))
    (asked,) = [one.body for one in done.events if isinstance(one.body, ActionProposed)]
    assert asked.proposal.environment == "production"
    assert asked.preview == (
        "would run job_run:rollback with job rollback, service checkout, version v41"
    )
    assert [one.status for one in done.state.incident.proposals.values()] == ["succeeded"]
    assert len([one for one in done.events if isinstance(one.body, ActionVerified)]) == 3


async def test_what_happens_in_the_middle_of_a_look_happens_then() -> None:
    fields = {"happens": [{"after_reads": 1, "resolved": True}]}
    done = await played(case(**fields), asking(look("http_probe", **PROBE), conclude()))
    types = [event.type for event in done.events]
    assert types.index("IncidentResolved") < types.index("ConclusionReached")
    assert done.state.incident.status == "closed"


async def test_an_answer_reaches_the_open_question() -> None:
    fields = {"happens": [{"answer": "it was me", "by": "sam"}]}
    done = await played(case(**fields), asking(AskHuman(question="Who?"), conclude()))
    (asked,) = done.state.incident.questions.values()
    assert (asked.value, asked.person) == ("it was me", "sam")


async def test_what_cannot_happen_is_a_fault_of_the_scenario() -> None:
    fields = {"happens": [{"approve": True}, {"after_reads": 99, "resolved": True}]}
    done = await played(case(**fields), asking(conclude()))
    assert done.faults == (
        "no proposal waits, so `approve` never was",
        "only 0 reads were made, so `resolved` never was",
    )


async def test_a_refused_word_is_a_fault_with_the_reason() -> None:
    fields = {"happens": [{"say": "close INC because I say so", "by": "nobody"}]}
    done = await played(case(**fields), asking(conclude()))
    assert done.faults[0].startswith("`say` was refused: ")


async def test_a_question_that_nobody_answers_is_not_waited_for() -> None:
    done = await played(case(), asking(AskHuman(question="Who?"), conclude()))
    assert not goes_on(done.state, ends=True)
    assert [one.body.step.kind for one in done.events if isinstance(one.body, StepChosen)] == [
        "ask_human"
    ]


def test_nothing_goes_on_in_an_empty_thread_but_the_first_look() -> None:
    assert goes_on(State(), ends=False)


@pytest.mark.parametrize(
    ("webhook", "said"),
    [
        ({"source": "alertmanager", "body": {"version": "4", "alerts": []}}, "no alert that fires"),
        ({"source": "alertmanager", "body": []}, "an Alertmanager message is an object"),
        ({"source": "nagios", "body": {}}, "there is no source 'nagios'"),
    ],
)
async def test_a_webhook_that_opens_nothing_is_a_fault(webhook: object, said: str) -> None:
    done = await played(case(alerts=[], webhook=webhook))
    assert said in done.faults[0]
    assert done.events == ()


async def test_a_play_may_be_kept_in_an_empty_folder_only(tmp_path: Path) -> None:
    keep = tmp_path / "kept"
    await play(case(), Settings(), lambda _bot: asking(conclude()), keep)
    assert keep.joinpath("eval.db").is_file()
    with pytest.raises(ConfigError, match="is not empty"):
        await play(case(), Settings(), lambda _bot: asking(conclude()), keep)
