from dataclasses import replace

import pytest

from bot.conversation.root_card import draw_root
from bot.conversation.storm import OPENED, WAITING, Storm, queue_words
from tests.bot.conversation.situations import LOOK, beginning, concluded, facts_shown, state_of


def test_a_storm_is_said_with_its_numbers() -> None:
    assert Storm(opened=50, investigating=8, waiting=37).line == (
        "Storm: 50 incidents in 5 minutes, 8 being investigated, 37 waiting"
    )


def test_more_than_were_counted_is_said_so() -> None:
    assert Storm(opened=200, most=200).line.startswith("Storm: 200 or more incidents")


@pytest.mark.parametrize(
    ("opened", "waiting", "storms"),
    [
        (0, 0, False),
        (OPENED - 1, WAITING - 1, False),
        (OPENED, 0, True),
        (0, WAITING, True),
    ],
)
def test_it_storms_when_many_open_or_many_wait(opened: int, waiting: int, storms: bool) -> None:
    assert bool(Storm(opened=opened, waiting=waiting).line) is storms


@pytest.mark.parametrize(
    ("ahead", "words"),
    [
        (0, "it is next"),
        (1, "1 is ahead of it; critical ones go first"),
        (4, "4 are ahead of it"),
        (9, "about 5 are ahead of it"),
        (12, "about 10 are ahead of it"),
        (99_999, "about 5000 are ahead of it"),
    ],
)
def test_a_place_in_the_queue_in_words(ahead: int, words: str) -> None:
    assert words in queue_words(ahead)


def test_a_long_queue_that_empties_changes_few_cards_words() -> None:
    assert len({queue_words(ahead) for ahead in range(1000)}) < 15


def test_the_card_of_a_queued_incident_says_what_it_waits_for() -> None:
    look = replace(LOOK, queued=queue_words(12))
    shown = facts_shown(draw_root(state_of(*beginning()), look))
    assert shown["Investigation"] == (
        "waiting to be investigated: about 10 are ahead of it; critical ones go first"
    )


def test_a_finished_investigation_does_not_wait() -> None:
    look = replace(LOOK, queued=queue_words(12))
    shown = facts_shown(draw_root(state_of(*beginning(), concluded()), look))
    assert shown["Investigation"].startswith("finished")
