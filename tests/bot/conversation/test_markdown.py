"""Markdown in which text from outside shows exactly itself and does nothing, by a real reader."""

from collections.abc import Iterator

import pytest
import yaml
from hypothesis import example, given
from hypothesis import strategies as st
from markdown_it import MarkdownIt
from markdown_it.token import Token

from bot.conversation.legible import legible
from bot.conversation.markdown import code_span, paper_markdown, plain, quoted_yaml
from bot.conversation.paper import Bit, Bullets, Chapter, Gap, Paper, Passage, Subtitle, said
from bot.conversation.permalink import Permalinks, event_path, evidence_path, proposal_path
from bot.conversation.phrases import one_line

READERS = [MarkdownIt("commonmark"), MarkdownIt("gfm-like", {"linkify": False})]
HOSTILE = (
    "# a heading", "a\n# heading", "a\n===", "---", "***", "- item", "+ item", "1. item",
    "1) item", "> quote", "    code", "```sh\nrm\n```", "~~~", "| a | b |\n|---|---|\n| c | d |",
    "[click](https://evil.example)", "[click][x]\n\n[x]: https://evil.example",
    "![x](//evil.example)", "<https://evil.example>", "https://evil.example/x?a=b&c",
    "www.evil.example", "me@evil.example", "<script>alert(1)</script>", "<img src=x onerror=y>",
    "<!-- hidden -->", "&lt;b&gt;", "&#91;x", "*bold*", "**bold**", "_it_", "~~gone~~", "`code`",
    "``a`b``", "`", "\\", "\\`x`\\", "$x$", "{{x}}", "@channel", "<@U123>", "#123",
    "owner/repo#1", ":smile:", "4f2c11d07ab3e645", "a\u202eb\u200b", "\x00\x07", "\ttab",
    "title: x\n---\nadmin: true", '": x, "y', "[^1]: note", "a  \nb", "é ü 漢 🙂", "[a](b",
    "](https://evil.example)", "javascript:alert(1)", "x_y.z", "!", "![", "a|b", "<", "a<b>c",
)  # fmt: skip
texts = st.lists(st.sampled_from(HOSTILE) | st.text(max_size=12), max_size=5).map("".join)
PLACES = ("{}", "- {}", "# {}", "- before {} after", "- [{}](/incidents/INC-1)", "*{}*")


def inline(tokens: list[Token]) -> Iterator[Token]:
    for token in tokens:
        yield from token.children or ()


def shown(tokens: list[Token]) -> str:
    """What a reader's eye sees, of text and code alike."""
    return "".join(
        one.content if one.type in {"text", "code_inline", "text_special"} else ""
        for one in inline(tokens)
    )


def bones(tokens: list[Token]) -> list[str]:
    """Everything that is no text: blocks, links, emphasis, HTML; in order."""
    found = [token.type for token in tokens]
    plain_types = {"text", "code_inline", "text_special"}
    inside = [
        f"{one.type} {one.attrGet('href') or ''}"
        for one in inline(tokens)
        if one.type not in plain_types
    ]
    return [*found, *inside]


@pytest.mark.parametrize("reader", READERS, ids=["commonmark", "gfm"])
@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize("text", HOSTILE)
def test_g52_hostile_text_shows_itself_and_is_nothing_else(
    text: str, place: str, reader: MarkdownIt
) -> None:
    check(text, place, reader)


@given(texts, st.sampled_from(PLACES), st.sampled_from(READERS))
@example("a`b", "- {}", READERS[0])
def test_g52_any_text_shows_itself_and_is_nothing_else(
    text: str, place: str, reader: MarkdownIt
) -> None:
    check(text, place, reader)


def check(text: str, place: str, reader: MarkdownIt) -> None:
    made = plain(text)
    assert "<" not in made
    assert "\n" not in made
    found = reader.parse(place.format(made))
    seen = one_line(legible(text))
    if not seen:
        return
    assert bones(found) == bones(reader.parse(place.format("harmless")))
    assert shown(found) == shown(reader.parse(place.format("harmless"))).replace("harmless", seen)


@given(texts)
def test_g52_code_shows_itself(text: str) -> None:
    seen = one_line(legible(text))
    made = code_span(text)
    assert "<" not in made
    assert bool(made) == bool(seen)
    if made:
        found = READERS[0].parse(f"- x {made} y")
        assert shown(found) == f"x {seen} y"


@given(texts | st.text())
@example("\ud800")
@example("\ufffe\uffff\x85\u2028")
def test_g52_front_matter_gives_back_the_text_and_is_inert_as_markdown(text: str) -> None:
    made = quoted_yaml(text)
    if text.encode(errors="ignore").decode() == text:
        assert yaml.safe_load(f"title: {made}") == {"title": text}
    whole = f"title: {made}"
    made.encode()
    for reader in READERS:
        found = reader.parse(whole)
        assert bones(found) == bones(reader.parse("title: harmless"))
        assert "://" not in whole
        assert "<" not in whole


def test_g52_a_paper_is_drawn_part_by_part() -> None:
    when = Passage((Bit("At "), Bit("12:00", "/e/9f2c11d07ab3e645"), Bit(" "), said("*x*")))
    parts = (when, Subtitle((Bit("Sub"),)), Bullets(((Bit("a"),), (Bit("b"),))), Gap("why?"))
    paper = Paper("INC-1", (Bit("T"),), (("a", None), ("b", ("x", "y"))), (Chapter("One", parts),))
    assert paper_markdown(paper, Permalinks("https://bot.example/a(b)")) == (
        '---\na: null\nb: ["x", "y"]\n---\n\n# T\n\n## One\n\n'
        "At [12:00](https://bot.example/a%28b%29/e/9f2c11d07ab3e645) \\*x\\*\n\n"
        "### Sub\n\n- a\n- b\n\n*For people to write: why?*\n"
    )


def test_g52_two_pieces_of_code_side_by_side_stay_two() -> None:
    row = (Bit("a_b", code=True), Bit("c_d", code=True))
    paper = Paper("INC-1", (Bit("T"),), (), (Chapter("One", (Passage(row),)),))
    assert "`a_b` `c_d`" in paper_markdown(paper, Permalinks())


def test_g52_a_permalink_leads_to_the_page_that_holds_the_event_for_good() -> None:
    assert event_path("INC-1", 1) == "/incidents/INC-1?before=201#e1"
    assert event_path("INC-1", 200) == "/incidents/INC-1?before=201#e200"
    assert event_path("INC-1", 201) == "/incidents/INC-1?before=401#e201"


@pytest.mark.parametrize("name", ["", "../x", "9F2C11D07AB3E645", "javascript:x", "a" * 17])
def test_g52_what_is_no_id_leads_nowhere(name: str) -> None:
    assert (evidence_path(name), proposal_path(name)) == ("", "")
