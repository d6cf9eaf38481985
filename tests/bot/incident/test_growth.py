"""A thread of ten thousand events: read in time that grows with it, no faster; no snapshots."""

import sys
from collections.abc import Callable
from types import FrameType

from bot.conversation.cards import draw
from bot.conversation.permalink import TIMELINE_EVENTS
from bot.incident.events import Event
from bot.incident.reducer import fold
from bot.web.views import timeline, timeline_span
from tests.bot.conversation.situations import LOOK
from tests.bot.incident.making import alert, at, opened, received
from tests.bot.store.examples import note

SHORT, LONG = 1_000, 10_000


def thread(count: int) -> list[Event]:
    """An incident whose one alert flaps all day, with a note now and then."""
    facts = [
        note(f"note {number}")
        if number % 10 == 0
        else received(alert("firing" if number % 2 else "resolved"), delivery=f"d{number}")
        for number in range(1, count)
    ]
    return [
        Event("INC-1", seq, at(seq), "test:growth", fact)
        for seq, fact in enumerate([opened(), *facts], start=1)
    ]


def calls(work: Callable[[], object]) -> int:
    """Return how many functions, of ours and built in, are called: work that no clock can blur."""
    total = 0

    def count(_frame: FrameType, kind: str, _value: object) -> None:
        nonlocal total
        total += kind in {"call", "c_call"}

    sys.setprofile(count)
    try:
        work()
    finally:
        sys.setprofile(None)
    return total


def test_a_replay_of_ten_times_the_events_is_ten_times_the_work() -> None:
    short, long = thread(SHORT), thread(LONG)
    assert calls(lambda: fold(long)) <= 10.5 * calls(lambda: fold(short))
    assert fold(long).seq == LONG


def test_what_a_thread_adds_up_to_does_not_grow_with_a_flapping_alert() -> None:
    short, long = fold(thread(SHORT)).incident, fold(thread(LONG)).incident
    assert [len(line.refired_at) for line in long.alerts.values()] == [3]
    assert (len(short.said), len(long.said)) == (99, 999)


def test_cards_and_a_page_of_the_timeline_are_as_large_as_they_were() -> None:
    short, long = thread(SHORT), thread(LONG)
    spans = [timeline_span(events[-1].seq) for events in (short, long)]
    assert spans == [(SHORT - TIMELINE_EVENTS, 200), (LONG - TIMELINE_EVENTS, 200)]
    after, count = timeline_span(LONG, before=TIMELINE_EVENTS)
    (_, older), *_ = timeline(long[after : after + count])
    assert older[0].seq == TIMELINE_EVENTS - 1
    assert timeline_span(LONG, before=1) == (0, 0)
    sizes = [len(str(draw(fold(events), LOOK))) for events in (short, long)]
    assert sizes[1] < 1.1 * sizes[0]
