"""Whose words a text is in: what a model wrote is marked as such, and nothing else is."""

from collections.abc import Iterator

import pytest

from bot.conversation.paper import Bit, Bullets, Paper, Passage
from bot.conversation.permalink import Permalinks
from bot.conversation.phrases import trust_by
from bot.conversation.postmortem import postmortem_paper
from bot.incident.card import Trust
from bot.incident.events import Event
from bot.incident.facts_action import ActionProposed
from bot.incident.facts_run import ConclusionReached
from tests.bot.web import stories

MODEL = "openai:gpt-test"


@pytest.mark.parametrize(
    ("by", "trust"),
    [("planner", "outside"), ("verification", "outside"), ("renewal", "outside"),
     ("person:dana", "outside"), (MODEL, "model"), ("", "model")],
)  # fmt: skip
def test_f12_only_a_models_words_are_marked_as_its_own(by: str, trust: Trust) -> None:
    assert trust_by(by) == trust


@pytest.mark.parametrize(("by", "trust"), [("person:dana", "outside"), (MODEL, "model")])
def test_g52_a_draft_tells_a_models_words_from_a_persons(by: str, trust: Trust) -> None:
    events = [_written_by(by, event) for event in stories.approved()]
    reached = next(e.body for e in events if isinstance(e.body, ConclusionReached))
    asked = next(e.body for e in events if isinstance(e.body, ActionProposed))
    words = {reached.summary, asked.reason, *(one.claim for one in reached.findings)}
    paper = postmortem_paper(events, Permalinks())
    told = [bit for bit in _bits(paper, "What was found", "What was done") if bit.text in words]
    assert {bit.text for bit in told} == words
    assert {bit.trust for bit in told} == {trust}


def _written_by(by: str, event: Event) -> Event:
    match event.body:
        case ConclusionReached() as fact:
            body = fact.model_copy(update={"by": by})
        case ActionProposed() as fact:
            body = fact.model_copy(update={"reason_by": by})
        case _:
            return event
    return Event(event.stream, event.seq, event.at, event.actor, body)


def _bits(paper: Paper, *titles: str) -> Iterator[Bit]:
    for section in paper.sections:
        for part in section.parts if section.title in titles else ():
            match part:
                case Passage(row):
                    yield from row
                case Bullets(rows):
                    yield from (bit for row in rows for bit in row)
                case _:
                    pass
