"""The first steps of a text for humans."""

from pathlib import Path

import pytest

from bot.knowledge.prose import first_steps

RUNBOOKS = Path(__file__).parents[3] / "runbooks"

TEXTS = {
    "ordered": ("# T\n\nIntro.\n\n1. Look at `x`\n   again.\n2) Then y\n3. z\n4. q",
                ("Look at x again.", "Then y", "z")),
    "unordered": ("Do:\n\n- **one**\n- two\n\n1. three", ("one", "two")),
    "list right below its line": ("Do:\n* one\n* two", ("one", "two")),
    "prose": ("# T\n\nRestart it\nslowly.\n\nMore.", ("Restart it slowly.",)),
    "code": ("```\n- no\n```\n~~~\n1. no\n~~~\ntext", ("text",)),
    "nothing": ("# T\n", ()),
    "empty": ("", ()),
    "long": ("x" * 300, ("x" * 199 + "…",)),
}  # fmt: skip


@pytest.mark.parametrize("what", TEXTS)
def test_the_first_list_or_else_the_first_paragraph_is_what_comes_first(what: str) -> None:
    text, steps = TEXTS[what]
    assert first_steps(text) == steps


def test_every_runbook_about_ourselves_says_what_to_do_first() -> None:
    texts = [path.read_text() for path in RUNBOOKS.glob("triagebot-*.md")]
    assert texts
    for text in texts:
        assert all(first_steps(text.split("---", 2)[2]))
        assert first_steps(text.split("---", 2)[2])
