from datetime import datetime

from bot.app.replaying import replay_lines
from bot.app.showing import row_line
from bot.incident.facts_alerts import NoteAdded
from bot.ports import IncidentRow
from tests.bot.incident.making import T0, opened, received, thread

HIDDEN = "approved \u202eyb deined\x1b[31m"


def test_a20_replay_spells_out_what_a_terminal_would_obey() -> None:
    events = thread([opened(), received(), NoteAdded(person="dana", text=HIDDEN)])
    text = "\n".join(replay_lines(events, as_json=False))
    assert "\u202e" not in text
    assert "\x1b" not in text
    assert "U+202E" in text
    assert "next        Prefetch" in text


def test_a20_a_line_of_the_list_spells_it_out_too() -> None:
    at: datetime = T0
    row = IncidentRow("INC-1", 3, HIDDEN, "open", "high", "checkout", at, None, 1, 1)
    line = row_line(row)
    assert "\u202e" not in line
    assert "\x1b" not in line
    assert line.startswith("INC-1    open     high     checkout")
    assert line.endswith("1 to decide")


def test_replay_as_json_is_one_object_a_line() -> None:
    import json

    lines = [json.loads(line) for line in replay_lines(thread([opened()]), as_json=True)]
    assert lines[0]["type"] == "IncidentOpened"
    assert lines[1]["next"] == "Prefetch"
