"""The server's terminal: whole cards as plain text, a line for a change, nothing that acts."""

import io

import pytest

from bot.conversation.cards import draw
from bot.errors import RemoteError
from bot.incident.card import Chart, Control, Table, Text
from bot.shelf import ChannelDeclaration
from channels import CHANNELS
from channels.console import ConsoleChannel, console
from channels.console.text import render_text, visible
from tests.bot.conversation.situations import LOOK, asked_question, beginning, state_of
from tests.bot.incident.making import approved, decided, proposed
from tests.channels.contract import STORY, ChannelContract, ShowsCards, Subject, needs


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


class TestConsoleChannel(ChannelContract, ShowsCards):
    @pytest.fixture
    def subject(self) -> Subject:
        stream = io.StringIO()
        return Subject(ConsoleChannel(stream), stream.getvalue)


def test_the_shelf_holds_what_part_one_names() -> None:
    assert set(CHANNELS) >= {"web", "console"}
    assert all(isinstance(one, ChannelDeclaration) for one in CHANNELS.values())


def test_a_proposal_reads_like_this() -> None:
    asked = proposed()
    card = draw(state_of(*beginning(), asked), LOOK)[1]
    lines = render_text(card, "INC-1").split("\n")
    assert lines[0] == "== P-7F3KQ2AB Roll back checkout to v41 — waits for a decision [high]"
    assert "  Target           checkout" in lines
    assert f"  Hash             {asked.digest[:12]} (revision 1)" in lines
    assert "  Expires: 2026-01-05 03:30:10 UTC" in lines
    assert "  | params.version (text) = v41" in lines
    approve, reasoning = lines.index("  > triagebot approve P-7F3K"), "  Reasoning (not verified)"
    assert lines[approve + 1] == "  > triagebot deny P-7F3K REASON"
    assert lines[approve + 2] == "  > triagebot edit P-7F3K name=value"
    assert lines[approve + 3] == reasoning
    assert lines[-1].startswith("  triagebot 0.1.0 · INC-1 · seq 4 · ")


def test_a_question_says_what_to_type() -> None:
    card = draw(state_of(*beginning(), asked_question("yes_no")), LOOK)[1]
    text = render_text(card, "INC-1")
    assert "> triagebot answer INC-1 yes\n" in text
    assert "> triagebot answer INC-1 no\n" in text


async def test_a_change_is_one_line_and_the_same_state_is_none() -> None:
    stream = io.StringIO()
    channel, asked = ConsoleChannel(stream), proposed()
    before = draw(state_of(*beginning(), asked), LOOK)
    after = draw(state_of(*beginning(), asked, decided(asked), approved(asked)), LOOK)
    address = await channel.open("", before[0], "INC-1/root")
    posted = await channel.reply(address, before[1], "INC-1/proposal:7F3KQ2AB:1")
    printed = len(stream.getvalue())
    await channel.update(address, posted, before[1])
    await channel.update(address, "", before[0])
    assert stream.getvalue()[printed:] == ""
    await channel.update(address, posted, after[1])
    line = stream.getvalue()[printed:]
    assert line.count("\n") == 1
    assert "Approved by dana" in line


async def test_colours_only_where_somebody_can_see_them() -> None:
    plain, terminal = io.StringIO(), Terminal()
    await ConsoleChannel(plain).open("", STORY[0], "INC-1/root")
    await ConsoleChannel(terminal).open("", STORY[0], "INC-1/root")
    assert "\x1b" not in plain.getvalue()
    bold = terminal.getvalue()
    assert bold.startswith("\x1b[1m== ")
    assert bold.replace("\x1b[1m", "").replace("\x1b[0m", "") == plain.getvalue()


def test_tables_charts_and_odd_controls_are_text_too() -> None:
    cell, evil = Text(value="v42"), Text(value="a\x1bb", trust="outside")
    table = Table(headings=("version", "by"), rows=((cell, evil),))
    chart = Chart(title="Errors", evidence="e1", alt="from 0 to 14 %")
    details = Control(verb="details", label="Details", proposal="7F3KQ2AB")
    update: dict[str, object] = {"blocks": (table, chart), "controls": (details,), "footer": ""}
    text = render_text(STORY[0].model_copy(update=update))
    assert "  version | by\n  v42 | a⟨U+001B⟩b\n  Errors: from 0 to 14 %" in text
    assert "triagebot" not in text


def test_a_spelled_out_character_hides_nothing() -> None:
    assert visible("v4\u202e1\x1b[2K\n") == "v4⟨U+202E⟩1⟨U+001B⟩[2K⟨U+000A⟩"
    assert visible("two\nlines", lines=True) == "two\nlines"


async def test_a_terminal_that_went_away_is_a_refusal_not_a_crash() -> None:
    stream = io.StringIO()
    channel = ConsoleChannel(stream)
    stream.close()
    with pytest.raises(RemoteError, match="cannot write") as caught:
        await channel.open("", STORY[0], "INC-1/root")
    assert not caught.value.retryable


async def test_a_terminal_of_few_letters_gets_escapes() -> None:
    raw = io.BytesIO()
    stream = io.TextIOWrapper(raw, encoding="ascii", write_through=True)
    await ConsoleChannel(stream).tell("web:dana", "INC-1", "naïve ⟨x⟩")
    assert raw.getvalue() == b"to web:dana: na\\xefve \\u27e8x\\u27e9\n"
    stream.detach()


async def test_it_prints_where_it_is_told_to_or_is_left_out() -> None:
    stream = io.StringIO()
    async with console.open(needs(console=stream)) as opened:
        assert opened is not None
        await opened.tell("web:dana", "INC-1", "no")
    assert stream.getvalue() == "to web:dana: no\n"
    async with console.open(needs(console=None)) as opened:
        assert opened is None
