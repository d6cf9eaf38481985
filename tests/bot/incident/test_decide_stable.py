from datetime import datetime

from hypothesis import given
from hypothesis import strategies as st

from bot.incident.decide import decide
from bot.incident.effects import Execute, Record, RunLimits, RunTools, Summon, Wait
from bot.incident.events import Event
from bot.incident.fact import Fact
from bot.incident.facts_action import ProposalReminded
from bot.incident.facts_alerts import IncidentEscalated, QuestionReminded
from bot.incident.reducer import fold
from tests.bot.incident.making import approved, at, decided, opened, thread
from tests.bot.incident.test_decide import ASK_UNDO
from tests.bot.incident.test_reducer import ASKED, LOOK, ONE_OF_EACH, SETTLED

more = st.lists(st.sampled_from([*ONE_OF_EACH, ASK_UNDO]), max_size=25)
begun = st.one_of(
    more.map(lambda facts: [*SETTLED, ASKED, *facts]),
    more.map(lambda facts: [opened("warning"), *facts]),
    more,
)
switches = st.builds(
    RunLimits,
    debounce_s=st.sampled_from([0.0, 10.0]),
    close_after_s=st.sampled_from([0.0, 60.0]),
    max_steps=st.sampled_from([1, 2, 10]),
    paused=st.booleans(),
    read_only=st.booleans(),
)


@given(begun, switches, st.floats(0, 3000), st.floats(0, 0.999))
def test_no_wake_up_is_lost(
    history: list[Fact], limits: RunLimits, seconds: float, share: float
) -> None:
    """Before the time it waits for, deciding again says the same; and it never waits for the past.

    A history is first driven to rest by recording what is due and calling whom it wants called, as
    the loop does.
    """
    events = thread(history)
    moment: datetime = at(max(len(history) - 1, 0) + seconds)
    while isinstance(effect := decide(fold(events), moment, limits), Record | Summon):
        for fact in effect.facts if isinstance(effect, Record) else (_called(effect),):
            events.append(Event("INC-1", len(events) + 1, moment, "bot:drive", fact))
        assert len(events) < 200, "recording what is due never comes to rest"
    if isinstance(effect, Wait):
        if effect.until is None:
            assert decide(fold(events), at(10_000_000), limits) == effect
        else:
            assert effect.until > moment
            between = moment + (effect.until - moment) * share
            assert decide(fold(events), between, limits) == effect
            assert decide(fold(events), effect.until, limits) != effect


def _called(effect: Summon) -> Fact:
    """Answer a call as the hand does; level 3 is the highest."""
    call = effect.call
    if call.level == 1 and call.kind == "proposal":
        return ProposalReminded(proposal=call.about, to=("dana",))
    if call.level == 1 and call.kind == "question":
        return QuestionReminded(id=call.about, to=("dana",))
    return IncidentEscalated(
        level=call.level, to="dana", persons=("dana",), about=call.about, last=call.level > 2
    )


@given(begun, switches, st.floats(0, 1e7))
def test_deciding_never_raises_and_changes_nothing(
    history: list[Fact], limits: RunLimits, seconds: float
) -> None:
    state = fold(thread(history))
    first = decide(state, at(seconds), limits)
    assert decide(state, at(seconds), limits) == first


def test_a_call_waits_for_what_is_done_and_goes_before_what_is_looked_at() -> None:
    """Record, Execute and Verify come first; a long investigation never holds a call up."""
    limits = RunLimits(debounce_s=0)
    looking = thread([*SETTLED[:3], LOOK])
    assert isinstance(decide(fold(looking), at(200), limits), RunTools)
    assert isinstance(decide(fold(looking), at(400), limits), Summon)
    done = thread([*SETTLED, ASKED, decided(ASKED), approved(ASKED)])
    assert isinstance(decide(fold(done), at(400), limits), Execute)
    assert isinstance(decide(fold(done), at(4000), limits), Record)
