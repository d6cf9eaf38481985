"""What the metrics say of calls, and of how long it took until somebody took care (MTTA)."""

import pytest
from prometheus_client.parser import text_string_to_metric_families

from bot import telemetry
from bot.app.meter import count_event
from bot.incident.fact import Fact
from bot.incident.facts_action import ProposalReminded
from bot.incident.facts_alerts import IncidentAcked, IncidentEscalated, IncidentHandedOff
from bot.incident.reducer import fold
from tests.bot.incident.making import context, opened, proposed, received, thread

ASKED = proposed()
P = ASKED.proposal.id


def value(name: str, **labels: str) -> float:
    """What /metrics says now; 0 when it says nothing of it."""
    families = text_string_to_metric_families(telemetry.exposition().decode())
    return next(
        (
            sample.value
            for family in families
            for sample in family.samples
            if sample.name == name and sample.labels == labels
        ),
        0.0,
    )


def counted(*facts: Fact) -> None:
    events = thread([opened(), received(), context(), ASKED, *facts], step_s=30)
    state = fold(events)
    for event in events[4:]:
        count_event(state, event)


@pytest.mark.parametrize(
    ("fact", "level", "about"),
    [
        (ProposalReminded(proposal=P), "1", "proposal"),
        (IncidentEscalated(level=2, to="eve", about=P), "2", "proposal"),
        (IncidentEscalated(level=3, to="eve", about="r1s1"), "3", "question"),
        (IncidentEscalated(level=1, to="eve"), "1", "incident"),
        (IncidentEscalated(level=99, to="eve"), "9", "incident"),
    ],
)
def test_g51_calls_are_counted_by_level(fact: Fact, level: str, about: str) -> None:
    before = value("triage_calls_total", level=level, about=about)
    counted(fact)
    assert value("triage_calls_total", level=level, about=about) == before + 1


def test_g50_the_time_to_the_first_ack_is_measured_once() -> None:
    count, total = value("triage_ack_seconds_count"), value("triage_ack_seconds_sum")
    counted(
        IncidentAcked(person="dana"),
        IncidentAcked(person="eve"),
        IncidentHandedOff(to="dana", accepted=False, person="eve"),
        IncidentHandedOff(to="dana", accepted=True, person="dana"),
    )
    assert value("triage_ack_seconds_count") == count + 1
    assert value("triage_ack_seconds_sum") == total + 120
