from dataclasses import asdict

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.incident import facts_action as act
from bot.incident import facts_alerts as al
from bot.incident import facts_run as run
from bot.incident.decide import decide
from bot.incident.effects import Execute, Hold, Reconcile, RunLimits, Wait
from bot.incident.events import EVENT_TYPES, Event, Unknown, decode, encode
from bot.incident.fact import Fact
from bot.incident.model import CompactError, Observation
from bot.incident.reducer import RULES, extend, fold
from bot.incident.steps import CallTools, ProposeAction, ToolCall
from tests.bot.incident.making import (
    alert,
    approved,
    at,
    context,
    decided,
    opened,
    proposal,
    proposed,
    received,
    started,
    thread,
)

LIMITS = RunLimits(debounce_s=0, close_after_s=5)
ASKED = proposed()
OTHER = proposed(proposal("ZZZZ2222", title="Roll back checkout to v40"))
CALLS = CallTools(calls=(ToolCall(tool="http_probe", args={}, key="state"),))
LOOK = run.StepChosen(effect_id="r1s1", step=CALLS, by="planner")
SEEN = run.ToolReturned(
    effect_id="r1s1.0",
    key="state",
    tool="http_probe",
    evidence="e1",
    summary="not healthy",
    facts=(Observation(name="healthy", value=False),),
)
WISH = run.StepChosen(
    effect_id="r1s2",
    step=ProposeAction(tool="job_run", args={}, reason="x", template="rollback"),
    by="planner",
)
ERROR = CompactError(system="http_probe", message="no answer", retryable=True)
LEARNT = al.Learnings(context="c", solution="s", learning="l", impact="i")
PROPOSAL, DIGEST = ASKED.proposal.id, ASKED.digest
ATTEMPT = started(ASKED).attempt

REVISED = proposed(
    proposal(PROPOSAL, revision=2, edited_by=("person:dana",), title="Roll back checkout to v40"),
    effect_id=f"edit-{PROPOSAL}-1-ab",
)
REPLACED = act.ProposalSuperseded(
    proposal=PROPOSAL, digest=DIGEST, why="edited by dana", by=REVISED.digest
)
EDIT = run.StepChosen(
    effect_id=REVISED.effect_id,
    step=ProposeAction(tool="job_run", args={}, reason=""),
    by="person:dana",
)
SETTLED = (opened(), received(), context(), LOOK, SEEN, WISH)
ONE_OF_EACH: tuple[Fact, ...] = (
    *SETTLED,
    ASKED,
    OTHER,
    decided(ASKED),
    decided(ASKED, "deny", person="eve"),
    decided(OTHER, person="eve"),
    approved(ASKED),
    approved(OTHER),
    started(ASKED),
    act.ProposalDenied(proposal=PROPOSAL, digest=DIGEST, reason="not now"),
    act.ProposalExpired(proposal=PROPOSAL, digest=DIGEST),
    act.ProposalWithdrawn(proposal=PROPOSAL, digest=DIGEST, why="resolved"),
    act.ProposalSuperseded(proposal=PROPOSAL, digest=DIGEST, why="changed"),
    REPLACED,
    EDIT,
    REVISED,
    decided(REVISED, person="eve"),
    act.ProposalUninspectable(proposal=OTHER.proposal.id, digest=OTHER.digest, why="no tool"),
    act.ProposalReminded(proposal=PROPOSAL),
    act.StepUpAsked(proposal=PROPOSAL, digest=DIGEST, person="dana", verdict="approve"),
    act.DecisionRefused(proposal=PROPOSAL, digest=DIGEST, actor="x:y", why="no", payload_digest=""),
    act.ActionFinished(attempt=ATTEMPT, ok=True, evidence="e2", summary="done"),
    act.ActionFinished(attempt=ATTEMPT, ok=False, evidence="", summary="refused"),
    act.ActionUnknown(attempt=ATTEMPT, why="killed"),
    act.ActionReconciled(attempt=ATTEMPT, ok=True, by="person:dana", evidence="I looked"),
    act.ActionVerified(proposal=PROPOSAL, digest=DIGEST, n=0, evidence="e3", summary="healthy"),
    act.ActionRegressed(proposal=PROPOSAL, digest=DIGEST, n=0, evidence="e3", why="worse"),
    act.ActionUndone(proposal=PROPOSAL, by="ZZZZ2222"),
    received(alert("resolved"), delivery="d2"),
    al.IncidentResolved(reason="every alert resolved"),
    run.DraftWritten(summary="a bad deploy", by="test:model"),
    al.IncidentReopened(reason="again"),
    al.IncidentClosed(summary="over", learnings=LEARNT),
    al.MessageReceived(person="dana", text="hello", conversation="web", question=True),
    al.QuestionAsked(id="r1s1", question="?", kind="text", options=(), deadline=at(500)),
    al.QuestionAnswered(id="r1s1", person="dana", value="yes"),
    al.QuestionReminded(id="r1s1"),
    al.QuestionExpired(id="r1s1"),
    al.IncidentAcked(person="dana"),
    al.IncidentSnoozed(person="dana", until=at(900)),
    al.IncidentEscalated(level=2, to="lead"),
    al.IncidentHandedOff(to="eve", accepted=True),
    al.IncidentMerged(person="dana", into="INC-2"),
    al.SeverityChanged(person="dana", severity="info"),
    al.NoteAdded(person="dana", text="a note"),
    al.ConclusionJudged(person="dana", verdict="right"),
    al.ConversationOpened(channel="web", address="/incidents/INC-1"),
    al.ConversationBroken(channel="web", why="gone"),
    run.StepFailed(effect_id="r1s1", error=ERROR, retry_at=at(30)),
    run.ToolFailed(effect_id="r1s1.0", key="state", tool="http_probe", error=ERROR, retry_at=None),
    run.ConclusionReached(summary="a bad deploy", findings=(), by="planner"),
    run.EscalationRaised(reason="gave up", to="on-call"),
    run.BudgetSpent(kind="steps"),
    run.InvestigationPaused(by="dana"),
    run.InvestigationResumed(by="dana"),
    run.ProposalRejected(effect_id="r1s2", tool="job_run", args={}, why="READ-ONLY"),
)

facts = st.lists(st.sampled_from(ONE_OF_EACH), max_size=30)
begun = facts.map(lambda more: [*SETTLED, ASKED, *more])


def test_the_sample_holds_every_type_of_the_incident_stream() -> None:
    assert {type(fact) for fact in ONE_OF_EACH} == set(RULES)


def test_every_event_type_belongs_to_an_incident_or_to_the_house() -> None:
    incident = {kind.__name__ for kind in RULES}
    house = {
        name for name, kind in EVENT_TYPES.items() if kind.__module__ == "bot.incident.facts_house"
    }
    assert incident | house == set(EVENT_TYPES)
    assert not incident & house


@pytest.mark.parametrize(
    "fact", [pytest.param(f, id=f"{n}-{type(f).__name__}") for n, f in enumerate(ONE_OF_EACH)]
)
def test_every_event_type_changes_some_state(fact: Fact) -> None:
    """Found by search: some short history exists after which this fact changes the fold."""
    questions = next(f for f in ONE_OF_EACH if isinstance(f, al.QuestionAsked))
    finished = next(f for f in ONE_OF_EACH if isinstance(f, act.ActionFinished))
    concluded = next(f for f in ONE_OF_EACH if isinstance(f, run.ConclusionReached))
    resolved = next(f for f in ONE_OF_EACH if isinstance(f, al.IncidentResolved))
    until_approved: list[Fact] = [*SETTLED, ASKED, decided(ASKED), approved(ASKED)]
    histories: list[list[Fact]] = [
        [],
        [opened()],
        [opened(), received(), context()],
        [opened(), received(), context(), LOOK],
        list(SETTLED),
        [*SETTLED, ASKED],
        [*SETTLED, ASKED, decided(ASKED)],
        until_approved,
        [*until_approved, started(ASKED)],
        [*until_approved, started(ASKED), finished],
        [*SETTLED, ASKED, OTHER],
        [*SETTLED, ASKED, REPLACED],
        [*SETTLED, ASKED, REPLACED, REVISED],
        [*SETTLED, ASKED, OTHER, decided(OTHER, person="eve")],
        [opened(), questions],
        [opened(), concluded],
        [opened(), resolved],
        [opened(), run.InvestigationPaused(by="dana")],
    ]
    assert any(_changes(history, fact) for history in histories)


def _changes(history: list[Fact], fact: Fact) -> bool:
    before = asdict(fold(thread(history)))
    after = asdict(fold(thread([*history, fact])))
    for state in (before, after):
        state.pop("seq")
        state.pop("at")
        state.pop("stream")
    return before != after


@given(facts)
def test_replay_equals_live_state(history: list[Fact]) -> None:
    events = thread(history)
    live = fold([])
    for event in events:
        live = extend(live, [event])
    replayed = [
        Event(e.stream, e.seq, e.at, e.actor, decode(e.type, 1, encode(e.body)))
        for e in events
        if isinstance(e.body, Fact)
    ]
    assert asdict(fold(replayed)) == asdict(live)


@given(begun)
def test_no_history_without_a_matching_approval_reaches_an_action(history: list[Fact]) -> None:
    effect = decide(fold(thread(history)), at(100), LIMITS)
    if isinstance(effect, Execute):
        view = effect.view
        said_yes = [
            fact
            for fact in history
            if isinstance(fact, act.DecisionMade)
            and fact.verdict == "approve"
            and fact.digest == view.asked.digest
        ]
        assert said_yes
        assert approved(view.asked) in history


@given(begun)
def test_no_history_reaches_an_action_twice_for_one_digest(history: list[Fact]) -> None:
    effect = decide(fold(thread(history)), at(100), LIMITS)
    if isinstance(effect, Execute):
        executed = _digests_that_started(history)
        assert effect.view.asked.digest not in executed


def _digests_that_started(history: list[Fact]) -> set[str]:
    """Digests whose ActionStarted applied: it moved the proposal to executing."""
    found: set[str] = set()
    for index, fact in enumerate(history):
        if isinstance(fact, act.ActionStarted):
            before = fold(thread(history[:index])).incident.proposals.get(fact.proposal)
            if before is not None and before.status == "approved":
                found.add(fact.digest)
    return found


@given(begun)
def test_a_started_action_is_reconciled_never_run_again(history: list[Fact]) -> None:
    state = fold(thread(history))
    executing = [v for v in state.incident.proposals.values() if v.status == "executing"]
    effect = decide(state, at(100), LIMITS)
    if executing and state.incident.status != "closed":
        assert isinstance(effect, Reconcile)


@given(facts, st.sampled_from([("NewThing", 1), ("IncidentOpened", 2), ("AlertsReceived", 9)]))
def test_an_event_of_unknown_version_holds(history: list[Fact], kind: tuple[str, int]) -> None:
    name, version = kind
    body = decode(name, version, b"{}")
    assert isinstance(body, Unknown)
    events = thread([opened(), *history])
    events.append(Event("INC-1", len(events) + 1, at(99), "test:x", body))
    assert isinstance(decide(fold(events), at(100), LIMITS), Hold)


def test_a_damaged_body_holds_instead_of_guessing() -> None:
    body = decode("IncidentOpened", 1, b'{"title": 3}')
    assert isinstance(body, Unknown)
    assert "service" in body.why or "title" in body.why


def test_an_empty_thread_waits_for_ever() -> None:
    assert decide(fold([]), at(0), LIMITS) == Wait(None)
