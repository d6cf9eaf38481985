"""A document is made of one moment of the log, and names the hash of exactly that moment."""

import pytest

from bot.conversation.archive import Archive
from bot.errors import NotFoundError
from bot.incident.fact import Fact
from bot.incident.facts_alerts import NoteAdded
from tests.bot.conversation.fakes import FakeLog
from tests.bot.incident.making import opened
from tests.fakes import FakeClock

NOTE = NoteAdded(person="dana", text="later")


class MovingLog(FakeLog):
    """A log to which something is added right after somebody asked for its heads."""

    async def heads(self, stream: str = "") -> dict[str, tuple[int, str]]:
        seq = len(self.streams.get(stream, []))
        self.add("INC-1", NOTE)
        return {stream: (seq, "cd" * 32)} if seq else {}


def log_of(cls: type[FakeLog], *facts: Fact) -> FakeLog:
    log = cls(FakeClock())
    log.add("INC-1", *facts)
    return log


async def test_g52_what_is_written_meanwhile_is_not_in_it() -> None:
    archive = Archive(log_of(MovingLog, opened(), NOTE), "https://bot.example/")
    text = await archive.timeline("INC-1")
    assert f'  events: 2\n  head: "{"cd" * 32}"' in text
    assert text.count("noted") == 1
    assert "(https://bot.example/incidents/INC-1?before=201#e1)" in text


async def test_g52_the_paper_and_its_markdown_are_of_the_same_moment() -> None:
    archive = Archive(log_of(MovingLog, opened()), "")
    paper, text = await archive.paper("INC-1")
    assert dict(paper.front)["incident"] == "INC-1"
    assert "  events: 1\n" in text
    assert paper.title[1].text in text


@pytest.mark.parametrize("name", ["INC-2", "house", ""])
async def test_g52_of_no_incident_there_is_no_document(name: str) -> None:
    archive = Archive(log_of(FakeLog, opened()), "")
    with pytest.raises(NotFoundError, match=f"There is no {name}"):
        await archive.postmortem(name)
