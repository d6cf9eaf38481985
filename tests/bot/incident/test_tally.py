"""What the log says about approvals (E-44): counted by hand here, and again by the tally."""

from collections.abc import Iterator, Sequence
from datetime import date, timedelta
from typing import Literal

import pytest

from bot.incident import facts_action as action
from bot.incident.events import Event
from bot.incident.fact import Fact
from bot.incident.facts_alerts import ConclusionJudged
from bot.incident.facts_run import ConclusionReached, StepChosen
from bot.incident.model import Finding, Judgement
from bot.incident.steps import Conclude
from bot.incident.tally import tally, weeks_begin
from bot.incident.trust import Scoreboard
from tests.bot.incident.making import T0, approved, at, decided, proposal, proposed, started

SINCE = weeks_begin(T0, 1)
WEEK_S = 7 * 24 * 3600
Told = tuple[float, Fact]


def board(*told: Told, stream: str = "INC-1", weeks: int = 1) -> Scoreboard:
    until = at(told[-1][0]) if told else T0
    return tally(events(told, stream), weeks_begin(until, weeks), until)


def events(told: Sequence[Told], stream: str = "INC-1") -> list[Event]:
    return [Event(stream, n, at(s), "test:maker", fact) for n, (s, fact) in enumerate(told, 1)]


def denied(asked: action.ActionProposed) -> action.ProposalDenied:
    return action.ProposalDenied(proposal=asked.proposal.id, digest=asked.digest, reason="no, wait")


def concluded(*, found: bool = True) -> ConclusionReached:
    finding = Finding(claim="v42 is broken", evidence=("e" * 16,), confidence="high")
    return ConclusionReached(summary="v42", findings=(finding,) if found else (), by="planner")


def judged(verdict: Judgement) -> ConclusionJudged:
    return ConclusionJudged(person="dana", verdict=verdict, note="")


def verdicts(
    waits: Sequence[float], verdict: Literal["approve", "deny"] = "approve", person: str = "dana"
) -> Iterator[Told]:
    """One proposal a wait, a minute apart, each decided so many seconds after it was shown."""
    for number, wait in enumerate(waits):
        asked = proposed(proposal(f"ABCD{number:04}"))
        yield number * 60, asked
        yield number * 60 + wait, decided(asked, verdict, person)


def test_s055_an_action_is_followed_from_proposed_to_undone() -> None:
    asked = proposed()
    name = asked.proposal.id
    finished = action.ActionFinished(attempt=f"{name}-1", ok=True, evidence="e", summary="done")
    regressed = action.ActionRegressed(
        proposal=name, digest=asked.digest, n=0, evidence="e", why="still broken"
    )
    seen = board(
        (0, asked),
        (30, decided(asked)),
        (30, approved(asked)),
        (31, started(asked)),
        (40, finished),
        (100, regressed),
        (200, action.ActionUndone(proposal=name, by="OTHER")),
    )
    wanted = {"proposed": 1, "approved": 1, "succeeded": 1, "regressed": 1, "undone": 1}
    for score in (seen.actions["job_run:rollback"], seen.channels["web"], seen.weeks[0].score):
        assert +score.counts == wanted
    assert seen.total.agreement == 1


@pytest.mark.parametrize("word", ["expired", "withdrawn", "superseded"])
def test_s055_what_nobody_decided_is_counted_and_belongs_to_no_channel(word: str) -> None:
    asked = proposed()
    ends: dict[str, Fact] = {
        "expired": action.ProposalExpired(proposal=asked.proposal.id, digest=asked.digest),
        "withdrawn": action.ProposalWithdrawn(
            proposal=asked.proposal.id, digest=asked.digest, why="resolved"
        ),
        "superseded": action.ProposalSuperseded(
            proposal=asked.proposal.id, digest=asked.digest, why="v43 is live"
        ),
    }
    seen = board((0, asked), (10, ends[word]))
    assert +seen.total.counts == {"proposed": 1, word: 1}
    assert seen.channels == {}
    assert seen.total.agreement is None


def test_s055_an_edit_is_one_proposal_and_only_its_last_revision_is_judged() -> None:
    first = proposed()
    second = proposed(proposal(revision=2, title="Roll back checkout to v40"))
    replaced = action.ProposalSuperseded(
        proposal=first.proposal.id, digest=first.digest, why="edited", by=second.proposal.id
    )
    told = [(0.0, first), (100.0, second), (107.0, decided(second)), (107.0, approved(second))]
    for place in (1, 2):  # whether the old one is closed before the new one is proposed, or after
        seen = board(*told[:place], (100.0, replaced), *told[place:])
        assert +seen.total.counts == {"proposed": 1, "edited": 1, "approved": 1}
        assert seen.total.approved_s == [7]


def test_s055_an_unknown_that_was_cleared_up_was_unknown_all_the_same() -> None:
    asked = proposed()
    attempt = f"{asked.proposal.id}-1"
    cleared = action.ActionReconciled(attempt=attempt, ok=False, by="dana", evidence="e")
    seen = board(
        (0, asked),
        (1, started(asked)),
        (2, action.ActionUnknown(attempt=attempt, why="killed")),
        (3, cleared),
    )
    assert +seen.total.counts == {"proposed": 1, "unknown": 1, "failed": 1}


def test_e44_agreement_is_the_share_of_decided_proposals_that_were_approved() -> None:
    told: list[Told] = []
    for number in range(4):
        asked = proposed(proposal(f"ABCD{number:04}"))
        ended = denied(asked) if number == 3 else approved(asked)
        told += [
            (number, asked),
            (number + 9, decided(asked, "deny" if number == 3 else "approve")),
        ]
        told += [(number + 9, ended)]
    assert board(*sorted(told, key=lambda one: one[0])).total.agreement == 0.75


def test_e44_time_to_decision_and_the_share_that_was_approved_in_less_than_3_s() -> None:
    seen = board(*verdicts([1, 2.9, 3, 4, 5, 6, 7, 8, 9, 50]))
    assert seen.total.hasty == 0.2
    assert seen.total.decided_within_s(0.5) == 5
    assert seen.total.decided_within_s(0.9) == 9
    assert board().total.decided_within_s(0.5) is None
    assert board().total.hasty is None


def test_e44_a_denial_however_quick_is_not_hasty() -> None:
    seen = board(*verdicts([1, 1], "deny"))
    assert seen.total.hasty is None
    assert seen.total.decided_within_s(0.9) == 1


def test_e44_a_clock_that_was_put_back_makes_no_negative_wait() -> None:
    asked = proposed()
    assert board((10, asked), (9, decided(asked))).total.approved_s == [0]


def test_e44_twenty_quick_approvals_are_worth_a_second_look() -> None:
    assert board(*verdicts([2] * 20)).stamps == ["dana"]


@pytest.mark.parametrize(
    "told",
    [
        pytest.param(list(verdicts([2] * 19)), id="nineteen are too few"),
        pytest.param(list(verdicts([5] * 20)), id="five seconds are enough"),
        pytest.param(
            [*verdicts([2] * 19), *verdicts([2] * 20, "deny")][:-38], id="one of twenty denied"
        ),
        pytest.param([*verdicts([2] * 20), *verdicts([60] * 11)], id="it got better"),
    ],
)
def test_e44_what_is_no_rubber_stamp(told: list[Told]) -> None:
    assert board(*told).stamps == []


def test_e44_only_the_last_twenty_verdicts_of_each_person_count() -> None:
    slow, quick = list(verdicts([90] * 30)), list(verdicts([1] * 20, person="lee"))
    seen = board(*slow, *verdicts([1] * 20), *quick)
    assert seen.stamps == ["dana", "lee"]
    assert (seen.persons["dana"].approvals, seen.persons["dana"].ratio) == (50, 1)
    assert seen.persons["lee"].median_s == 1


def test_e44_a_refused_attempt_is_counted_where_it_came_from() -> None:
    asked = proposed()
    refused = action.DecisionRefused(
        proposal=asked.proposal.id, digest="", actor="slack:T2/U1", why="no", payload_digest=""
    )
    seen = board((0, asked), (1, refused), (2, decided(asked)))
    assert seen.channels["slack"].counts["refused"] == 1
    assert seen.channels["web"].counts["refused"] == 1  # the proposal that was decided there
    assert seen.total.counts["refused"] == 1


def test_s002_conclusions_are_counted_by_what_humans_said_of_the_newest() -> None:
    seen = board(
        (0, concluded()),
        (1, judged("wrong")),
        (2, concluded()),
        (3, judged("partly")),
        (4, judged("right")),
        (5, concluded()),
        (6, concluded(found=False)),
    )
    assert seen.conclusions == {"wrong": 1, "right": 1, "unjudged": 1, "abstained": 1}


def test_s002_every_week_that_was_asked_for_is_there_also_a_quiet_one() -> None:
    seen = board((0, concluded()), (2 * WEEK_S, concluded()), weeks=3)
    assert [(week.name, week.monday) for week in seen.weeks] == [
        ("2026-W02", date(2026, 1, 5)),
        ("2026-W03", date(2026, 1, 12)),
        ("2026-W04", date(2026, 1, 19)),
    ]
    assert [week.conclusions.total() for week in seen.weeks] == [1, 0, 1]


def test_s002_a_proposal_counts_in_the_week_it_was_proposed_in() -> None:
    asked = proposed()
    seen = board((0, asked), (WEEK_S, decided(asked)), (WEEK_S, approved(asked)), weeks=2)
    assert [week.score.counts["approved"] for week in seen.weeks] == [1, 0]


def test_s002_what_is_older_than_the_weeks_is_passed_over() -> None:
    asked = proposed()
    late = [*events([(0, asked), (0, concluded()), (WEEK_S, decided(asked))])]
    seen = tally(late, SINCE + timedelta(weeks=1), at(WEEK_S))
    assert (+seen.total.counts, seen.persons, seen.conclusions) == ({}, {}, {})


def test_s055_one_name_in_two_incidents_is_two_proposals() -> None:
    asked = proposed()
    both = [*events([(0, asked)]), *events([(1, asked), (2, denied(asked))], "INC-2")]
    seen = tally(both, SINCE, at(2))
    assert +seen.total.counts == {"proposed": 2, "denied": 1}


class Counted(list[Event]):
    """Events that count how often they are read."""

    reads = 0

    def __iter__(self) -> Iterator[Event]:
        for event in super().__iter__():
            self.reads += 1
            yield event


def test_e44_ten_thousand_events_are_each_read_once() -> None:
    told = Counted(events(list(verdicts([4] * 5000))))
    seen = tally(told, SINCE, at(5000 * 60))
    assert told.reads == len(told) == 10_000
    assert seen.total.counts["proposed"] == 5000
    assert len(seen.persons["dana"].last) == 20


def test_steps_of_a_model_are_counted_by_whether_the_planner_agrees() -> None:
    step = StepChosen(effect_id="r1s1", step=Conclude(summary="x"), by="test:model")
    told = [
        step.model_copy(update={"agreed": True}),
        step.model_copy(update={"agreed": False}),
        step.model_copy(update={"agreed": True}),
        step.model_copy(update={"by": "planner", "fallback": "slow"}),
        step.model_copy(update={"by": "planner"}),
    ]
    counted = board(*((float(n), fact) for n, fact in enumerate(told))).steps
    assert counted == {"agreed": 2, "differed": 1, "fallback": 1}
