"""The scoreboard in words, the same on the page and in the terminal; no channel shows it."""

from collections.abc import Mapping, Sequence

from bot.incident.trust import JUDGED, LAST, OUTCOMES, Habit, Score, Scoreboard

NONE = "-"
LOOK = "worth a second look"


def share_words(share: float | None) -> str:
    """Return `93 %`, rounded down so that 100 % means all; `-` where there is nothing to share."""
    return NONE if share is None else f"{int(share * 100 + 1e-9)} %"


def wait_words(seconds: float | None) -> str:
    """Return `4 s`, `12 min` or `3 h`; `-` without a wait."""
    if seconds is None:
        return NONE
    if seconds < 120:
        return (
            f"{seconds:.0f} s" if seconds >= 10 or seconds == int(seconds) else f"{seconds:.1f} s"
        )
    return f"{seconds / 60:.0f} min" if seconds < 3600 else f"{seconds / 3600:.0f} h"


def count_words(counts: Mapping[str, int], names: Sequence[str] = OUTCOMES) -> str:
    """Return `approved 14 · denied 1`: what is not zero, in the order of a proposal's life."""
    found = [f"{name.replace('_', ' ')} {counts[name]}" for name in names if counts.get(name)]
    return " · ".join(found) or NONE


def score_words(score: Score) -> tuple[str, str, str, str, str, str]:
    """Return proposed, agreement, half decided within, nine in ten, under 3 s, what came of it."""
    return (
        str(score.counts["proposed"]),
        share_words(score.agreement),
        wait_words(score.decided_within_s(0.5)),
        wait_words(score.decided_within_s(0.9)),
        share_words(score.hasty),
        count_words(score.counts, OUTCOMES[1:]),
    )


def habit_words(name: str, habit: Habit) -> tuple[str, str, str, str, str]:
    """Return name, approvals, denials, share approved, and the median of the last verdicts."""
    verdicts = (str(habit.approvals), str(habit.denials), share_words(habit.ratio))
    return (name, *verdicts, wait_words(habit.median_s))


def judged_words(counts: Mapping[str, int]) -> str:
    """Return `right 3 · wrong 1 · unjudged 4`."""
    return count_words(counts, JUDGED)


def look_words(name: str, habit: Habit) -> str:
    """Return, kindly, why a person's last verdicts are worth a second look (E-44)."""
    return (
        f"The last {LAST} approvals of {name} are {LOOK}: half of them came within "
        f"{wait_words(habit.median_s)} of being asked, and hardly any was denied. Perhaps the "
        "questions come too often, or are too easy to need a person."
    )


def looks(board: Scoreboard) -> list[str]:
    """Return a sentence for each person whose verdicts are worth a second look."""
    return [look_words(name, board.persons[name]) for name in board.stamps]
