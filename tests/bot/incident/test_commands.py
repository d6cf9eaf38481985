from contextlib import suppress
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.errors import InputError
from bot.incident.commands import BY_NAME, DIGEST, WORDS, Command, help_text, parse

GOOD: list[tuple[str, Command]] = [
    ("help", Command("help")),
    ("  HELP  ", Command("help")),
    ("status", Command("status")),
    ("whoami", Command("whoami")),
    ("stepup reset dana", Command("stepup", value="dana")),
    ("link", Command("link")),
    ("list", Command("list", value="open")),
    ("list Resolved", Command("list", value="resolved")),
    ("show INC-12", Command("show", incident="INC-12")),
    ("show inc012", Command("show", incident="INC-12")),
    ("show p-7f3k", Command("show", proposal="7F3K")),
    ("start checkout it is slow", Command("start", value="checkout", text="it is slow")),
    ('start checkout "it is  slow"', Command("start", value="checkout", text="it is  slow")),
    ('start checkout "don\'t know"', Command("start", value="checkout", text="don't know")),
    ("start checkout 'don't know", Command("start", value="checkout", text="'don't know")),
    ('start checkout "a" or "b"', Command("start", value="checkout", text='"a" or "b"')),
    ("start checkout \u201cslow\u201d", Command("start", value="checkout", text="slow")),
    ("approve P-7F3K", Command("approve", proposal="7F3K")),
    ("approve 7f3kq2ab", Command("approve", proposal="7F3KQ2AB")),
    ("approve\tP-7F3K\n", Command("approve", proposal="7F3K")),
    ("deny P-7F3K not now", Command("deny", proposal="7F3K", text="not now")),
    ('deny P-7F3K "not now"', Command("deny", proposal="7F3K", text="not now")),
    ("undo P-7F3K", Command("undo", proposal="7F3K")),
    ("renew P-7F3K", Command("renew", proposal="7F3K")),
    (
        "reconcile P-7F3K worked I saw v41",
        Command("reconcile", proposal="7F3K", value="worked", text="I saw v41"),
    ),
    (
        "reconcile P-7F3K FAILED still v42",
        Command("reconcile", proposal="7F3K", value="failed", text="still v42"),
    ),
    ("answer INC-1 yes", Command("answer", incident="INC-1", text="yes")),
    ("note INC-1\nfirst\nsecond", Command("note", incident="INC-1", text="first\nsecond")),
    ("ask INC-1 why?", Command("ask", incident="INC-1", text="why?")),
    (
        'silence INC-1 2h "too loud"',
        Command("silence", incident="INC-1", span=timedelta(hours=2), text="too loud"),
    ),
    (
        "silence INC-1 30M loud",
        Command("silence", incident="INC-1", span=timedelta(minutes=30), text="loud"),
    ),
    ("severity INC-1 sev2", Command("severity", incident="INC-1", value="high")),
    ("severity INC-1 Critical", Command("severity", incident="INC-1", value="critical")),
    ("severity INC-1 SEV5", Command("severity", incident="INC-1", value="unknown")),
    ("judge INC-1 right", Command("judge", incident="INC-1", value="right")),
    (
        "judge INC-1 partly the cause was DNS",
        Command("judge", incident="INC-1", value="partly", text="the cause was DNS"),
    ),
    ("edit P-7F3K version=v40", Command("edit", proposal="7F3K", text="version=v40")),
    ("judge INC-1 not_an_incident", Command("judge", incident="INC-1", value="not_an_incident")),
    ("close INC-1", Command("close", incident="INC-1")),
    ("close INC-1 false alarm", Command("close", incident="INC-1", text="false alarm")),
    ("merge INC-2 INC-1", Command("merge", incident="INC-2", value="INC-1")),
    ("pause", Command("pause")),
    ("pause INC-1", Command("pause", incident="INC-1")),
    ("resume", Command("resume")),
    ("resume INC-1", Command("resume", incident="INC-1")),
    ("timeline INC-1", Command("timeline", incident="INC-1")),
    ("ack INC-1", Command("ack", incident="INC-1")),
    ("snooze INC-1 30m", Command("snooze", incident="INC-1", span=timedelta(minutes=30))),
    ("escalate INC-1", Command("escalate", incident="INC-1")),
    ("escalate INC-1 no idea", Command("escalate", incident="INC-1", text="no idea")),
    ("handoff INC-1 eve", Command("handoff", incident="INC-1", value="eve")),
    (
        "handoff INC-1 @eve it is the database",
        Command("handoff", incident="INC-1", value="eve", text="it is the database"),
    ),
    ("postmortem INC-1", Command("postmortem", incident="INC-1")),
]
BAD = [
    ("", "I do not know the word ''; try: help"),
    ("aprove P-7F3K", "I do not know the word 'aprove'"),
    ("approve", "which proposal?; write: approve P-7F3K"),
    ("approve P-7F3K but only 2", "an approval has no conditions"),
    ("approve P-7F3K\nbut only 2", "an approval has no conditions"),
    ("approve P-7F3K, but only 2", "is no proposal"),
    ("approve P-7F3", "is no proposal"),
    ("approve P-7F3KQ2ABX", "is no proposal"),
    ("approve P-7F3I", "is no proposal"),
    ("approve INC-1", "is no proposal"),
    ("approve all", "is no proposal"),
    ("deny P-7F3K", "a reason of at least 5 characters"),
    ("deny P-7F3K no", "a reason of at least 5 characters"),
    ("edit P-7F3K", "some text is needed; write: edit P-7F3K name=value"),
    ("reconcile P-7F3K", "did it work?"),
    ("reconcile P-7F3K maybe so", "one of worked, failed is needed"),
    ("reconcile P-7F3K worked", "some text is needed"),
    ("show", "which incident or proposal?"),
    ("show everything", "is no proposal"),
    ("list mine", "one of open, resolved, closed is needed"),
    ("start", "which service?"),
    ("start checkout", "some text is needed"),
    ('start checkout ""', "some text is needed"),
    ("answer", "which incident?"),
    ("answer INC-1", "some text is needed"),
    ("note INC-x hello", "'INC-x' is no incident"),
    ("silence INC-1", "for how long?"),
    ("silence INC-1 2", "a duration such as 30m"),
    ("silence INC-1 2w why", "a duration such as 30m"),
    ("silence INC-1 2h", "some text is needed"),
    ("severity INC-1", "one of critical, high"),
    ("severity INC-1 sev9", "or sev1 to sev5"),
    ("judge INC-1", "how was it?"),
    ("judge INC-1 fine", "one of right, wrong"),
    ("merge INC-1", "which incident?"),
    ("merge INC-1 INC-x", "is no incident"),
    ("pause everything", "is no incident"),
    ("timeline", "which incident?"),
]


@pytest.mark.parametrize(("text", "command"), GOOD)
def test_a28_every_word_is_read(text: str, command: Command) -> None:
    assert parse(text) == command


@pytest.mark.parametrize(("text", "why"), BAD)
def test_a28_what_is_wrong_is_said_with_the_right_shape(text: str, why: str) -> None:
    with pytest.raises(InputError) as error:
        parse(text)
    assert why in str(error.value)


def test_every_word_is_tried_above_and_has_a_usage_and_a_meaning() -> None:
    assert {command.word for _, command in GOOD} == set(BY_NAME)
    assert all(word.usage.split()[0] == word.name and word.does for word in WORDS)


def test_every_usage_is_a_command_that_parses() -> None:
    for word in WORDS:
        for usage in word.usage.split(" | "):
            text = usage.replace("[", "").replace("]", "").replace("|", " ")
            for name, example in (("PERSON", "eve"), ("SERVICE", "checkout")):
                text = text.replace(name, example)
            assert parse(_first_choice(text)).word == word.name


def _first_choice(text: str) -> str:
    for choice, first in (
        ("open resolved closed", "open"),
        ("worked failed", "worked"),
        ("right wrong partly not_an_incident", "right"),
    ):
        text = text.replace(choice, first)
    return text


def test_help_has_a_line_for_every_word_and_promises_none_that_is_missing() -> None:
    lines = help_text().splitlines()
    assert len(lines) == len(WORDS)
    assert [line for line in lines if "not in this version" in line] == []


words = st.sampled_from(sorted(BY_NAME))
parts = st.sampled_from(["INC-1", "P-7F3K", "2h", "worked", '"', "'", "right", "sev1", "\0", "x"])


@given(st.text() | st.builds(" ".join, st.lists(parts | words | st.text(), max_size=6)))
def test_any_text_is_a_command_or_an_input_error(text: str) -> None:
    with suppress(InputError):
        assert parse(text).word in BY_NAME


@given(words, st.text())
def test_any_rest_after_a_word_is_a_command_or_an_input_error(word: str, rest: str) -> None:
    with suppress(InputError):
        assert parse(f"{word} {rest}").word == word


@given(st.text(min_size=1).filter(lambda text: text.strip() and not DIGEST.fullmatch(text.strip())))
def test_nothing_may_follow_an_approval(condition: str) -> None:
    with pytest.raises(InputError):
        parse(f"approve P-7F3K {condition}")
