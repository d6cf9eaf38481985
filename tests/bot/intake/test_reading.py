from pathlib import Path

import pytest

from tests.bot.engine.house import INC, World, open_house


async def test_the_list_shows_one_line_an_incident_newest_first(tmp_path: Path) -> None:
    async with open_house(tmp_path, World()) as house:
        empty = await house.say("list")
        await house.pending("INC-1")
        await house.alarm(key="g2")
        outcome = await house.say("list")
        closed = await house.say("list closed")
    assert empty.text == "No incident is open."
    lines = outcome.text.splitlines()
    assert [line.split()[0] for line in lines] == ["INC-2", "INC-1"]
    assert lines[1].split()[1:4] == ["critical", "checkout", "CheckoutErrorRateHigh"]
    assert lines[1].endswith("(1 to decide)")
    assert closed.text == "No incident is closed."


async def test_an_incident_is_told_in_words(tmp_path: Path) -> None:
    async with open_house(tmp_path, World()) as house:
        view = await house.pending()
        outcome = await house.say(f"show {INC}")
    lines = outcome.text.splitlines()
    assert lines[:3] == [
        "INC-1 CheckoutErrorRateHigh",
        "open, critical, service checkout",
        "1 of 1 alerts fire",
    ]
    assert lines[3].startswith("Found: v42 is broken.")
    assert lines[4:] == [f"P-{view.proposal.id} waits for a decision."]


async def test_a_proposal_is_told_with_every_argument(tmp_path: Path) -> None:
    async with open_house(tmp_path, World()) as house:
        view = await house.pending()
        outcome = await house.say(f"show P-{view.proposal.id[:4]}")
    assert outcome.proposal == view.proposal.id
    assert outcome.text.splitlines()[1:] == [
        "Roll checkout to v41",
        "job_run: job=rollback, version=v41",
    ]


@pytest.mark.parametrize(
    "text", ["show INC-9", "timeline INC-9", "postmortem INC-9", "show P-ZZZZ"]
)
async def test_what_is_not_there_is_said_to_be_not_there(tmp_path: Path, text: str) -> None:
    async with open_house(tmp_path, World()) as house:
        outcome = await house.say(text)
    assert outcome.kind == "unknown"
    assert outcome.text.lower().startswith("there is no")


async def test_g52_a_document_is_a_link_and_where_it_fits_the_text(tmp_path: Path) -> None:
    async with open_house(tmp_path, World()) as house:
        await house.alarm()
        timeline = await house.say(f"timeline {INC}")
        draft = await house.say(f"postmortem {INC}")
    link = f"http://b/incidents/{INC}"
    said, _, text = timeline.text.partition("\n\n")
    assert said == f"The timeline: {link} (to take away: {link}/timeline.md)"
    assert text.startswith("---\ndocument:")
    assert f"[12:00:00]({link}?before=201#e1) Alert: Incident opened" in text
    assert draft.text.startswith(
        f"The draft of the postmortem: {link}/postmortem (to take away: {link}/postmortem.md)"
    )
    assert len(draft.text) <= 2000
    assert {timeline.kind, draft.kind} == {"done"}


async def test_the_status_is_the_bots_own_word(tmp_path: Path) -> None:
    async with open_house(tmp_path, World()) as house:
        assert (await house.say("status")).text == "all is well"


@pytest.mark.parametrize(
    ("who", "text"),
    [
        ("web:dana", "You are dana (sre, admin), as web:dana."),
        ("web:mallory", "You are mallory (no group), as web:mallory."),
        ("web:x", "You are web:x; no person has that account."),
    ],
)
async def test_whoami_says_whom_the_bot_takes_you_for(tmp_path: Path, who: str, text: str) -> None:
    async with open_house(tmp_path, World()) as house:
        assert (await house.say("whoami", who)).text == text


async def test_looking_writes_nothing(tmp_path: Path) -> None:
    async with open_house(tmp_path, World()) as house:
        view = await house.pending()
        before = await house.store.log.changed()
        for text in ("list", f"show {INC}", f"show P-{view.proposal.id}", "status", "whoami"):
            assert (await house.say(text)).kind == "done"
        assert await house.store.log.changed() == before
