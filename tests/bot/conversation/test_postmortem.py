"""The timeline and the postmortem draft: byte for byte, blameless, a model's words marked."""

import re
from collections.abc import Callable
from datetime import timedelta, timezone
from pathlib import Path

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from bot.conversation.permalink import Permalinks
from bot.conversation.postmortem import MOMENTS, postmortem_markdown, timeline_markdown
from bot.incident import facts_action, facts_alerts, facts_run
from bot.incident.events import Event
from bot.incident.fact import Fact
from tests.bot.incident.making import alert, opened, received, thread
from tests.bot.incident.test_reducer import ONE_OF_EACH, SETTLED
from tests.bot.web import stories

GOLDEN = Path(__file__).parent / "golden"
LINKS = Permalinks("https://bot.example", "ab" * 32)
BY = "openai:gpt-test"
DRAFT = facts_run.DraftWritten(
    summary="Checkout answered with errors until v41 was back.",
    contributing=("v42 went to every replica at once.",),
    follow_ups=("Roll out to one replica first.",),
    by=BY,
)
REFUSED = facts_action.DecisionRefused(
    proposal=stories.PROPOSAL, digest="d", actor="web:mallory", why="not in group:sre",
    payload_digest="",
)  # fmt: skip
BLAME = re.compile(
    r"fail(?:ed|s|ure)? to|should have|forgot|neglect|at fault|blame|careless", re.IGNORECASE
)


def story() -> list[Event]:
    """One of everything a postmortem tells: a refusal, an approval, a check, an end."""
    events = stories.approved()
    extra = (facts_alerts.IncidentAcked(person="dana"), REFUSED)
    middle = [Event("INC-6", 0, stories.at(60), "web:dana", fact) for fact in extra]
    return numbered([*events[:10], *middle, *events[10:]])


def numbered(events: list[Event]) -> list[Event]:
    return [Event(one.stream, n, one.at, one.actor, one.body) for n, one in enumerate(events, 1)]


def drafted() -> list[Event]:
    events = story()
    draft = Event("INC-6", 0, events[-1].at, "bot:scribe", DRAFT)
    return numbered([*events[:-1], draft, events[-1]])


def front(text: str) -> dict[str, object]:
    found: dict[str, object] = yaml.safe_load(text.split("---\n")[1])
    return found


def section(text: str, title: str) -> str:
    return text.partition(f"\n## {title}\n")[2].partition("\n## ")[0].strip()


@pytest.mark.parametrize("name", ["postmortem", "timeline", "drafted"])
def test_g52_the_documents_are_these_bytes(name: str) -> None:
    made = {
        "postmortem": postmortem_markdown(story(), LINKS),
        "timeline": timeline_markdown(story(), LINKS),
        "drafted": postmortem_markdown(drafted(), LINKS),
    }[name]
    assert made == GOLDEN.joinpath(f"{name}.md").read_text()


def test_g52_front_matter_has_times_and_durations_in_utc() -> None:
    found = front(postmortem_markdown(story(), LINKS))
    assert (found["incident"], found["draft"], found["severity"]) == ("INC-6", True, "critical")
    assert found["title"] == "checkout: 14.2 % of requests fail"
    assert found["durations_s"] == {"detect": 95, "ack": 60, "mitigate": 144, "resolve": 171}
    assert found["log"] == {"events": 22, "head": "ab" * 32}
    times = ("began_at", "opened_at", "acked_at", "mitigated_at", "resolved_at", "closed_at")
    seen = [found[name] for name in times]
    assert seen == sorted(seen, key=str)


def test_g52_every_line_of_the_timeline_has_a_permalink_in_order() -> None:
    text = timeline_markdown(story(), LINKS)
    rows = [line for line in text.splitlines() if line.startswith("- ")]
    places = [re.search(r"\]\(https://bot\.example/incidents/INC-6\?before=201#e(\d+)\)", row)
              for row in rows]  # fmt: skip
    numbers = [int(place[1]) for place in places if place is not None]
    assert len(numbers) == len(rows) > 10
    assert numbers == sorted(numbers)


def test_g52_links_are_relative_where_nobody_said_where_the_bot_is() -> None:
    text = postmortem_markdown(story(), Permalinks())
    assert "](/incidents/INC-6?before=201#e1)" in text
    assert "](/e/9f2c11d07ab3e645)" in text
    assert "://" not in text
    assert front(text)["log"] == {"events": 22, "head": None}


def test_g52_an_action_names_its_digests_approvers_checks_and_undo() -> None:
    done = section(postmortem_markdown(story(), LINKS), "What was done")
    asked = next(e.body for e in story() if isinstance(e.body, facts_action.ActionProposed))
    assert f"`{asked.digest[:12]}`" in done
    assert f"`{asked.action_digest[:12]}`" in done
    assert "dana approved it at 2026-03-03 14:03:31 UTC through web; rule `rollbacks`" in done
    assert "Check 1 passed at 2026-03-03 14:04:35 UTC" in done
    assert "Undo: Roll forward to v42 (possible, not done)" in done
    assert "`params.version`: `v41`" in done


def test_g52_decisions_that_were_refused_are_told_without_blame() -> None:
    told = section(postmortem_markdown(story(), LINKS), "Decisions that were not accepted")
    assert "a decision by `web:mallory` on" in told
    assert "was not accepted: not in" in told
    many = [opened(), *[REFUSED] * 30]
    told = section(postmortem_markdown(thread(many), LINKS), "Decisions that were not accepted")
    assert told.splitlines()[-1] == "- and 10 more, in the timeline"


def test_g52_what_only_people_know_is_left_to_them() -> None:
    text = postmortem_markdown(story(), LINKS)
    for title in ("Contributing factors", "What went well", "Where we were lucky"):
        lines = section(text, title).splitlines()
        assert len(lines) == 1
        assert lines[0].startswith("*For people to write: ")


def test_g52_a_models_words_are_marked_each_and_nothing_else_changes() -> None:
    without = postmortem_markdown(story(), LINKS)
    text = postmortem_markdown(drafted(), LINKS)
    mark = f"Written by the model `{BY}`, not confirmed by anybody: "
    said = (DRAFT.summary, *DRAFT.contributing, *DRAFT.follow_ups)
    assert text.count(mark) == len(said)
    for words in said:
        assert f"{mark}{words}" in text
    assert BY not in without
    new = [line for line in text.splitlines() if line not in without.splitlines()]
    rest = [line for line in new if BY not in line and "#e23" not in line]
    assert rest == ['  drafted_by: ["openai\\x3agpt-test"]', "  events: 23"]


def test_g52_what_a_model_concluded_is_marked() -> None:
    ended = facts_run.ConclusionReached(summary="v42 broke it", findings=(), by=BY)
    text = postmortem_markdown(thread([opened(), received(), ended]), LINKS)
    assert f"Conclusion (by `{BY}`; not verified): v42 broke it" in text
    assert f"Concluded by `{BY}` (not confirmed): v42 broke it" in section(text, "Summary")


def test_g52_no_sentence_of_ours_blames() -> None:
    text = postmortem_markdown(thread(ONE_OF_EACH), LINKS)
    assert BLAME.findall(text) == []
    for name in ("postmortem.md", "timeline.md"):
        assert BLAME.findall(GOLDEN.joinpath(name).read_text()) == []


def test_g52_repetition_is_counted_and_a_long_timeline_ends_with_where_the_rest_is() -> None:
    same: list[Fact] = [opened(), *[received(alert())] * 50]
    text = timeline_markdown(thread(same), LINKS)
    assert "(49 more times until " in text
    notes: list[Fact] = [facts_alerts.NoteAdded(person="d", text=f"n{n}") for n in range(MOMENTS)]
    long = thread([opened(), *notes])
    assert "1 more line: the timeline itself has them." in postmortem_markdown(long, LINKS)
    assert "more line" not in timeline_markdown(long, LINKS)


def test_g52_an_open_incident_says_that_it_is_not_over() -> None:
    text = postmortem_markdown(stories.bad_deploy(), LINKS)
    assert "The incident is open: this draft says what is known so far." in text
    assert "Resolved: not recorded" in text


def test_g52_no_incident_no_document() -> None:
    with pytest.raises(ValueError, match="open no incident"):
        timeline_markdown([], LINKS)


facts = st.lists(st.sampled_from(ONE_OF_EACH), max_size=25)


@given(facts)
def test_g52_any_thread_gives_the_same_bytes_twice_with_the_same_bones(more: list[Fact]) -> None:
    events = thread([*SETTLED, *more])
    text = postmortem_markdown(events, LINKS)
    assert text == postmortem_markdown(list(events), LINKS)
    assert timeline_markdown(events, LINKS) == timeline_markdown(list(events), LINKS)
    titles = re.findall(r"^## .*$", text, re.MULTILINE)
    assert titles == re.findall(r"^## .*$", postmortem_markdown(story(), LINKS), re.MULTILINE)
    assert front(text)["incident"] == "INC-1"


@pytest.mark.parametrize("preset", ["commonmark", "gfm-like"])
@pytest.mark.parametrize("make", [timeline_markdown, postmortem_markdown])
def test_g52_hostile_words_add_no_heading_link_image_table_html_or_key(
    preset: str, make: Callable[[list[Event], Permalinks], str]
) -> None:
    text = make(stories.hostile(), LINKS)
    assert "<" not in text
    assert set(front(text)) == set(front(make(story(), LINKS)))
    found = MarkdownIt(preset, {"linkify": False}).parse(text)
    inside = [child for token in found for child in token.children or ()]
    assert {token.type for token in found} & {"html_block", "table_open", "fence"} == set()
    assert {one.type for one in inside} & {"html_inline", "image"} == set()
    hrefs = [str(one.attrGet("href")) for one in inside if one.type == "link_open"]
    assert hrefs
    assert all(href.startswith("https://bot.example/") for href in hrefs)


def test_g52_times_are_utc_whatever_the_zone_of_the_machine() -> None:
    zone = timezone(timedelta(hours=2))
    there = [Event(one.stream, one.seq, one.at.astimezone(zone), one.actor, one.body)
             for one in story()]  # fmt: skip
    assert postmortem_markdown(there, LINKS) == postmortem_markdown(story(), LINKS)
