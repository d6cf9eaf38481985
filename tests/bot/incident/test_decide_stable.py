from datetime import datetime

from hypothesis import given
from hypothesis import strategies as st

from bot.incident.decide import decide
from bot.incident.effects import Record, RunLimits, Wait
from bot.incident.events import Event
from bot.incident.fact import Fact
from bot.incident.reducer import fold
from tests.bot.incident.making import at, opened, thread
from tests.bot.incident.test_decide import ASK_UNDO
from tests.bot.incident.test_reducer import ASKED, ONE_OF_EACH, SETTLED

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

    A history is first driven to rest by recording what is due, as the loop does.
    """
    events = thread(history)
    moment: datetime = at(max(len(history) - 1, 0) + seconds)
    while isinstance(effect := decide(fold(events), moment, limits), Record):
        for fact in effect.facts:
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


@given(begun, switches, st.floats(0, 1e7))
def test_deciding_never_raises_and_changes_nothing(
    history: list[Fact], limits: RunLimits, seconds: float
) -> None:
    state = fold(thread(history))
    first = decide(state, at(seconds), limits)
    assert decide(state, at(seconds), limits) == first
