from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

import pytest

from bot.incident import facts_action as act
from bot.incident import facts_alerts as al
from bot.incident import facts_run as run
from bot.incident.decide import decide
from bot.incident.effects import (
    AskModel,
    Effect,
    Execute,
    Hold,
    Prefetch,
    Prepare,
    Reconcile,
    Record,
    RunLimits,
    RunTools,
    Summarise,
    Verify,
    Wait,
)
from bot.incident.events import Event, Unknown
from bot.incident.fact import Fact
from bot.incident.model import CompactError
from bot.incident.reducer import fold
from bot.incident.steps import AskHuman, Conclude
from tests.bot.incident.making import (
    alert,
    approved,
    at,
    context,
    decided,
    opened,
    proposed,
    received,
    started,
    thread,
)
from tests.bot.incident.test_reducer import ASKED, LOOK, OTHER, SEEN, SETTLED, WISH

LIMITS = RunLimits(
    debounce_s=10,
    close_after_s=60,
    question_ttl_s=300,
    remind_after_s=1e6,
    escalate_after_s=2e6,
    unack_after_s=1e6,
)
"""Nobody is called here for a long time: `test_ladder` is about that."""
RUN: list[Fact] = [opened(), received(), context()]
APPROVED: list[Fact] = [*SETTLED, ASKED, decided(ASKED), approved(ASKED)]
STARTED: list[Fact] = [*APPROVED, started(ASKED)]
DONE = act.ActionFinished(attempt=started(ASKED).attempt, ok=True, evidence="e", summary="done")
ENDED = run.ConclusionReached(summary="a bad deploy", findings=(), by="planner")
RESOLVED = received(alert("resolved"), delivery="d2")
OVER = al.IncidentResolved(reason="every alert resolved")
ASK_UNDO = run.StepChosen(effect_id="undo-7F3KQ2AB", step=WISH.step, by="verification")


def now(history: Sequence[Fact], seconds: float = 0.0) -> datetime:
    """`seconds` after the last fact of a thread that began at the test's midnight."""
    return at(len(history) - 1 + seconds)


def after(history: Sequence[Fact], seconds: float = 0.0, **switch: bool) -> Effect:
    paused, read_only = switch.get("paused", False), switch.get("read_only", False)
    limits = replace(LIMITS, paused=paused, read_only=read_only)
    return decide(fold(thread(history)), now(history, seconds), limits)


def kind(history: Sequence[Fact], seconds: float = 0.0, **switch: bool) -> str:
    return type(after(history, seconds, **switch)).__name__


@pytest.mark.parametrize(
    ("history", "effect"),
    [
        ([opened(), received()], Prefetch),
        (RUN, AskModel),
        ([*RUN, LOOK], RunTools),
        ([*RUN, LOOK, SEEN], AskModel),
        (list(SETTLED), Prepare),
        ([*SETTLED, ASKED], AskModel),
        ([*SETTLED, ASKED, ENDED], Wait),
        ([*SETTLED, ASKED, ENDED, decided(ASKED)], Wait),
        ([*SETTLED, ASKED, ENDED, decided(ASKED), approved(ASKED)], Execute),
        (STARTED, Reconcile),
        ([*STARTED, DONE, ENDED], Wait),
    ],
)
def test_the_way_of_an_incident(history: list[Fact], effect: type) -> None:
    assert kind(history) == effect.__name__


def test_hold_comes_before_everything() -> None:
    events = thread(STARTED)
    odd = Unknown(type="Newer", v=3, why="this version does not know this event")
    events.append(Event("INC-1", len(events) + 1, at(99), "x:y", odd))
    effect = decide(fold(events), at(100), LIMITS)
    assert isinstance(effect, Hold)
    assert "Newer v3" in effect.why


def test_reconcile_comes_before_record_and_everything_else() -> None:
    assert kind([*STARTED, RESOLVED]) == "Reconcile"
    assert kind([*STARTED, RESOLVED], paused=True, read_only=True) == "Reconcile"


def test_record_comes_before_execute() -> None:
    assert kind([*APPROVED, RESOLVED]) == "Record"
    assert kind(APPROVED, 600) == "Record"


def test_execute_comes_before_verify_and_verify_before_the_investigation() -> None:
    both: list[Fact] = [*SETTLED, ASKED, OTHER, decided(ASKED), approved(ASKED), started(ASKED)]
    both += [DONE, decided(OTHER), approved(OTHER)]
    assert kind(both, 60) == "Execute"
    assert kind([*STARTED, DONE], 60) == "Verify"


def test_prepare_and_tools_come_before_the_next_question_to_the_model() -> None:
    assert kind([*RUN, LOOK], 500) == "RunTools"
    assert kind(list(SETTLED), 500) == "Prepare"


def test_debounce_delays_the_first_step_of_an_alert_only() -> None:
    calm = [opened("warning"), received(), context()]
    assert after(calm, 0) == Wait(at(10))
    assert after(calm, 8) == AskModel("r1s1", 10)
    assert kind([*calm, LOOK, SEEN]) == "AskModel"


def test_debounce_never_delays_what_is_critical_or_opened_by_hand() -> None:
    assert kind(RUN) == "AskModel"
    assert kind([opened("unknown"), context()]) == "AskModel"
    raised = al.SeverityChanged(person="dana", severity="critical")
    assert kind([opened("warning"), received(), context(), raised]) == "AskModel"


def test_the_card_is_never_debounced() -> None:
    assert kind([opened("info"), received()]) == "Prefetch"


def test_a_reopened_incident_starts_a_new_run_at_once() -> None:
    again = received(delivery="d3")
    history = [opened("warning"), received(), context(), ENDED, RESOLVED, OVER, again]
    effect = after(history)
    assert effect == Record((al.IncidentReopened(reason="it fires again"),))
    history += [al.IncidentReopened(reason="it fires again")]
    assert kind(history) == "Prefetch"
    assert after([*history, context()]) == AskModel("r2s1", 10)


def test_a_retry_of_the_model_waits_for_its_time() -> None:
    error = CompactError(system="planner", message="no answer", retryable=True)
    failed = run.StepFailed(effect_id="r1s1", error=error, retry_at=at(30))
    assert after([*RUN, failed]) == Wait(at(30))
    assert after([*RUN, failed], 27) == AskModel("r1s1", 10)


def test_a_retry_of_a_tool_waits_for_its_time() -> None:
    error = CompactError(system="http_probe", message="no answer", retryable=True)
    failed = run.ToolFailed(
        effect_id="r1s1.0", key="state", tool="http_probe", error=error, retry_at=at(30)
    )
    assert after([*RUN, LOOK, failed]) == Wait(at(30))
    assert kind([*RUN, LOOK, failed], 26) == "RunTools"


@pytest.mark.parametrize("switch", [{"paused": True}, {"read_only": True}])
def test_e35_nothing_is_executed_while_paused_or_read_only(switch: dict[str, bool]) -> None:
    history = [*APPROVED, ENDED]
    assert kind(history) == "Execute"
    assert after(history, **switch) == Wait(at(8 + 600))
    assert kind(history, 599, **switch) == "Record"


def test_while_the_bot_is_paused_nobody_is_asked_and_nothing_is_looked_at() -> None:
    calm = [opened("warning"), *RUN[1:]]
    assert after(calm, 99, paused=True) == Wait(None)
    assert after([*calm, LOOK], 99, paused=True) == Wait(None)
    assert after([*calm, *SETTLED[3:]], 99, paused=True) == Wait(None)
    assert kind([opened(), received()], paused=True) == "Prefetch"


def test_a_paused_bot_still_verifies_what_was_done() -> None:
    assert kind([*STARTED, DONE, ENDED], 5, paused=True) == "Verify"


def test_a_paused_investigation_still_executes_what_was_approved() -> None:
    paused = run.InvestigationPaused(by="dana")
    assert after([opened("warning"), *RUN[1:], paused], 99) == Wait(None)
    assert kind([*APPROVED, paused]) == "Execute"


def test_what_a_human_asks_for_is_prepared_though_the_investigation_is_paused() -> None:
    wish = run.StepChosen(effect_id="ask-1", step=WISH.step, by="person:dana")
    history = [*RUN, ENDED, run.InvestigationPaused(by="dana"), wish]
    assert kind(history) == "Prepare"
    assert kind(history, paused=True) == "Wait"


def test_a_merged_incident_asks_nobody_and_never_wakes_by_itself() -> None:
    merged = al.IncidentMerged(person="dana", into="INC-2")
    ended = after([*RUN, merged])
    assert isinstance(ended, Record)
    assert isinstance(ended.facts[0], run.ConclusionReached)
    assert after([*RUN, merged, ended.facts[0]], 999) == Wait(None)
    assert after([*RUN, LOOK, merged, ended.facts[0]], 999) == Wait(None)


def test_the_undo_of_a_merged_incident_is_still_prepared_and_run() -> None:
    merged = al.IncidentMerged(person="dana", into="INC-2")
    history = [*STARTED, DONE, ENDED, merged, ASK_UNDO]
    assert kind(history) == "Prepare"
    undo = proposed(OTHER.proposal, undo_of=ASKED.proposal.id, effect_id=ASK_UNDO.effect_id)
    history += [undo, decided(undo), approved(undo)]
    assert kind(history) == "Execute"


@pytest.mark.parametrize(
    "last",
    [
        ENDED,
        run.StepChosen(effect_id="r1s3", step=Conclude(summary="over"), by="planner"),
        run.StepChosen(effect_id="r1s3", step=AskHuman(question="?"), by="planner"),
        al.IncidentMerged(person="dana", into="INC-2"),
    ],
)
def test_an_undo_that_waits_is_never_lost(last: Fact) -> None:
    worse = act.ActionRegressed(
        proposal=ASKED.proposal.id, digest=ASKED.digest, n=0, evidence="e", why="worse"
    )
    history: list[Fact] = [*STARTED, DONE, worse, last, ASK_UNDO]
    assert isinstance(settled(history), Prepare)
    assert isinstance(settled([*history, RESOLVED]), Prepare)
    again = received(delivery="d3")
    reopened = al.IncidentReopened(reason="it fires again")
    assert isinstance(settled([*history, RESOLVED, OVER, again, reopened, context()]), Prepare)


def settled(history: list[Fact]) -> Effect:
    """The effect once everything that is due was recorded."""
    while isinstance(effect := after(history), Record):
        history = [*history, *effect.facts]
    return effect


def test_an_incident_is_closed_only_after_everything_is_verified() -> None:
    history = [*STARTED, DONE, ENDED, RESOLVED, OVER]
    assert after(history) == Wait(at(10 + 5))
    checked = [
        act.ActionVerified(
            proposal=ASKED.proposal.id, digest=ASKED.digest, n=n, evidence="e", summary="fine"
        )
        for n in range(2)
    ]
    assert kind([*history, checked[0]], 300) == "Verify"
    assert kind([*history, *checked], 30) == "Wait"
    assert kind([*history, *checked], 60) == "Summarise"


def test_an_unknown_outcome_keeps_the_incident_from_closing() -> None:
    unknown = act.ActionUnknown(attempt=started(ASKED).attempt, why="killed")
    assert after([*STARTED, unknown, ENDED, RESOLVED, OVER], 9999) == Wait(None)


def test_a_closed_incident_wants_nothing_more() -> None:
    learnt = al.Learnings(context="c", solution="s", learning="l", impact="i")
    closed = al.IncidentClosed(summary="over", learnings=learnt)
    assert after([*RUN, ENDED, RESOLVED, OVER, closed], 9999) == Wait(None)
    assert after([*RUN, ENDED, RESOLVED, OVER, closed, received(delivery="d9")]) == Wait(None)


def test_waiting_ends_at_the_earliest_of_all_deadlines() -> None:
    asked = al.QuestionAsked(id="q", question="?", kind="text", options=(), deadline=at(500))
    cared = al.IncidentAcked(person="dana")
    assert after([*SETTLED, ASKED, asked, ENDED, cared]) == Wait(at(500))
    assert after([*SETTLED, ASKED, ENDED, cared]) == Wait(ASKED.proposal.expires_at)
    assert after([*STARTED, DONE, asked, ENDED]) == Wait(at(10 + 5))


def test_effects_carry_what_their_hands_need() -> None:
    looking = after([*RUN, LOOK])
    assert isinstance(looking, RunTools)
    assert looking.indexes == (0,)
    verifying = after([*STARTED, DONE, ENDED], 5)
    assert isinstance(verifying, Verify)
    assert verifying.n == 0
    assert isinstance(after([*RUN, ENDED, RESOLVED, OVER], 60), Summarise)
