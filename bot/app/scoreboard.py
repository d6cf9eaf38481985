"""The scoreboard as lines of a terminal, and as JSON for whoever counts on."""

from collections.abc import Iterable, Mapping, Sequence

from pydantic import JsonValue

from bot.conversation.scoring import habit_words, judged_words, looks, score_words
from bot.incident.trust import JUDGED, OUTCOMES, STEPS, Habit, Score, Scoreboard
from channels.console.text import visible

SCORE = ("proposed", "agree", "half in", "9 of 10", "under 3 s", "what came of them")
WIDTHS = (9, 8, 9, 9, 10, 0)


def scoreboard_lines(board: Scoreboard, weeks: int) -> list[str]:
    """Return the scoreboard for a human, newest week first; unseen characters are spelled out."""
    if not (board.actions or board.channels or board.conclusions):
        return [f"Nothing was proposed or concluded in the last {weeks} weeks."]
    by_week = [(str(week.monday), week.score) for week in reversed(board.weeks)]
    lines = [*_table("action", board.actions.items()), ""]
    lines += [*_table("channel", board.channels.items()), ""]
    lines += [*_persons(board), ""]
    lines += [*_table("week from", by_week), ""]
    lines.append(f"conclusions  {judged_words(board.conclusions)}")
    lines += [f"steps        {_steps(board.steps)}"] if board.steps else []
    lines += ["", *looks(board)] if board.stamps else []
    return [visible(line) for line in lines]


def scoreboard_json(board: Scoreboard) -> dict[str, JsonValue]:
    """Return every number; shares are 0 to 1, times seconds, both null where there is nothing."""
    return {
        "total": _numbers(board.total),
        "actions": {name: _numbers(score) for name, score in board.actions.items()},
        "channels": {name: _numbers(score) for name, score in board.channels.items()},
        "persons": {name: _habit(habit) for name, habit in board.persons.items()},
        "weeks": [
            {
                "week": week.name,
                "monday": week.monday.isoformat(),
                **_numbers(week.score),
                "conclusions": _counts(week.conclusions, JUDGED),
            }
            for week in board.weeks
        ],
        "conclusions": _counts(board.conclusions, JUDGED),
        "steps": _counts(board.steps, STEPS),
    }


def _steps(steps: Mapping[str, int]) -> str:
    """Return how far the model and the planner agree, and how often the planner stood in."""
    agreed, fallback = steps.get("agreed", 0), steps.get("fallback", 0)
    compared = agreed + steps.get("differed", 0)
    stood_in = f"; the planner chose {fallback} for a model that could not" if fallback else ""
    return f"{agreed} of the model's {compared} are what the planner would have chosen{stood_in}"


def _table(first: str, rows: Iterable[tuple[str, Score]]) -> list[str]:
    said = [(name, score_words(score)) for name, score in rows]
    width = max([len(first), *(len(name) for name, _ in said)])
    lines = [_line(first, width, SCORE)]
    return lines + [_line(name, width, words) for name, words in said]


def _line(first: str, width: int, words: Sequence[str]) -> str:
    cells = (f"{word:>{room}}" if room else word for word, room in zip(words, WIDTHS, strict=True))
    return f"{first:<{width}} {'  '.join(cells)}".rstrip()


def _persons(board: Scoreboard) -> list[str]:
    said = [habit_words(name, habit) for name, habit in board.persons.items()]
    width = max([len("person"), *(len(name) for name, *_ in said)])
    lines = [f"{'person':<{width}}  approved  denied  share  half of the last 20 within"]
    for name, approved, denied, share, median in said:
        lines.append(f"{name:<{width}}  {approved:>8}  {denied:>6}  {share:>5}  {median}")
    return lines


def _numbers(score: Score) -> dict[str, JsonValue]:
    return {
        **_counts(score.counts, OUTCOMES),
        "agreement": score.agreement,
        "decided_p50_s": score.decided_within_s(0.5),
        "decided_p90_s": score.decided_within_s(0.9),
        "approved_in_under_3_s": score.hasty,
    }


def _habit(habit: Habit) -> dict[str, JsonValue]:
    return {
        "approvals": habit.approvals,
        "denials": habit.denials,
        "ratio": habit.ratio,
        "median_s": habit.median_s,
        "worth_a_second_look": habit.worth_a_look,
    }


def _counts(counts: Mapping[str, int], names: Sequence[str]) -> dict[str, JsonValue]:
    return {name: counts.get(name, 0) for name in names}
