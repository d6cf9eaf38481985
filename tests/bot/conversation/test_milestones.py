"""The times a postmortem counts from."""

from bot.conversation.milestones import milestones, seconds_between
from bot.incident import facts_action, facts_alerts
from bot.incident.fact import Fact
from bot.incident.reducer import fold
from tests.bot.conversation.situations import done
from tests.bot.incident.making import at, opened, proposed, received, thread

ASKED = proposed()
PASSED = facts_action.ActionVerified(
    proposal=ASKED.proposal.id, digest=ASKED.digest, n=0, evidence="e", summary="fine"
)
WORSE = facts_action.ActionRegressed(
    proposal=ASKED.proposal.id, digest=ASKED.digest, n=1, evidence="e", why="back"
)


def of(*facts: Fact):
    events = thread(facts, step_s=60)
    return milestones(fold(events), events)


def test_g52_it_was_mitigated_when_a_check_passed_that_held() -> None:
    held = of(*done(ASKED), PASSED)
    assert held.mitigated_at == at(60 * len(done(ASKED)))
    assert held.mitigated_by == "7F3KQ2AB"
    back = of(*done(ASKED), PASSED, WORSE)
    assert (back.mitigated_at, back.mitigated_by) == (None, "")
    undone = of(*done(ASKED), PASSED, facts_action.ActionUndone(proposal="7F3KQ2AB", by="X"))
    assert undone.mitigated_at is None


def test_g52_the_first_acknowledgement_counts_and_an_accepted_handover_is_one() -> None:
    ack = facts_alerts.IncidentAcked(person="dana")
    asked = facts_alerts.IncidentHandedOff(to="eve", accepted=False)
    taken = facts_alerts.IncidentHandedOff(to="eve", accepted=True)
    assert of(opened(), ack, ack).acked_at == at(60)
    assert of(opened(), asked, taken, ack).acked_at == at(120)
    assert of(opened()).acked_at is None


def test_g52_it_never_began_after_it_was_opened() -> None:
    assert of(opened(), received()).began_at == at(0)
    assert of(opened()).began_at is None


def test_g52_a_duration_is_whole_seconds_and_never_below_zero() -> None:
    assert seconds_between(at(0), at(61.9)) == 61
    assert seconds_between(at(5), at(0)) == 0
    assert seconds_between(None, at(0)) is None
    assert seconds_between(at(0), None) is None
