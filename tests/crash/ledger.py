"""The commits of the way in order, and what must hold at a death and at the end of a story."""

from collections.abc import Sequence
from itertools import pairwise

from bot.incident.facts_action import ActionStarted
from bot.incident.facts_alerts import AlertsReceived
from tests.crash.dying import Death
from tests.crash.story import Left

COMMITS = [
    "the schema",
    "KnowledgeLoaded + PolicyLoaded",
    "ChangeRecorded",
    "IncidentOpened + AlertsReceived",
    "ContextLoaded",
    "StepChosen(call_tools)",
    "evidence after StepChosen(call_tools)",
    "ToolReturned",
    "StepChosen(call_tools) #2",
    "evidence after StepChosen(call_tools) #2",
    "ToolReturned #2",
    "StepChosen(propose_action)",
    "ActionProposed",
    "StepChosen(conclude)",
    "ConclusionReached",
    "alarm after ConclusionReached",
    "DecisionMade + ProposalApproved",
    "ActionStarted",
    "evidence after ActionStarted",
    "ActionFinished",
    "alarm after ActionFinished",
    "evidence after ActionFinished",
    "ActionVerified",
    "alarm after ActionVerified",
    "AlertsReceived",
    "IncidentResolved",
    "IncidentClosed",
    "alarm after IncidentClosed",
]
"""Every write of the way; the clean run proves that there is no other."""
START = ["KnowledgeLoaded", "PolicyLoaded"]
HOUSE_COMMITS = frozenset({"KnowledgeLoaded + PolicyLoaded", "ChangeRecorded"})


def events_until(death: Death) -> tuple[list[str], list[str]]:
    """Return the event types on the incident and on `house` that a first death leaves behind."""
    until = COMMITS.index(death.commit) + (death.when == "after")
    thread: list[str] = []
    house: list[str] = []
    for commit in COMMITS[:until]:
        (house if commit in HOUSE_COMMITS else thread).extend(types_of(commit))
    return thread, house


def types_of(commit: str) -> list[str]:
    """Return the event types of a commit; none for evidence, alarms and the schema."""
    if commit == "the schema" or commit.startswith(("evidence", "alarm")):
        return []
    return [part.partition("(")[0] for part in commit.partition(" #")[0].split(" + ")]


def is_interruption(death: Death) -> bool:
    """Tell whether the death falls between the intent's commit and the result's."""
    if death.call:
        return True
    intent, result = COMMITS.index("ActionStarted"), COMMITS.index("ActionFinished")
    place = COMMITS.index(death.commit) + (death.when == "after")
    return intent < place <= result


def nothing_lost(lives: Sequence[Left]) -> None:
    """Check what was acknowledged, and that each life only added to the one before."""
    for left in lives:
        said = [
            (alert.fingerprint, alert.status)
            for event in left.thread
            if isinstance(event.body, AlertsReceived)
            for alert in event.body.alerts
        ]
        for status in left.told & {"firing", "resolved"}:
            assert [one for one in said if one[1] == status] == [("a1", status), ("b2", status)]
        assert ("deploy" in left.told) <= ("ChangeRecorded" in left.house)
        assert ("approve" in left.told) <= ("DecisionMade" in left.types)
    for earlier, later in pairwise(lives):
        for stream, events in earlier.events.items():
            assert list(later.events[stream])[: len(events)] == list(events)


def nothing_twice(lives: Sequence[Left]) -> None:
    """Check that the action ran at most once, and that no fact was told twice."""
    for left in lives:
        assert left.breaks == []
        for events in left.events.values():
            assert [event.seq for event in events] == list(range(1, len(events) + 1))
        assert left.types.count("IncidentOpened") <= 1
        assert left.house.count("ChangeRecorded") <= 1
        started = [event.body for event in left.thread if isinstance(event.body, ActionStarted)]
        assert len(started) <= 1
        assert sum(left.calls.values()) <= 1
        assert set(left.calls) <= {fact.attempt for fact in started}
