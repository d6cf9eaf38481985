"""The ladder as pure code: each rung once, in order, and never after somebody answered."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.incident import facts_action as act
from bot.incident import facts_alerts as al
from bot.incident.events import Event
from bot.incident.fact import Fact
from bot.incident.ladder import due_call
from bot.incident.model import Severity
from bot.incident.reducer import fold
from tests.bot.incident.climbing import HORIZON_S, LIMITS, Told, asks, incident, question
from tests.bot.incident.making import (
    alert,
    approved,
    at,
    decided,
    received,
)


@pytest.mark.parametrize(
    ("risk", "expires_s", "rungs"),
    [
        ("low", 3600, [(300, 1), (600, 2), (1200, 3)]),
        ("medium", 1800, [(300, 1), (600, 2), (1200, 3)]),
        ("high", 900, [(300, 1), (600, 2)]),
        ("high", 450, [(150, 1), (300, 2)]),
        ("high", 30, [(10, 1), (20, 2)]),
    ],
)
def test_g51_nobody_decides_so_the_levels_are_called_and_then_it_expires(
    risk: str, expires_s: float, rungs: list[tuple[float, int]]
) -> None:
    told = incident("warning").say(0, asks(risk, expires_s)).run(HORIZON_S)
    assert told.rungs() == rungs
    view = told.state.incident.proposals["7F3KQ2AB"]
    assert view.status == "expired"
    last = max(event.at for event in told.events if isinstance(event.body, act.ProposalExpired))
    assert last == at(expires_s)
    assert all("P-7F3KQ2AB" in call.why for _, call in told.calls)


def test_g51_a_question_climbs_as_a_proposal_does_and_ends_at_its_deadline() -> None:
    told = incident("warning").say(0, question(5000)).run(HORIZON_S)
    assert told.rungs() == [(300, 1), (600, 2), (1200, 3)]
    assert told.state.incident.questions["q1"].status == "expired"


@pytest.mark.parametrize(
    ("severity", "rungs"),
    [
        ("critical", [(300, 1), (600, 2), (1200, 3)]),
        ("high", [(300, 1), (600, 2), (1200, 3)]),
        ("warning", []),
        ("info", []),
        ("unknown", []),
    ],
)
def test_g51_nobody_acknowledges_an_urgent_incident(
    severity: Severity, rungs: list[tuple[float, int]]
) -> None:
    assert incident(severity).run(HORIZON_S).rungs() == rungs


@pytest.mark.parametrize("levels", [0, 1, 2, 5])
def test_g51_the_top_is_called_once_and_nobody_after(levels: int) -> None:
    told = incident(levels=levels).run(HORIZON_S)
    assert [level for _, level in told.rungs()] == list(range(1, max(levels, 1) + 1))


def test_g51_without_anybody_on_call_there_is_one_line_and_no_loop() -> None:
    told = incident(levels=0).run(HORIZON_S)
    assert [call.level for _, call in told.calls] == [1]
    made = [e.body for e in told.events if isinstance(e.body, al.IncidentEscalated)]
    assert [(fact.to, fact.persons) for fact in made] == [("nobody", ())]
    told = incident("warning", levels=0).say(0, asks(), question()).run(HORIZON_S)
    assert sorted(call.kind for _, call in told.calls) == ["proposal", "question"]


def test_g51_when_all_of_a_level_have_quiet_hours_the_next_is_called_at_once() -> None:
    told = incident("high", quiet=frozenset({1, 2})).run(HORIZON_S)
    assert told.rungs() == [(300, 1), (300, 2), (300, 3)]
    told = incident("warning", quiet=frozenset({1})).say(0, asks()).run(HORIZON_S)
    assert told.rungs() == [(300, 1), (300, 2), (900, 3)]


OVER = al.IncidentResolved(reason="closed by dana: done")
ASKS = asks()
STOPS: dict[str, list[Fact]] = {
    "decision": [decided(ASKS), approved(ASKS)],
    "denial": [
        decided(ASKS, "deny"),
        act.ProposalDenied(proposal=ASKS.proposal.id, digest=ASKS.digest, reason="not now"),
    ],
    "ack": [al.IncidentAcked(person="dana")],
    "resolve": [received(alert("resolved"), delivery="d2")],
    "merge": [al.IncidentMerged(person="dana", into="INC-2")],
}


@pytest.mark.parametrize("after_s", [10, 299, 301, 700, 1300])
@pytest.mark.parametrize("stop", sorted(STOPS))
def test_g50_what_answers_stops_the_calls(stop: str, after_s: float) -> None:
    told = incident("warning").say(0, ASKS)
    told.say(after_s, *STOPS[stop]).run(HORIZON_S)
    assert all(seconds <= after_s for seconds, _ in told.calls)
    assert len(told.calls) == sum(moment <= after_s for moment in (300, 600, 1200))


def test_an_answer_stops_the_calls_about_a_question() -> None:
    told = incident("warning").say(0, question())
    told.say(400, al.QuestionAnswered(id="q1", person="dana", value="yes")).run(HORIZON_S)
    assert told.rungs() == [(300, 1)]


def test_g50_an_ack_leaves_high_risk_to_more_than_one() -> None:
    acked = al.IncidentAcked(person="dana")
    for risk, rungs in (("high", [(300, 1), (600, 2)]), ("medium", []), ("low", [])):
        told = incident("warning").say(0, asks(risk, 900)).say(10, acked).run(HORIZON_S)
        assert told.rungs() == rungs, risk


def test_g50_an_ack_lapses_when_nobody_is_heard_of_and_the_ladder_begins_anew() -> None:
    told = incident().say(100, al.IncidentAcked(person="dana")).run(HORIZON_S)
    assert told.rungs() == [(1900, 1), (2200, 2), (2800, 3)]
    first = told.calls[0][1]
    assert first.also == ("dana",)
    assert first.why == "dana took care, and nobody was heard of for 30 min"
    assert told.state.incident.acked_by == ""
    told = incident("warning").say(100, al.IncidentAcked(person="dana")).run(HORIZON_S)
    assert told.calls == []


def test_g50_any_human_word_keeps_an_ack() -> None:
    told = incident().say(100, al.IncidentAcked(person="dana"))
    told.say(1500, al.NoteAdded(person="eve", text="looking at the database"))
    told.say(3200, al.SeverityChanged(person="dana", severity="high")).run(3200 + 1799)
    assert told.calls == []
    assert told.run(3200 + 1800).rungs() == [(5000, 1)]


def test_g50_a_second_ack_after_a_lapse_stops_the_new_round() -> None:
    told = incident().say(100, al.IncidentAcked(person="dana"))
    told.say(2300, al.IncidentAcked(person="eve")).run(2300 + 1799)
    assert told.rungs() == [(1900, 1), (2200, 2)]
    assert told.state.incident.acked_by == "eve"


def test_g50_a_snooze_puts_every_call_off_until_its_end() -> None:
    snoozed = al.IncidentSnoozed(person="dana", until=at(5000))
    assert incident().say(100, snoozed).run(4999).calls == []
    assert incident().say(100, snoozed).run(HORIZON_S).rungs()[0] == (5000, 1)
    told = incident("warning").say(0, asks(expires_s=9000)).say(400, snoozed).run(HORIZON_S)
    assert told.rungs() == [(300, 1), (5000, 2), (5600, 3)]


def test_g50_what_gets_worse_ends_a_snooze() -> None:
    snoozed = al.IncidentSnoozed(person="dana", until=at(90_000))
    worse = al.SeverityChanged(person="eve", severity="critical")
    better = al.SeverityChanged(person="eve", severity="warning")
    other = received(alert(fingerprint="b2"), delivery="d2")
    again = received(alert(), delivery="d3")
    for fact, ends in ((worse, True), (better, False), (other, True), (again, False)):
        told = incident("high").say(100, snoozed).say(200, fact)
        assert (told.state.incident.snoozed_until is None) is ends, type(fact).__name__


def test_a_proposal_that_waits_calls_instead_of_the_incident() -> None:
    told = incident().say(0, asks(expires_s=1800)).run(1799)
    assert {call.kind for _, call in told.calls} == {"proposal"}
    told.run(HORIZON_S)
    assert [level for _, level in told.rungs("incident")] == []
    short = incident().say(0, asks(expires_s=450)).run(HORIZON_S)
    assert short.rungs("incident") == [(900, 3)]


def test_two_proposals_are_called_about_each_for_itself() -> None:
    told = incident("warning").say(0, asks()).say(100, asks(identifier="ZZZZ2222"))
    told.run(HORIZON_S)
    about = [call.about for _, call in told.calls]
    assert about.count("7F3KQ2AB") == about.count("ZZZZ2222") == 3


def test_after_a_long_sleep_one_level_is_called_at_a_time() -> None:
    told = incident()
    call = due_call(told.state, at(20_000), LIMITS)
    assert call is not None
    assert call.level == 1
    told.say(0)
    told.events.append(Event("INC-1", 99, at(20_000), "t:t", told.answer(call)))
    assert due_call(told.state, at(20_299), LIMITS) is None
    later = due_call(told.state, at(20_300), LIMITS)
    assert later is not None
    assert later.level == 2


def test_a_refire_after_a_resolve_begins_the_ladder_anew() -> None:
    told = incident().run(700).say(800, received(alert("resolved"), delivery="d2"))
    told.say(900, received(delivery="d3")).run(HORIZON_S)
    assert [level for _, level in told.rungs()] == [1, 2, 1, 2, 3]
    assert told.rungs()[2] == (1200, 1)


def test_g51_a_handover_that_is_not_accepted_is_said_once_more() -> None:
    asked = al.IncidentHandedOff(to="eve", accepted=False, person="dana", note="the database")
    told = incident("warning").say(10, al.IncidentAcked(person="dana")).say(100, asked)
    told.run(HORIZON_S)
    again = [e for e in told.events if isinstance(e.body, al.IncidentHandedOff)][1:]
    assert [(e.at, e.body) for e in again] == [
        (at(700), asked.model_copy(update={"reminded": True}))
    ]
    view = told.state.incident
    assert view.acked_by == "dana"
    assert view.handoff is not None
    assert view.handoff.to == "eve"


@pytest.mark.parametrize("end", ["accepted", "resolved"])
def test_g51_a_handover_that_ended_is_not_said_again(end: str) -> None:
    asked = al.IncidentHandedOff(to="eve", accepted=False, person="dana")
    stop = asked.model_copy(update={"accepted": True, "person": "eve"})
    told = incident("warning").say(10, al.IncidentAcked(person="dana")).say(100, asked)
    told.say(200, stop if end == "accepted" else OVER).run(HORIZON_S)
    handed = [e.body for e in told.events if isinstance(e.body, al.IncidentHandedOff)]
    assert not any(fact.reminded for fact in handed)
    if end == "accepted":
        assert told.state.incident.acked_by == "eve"
        assert told.state.incident.handoff is None


HUMAN: tuple[Fact, ...] = (
    ASKS,
    asks("high", 900, "HHHH2222"),
    question(),
    *(fact for facts in STOPS.values() for fact in facts),
    al.QuestionAnswered(id="q1", person="dana", value="yes"),
    al.IncidentSnoozed(person="dana", until=at(6000)),
    al.SeverityChanged(person="dana", severity="critical"),
    al.SeverityChanged(person="dana", severity="info"),
    al.IncidentHandedOff(to="eve", accepted=False, person="dana"),
    al.IncidentHandedOff(to="eve", accepted=True, person="eve"),
    al.IncidentEscalated(level=2, to="eve", persons=("eve",), person="dana"),
    al.NoteAdded(person="dana", text="hm"),
    received(delivery="d4"),
)
steps = st.lists(st.tuples(st.integers(0, 4000), st.sampled_from(HUMAN)), max_size=12)
quiets = st.frozensets(st.integers(1, 3))


@given(steps, st.sampled_from(["critical", "high", "warning"]), st.integers(0, 4), quiets)
def test_g51_whatever_happens_each_rung_is_climbed_once_in_order_and_only_while_it_waits(
    story: list[tuple[int, Fact]], severity: Severity, levels: int, quiet: frozenset[int]
) -> None:
    told = incident(severity, levels=levels, quiet=quiet)
    moment = 0
    for pause, fact in story:
        moment += pause
        told.say(moment, fact)
    told.run(moment + HORIZON_S)
    _check_rungs(told)


def _check_rungs(told: Told) -> None:
    """Fold up to each call, and compare it with what was true right before."""
    for number, event in enumerate(told.events):
        body = event.body
        before = fold(told.events[:number]).incident
        if isinstance(body, act.ProposalReminded):
            view = before.proposals[body.proposal]
            assert view.status == "pending"
            assert view.calls == ()
            assert event.at < view.proposal.expires_at
        if isinstance(body, al.QuestionReminded):
            assert before.questions[body.id].status == "open"
            assert before.questions[body.id].calls == ()
        if isinstance(body, al.IncidentEscalated) and not body.person:
            about = before.proposals.get(body.about) or before.questions.get(body.about)
            assert before.snoozed_until is None or before.snoozed_until <= event.at
            if about is not None:
                assert about.status in {"pending", "open"}
                assert about.calls[-1].level == body.level - 1
            elif body.level > 1:
                assert before.status == "open"
                assert not before.acked_by
                assert before.called is not None
                assert before.called.level == body.level - 1
