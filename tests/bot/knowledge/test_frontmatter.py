import pytest

from bot.errors import ConfigError
from bot.knowledge.frontmatter import Split, heading, split


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("# A\n", Split(None, "# A\n")),
        ("", Split(None, "")),
        ("---\na: 1\n---\n# A\n", Split("a: 1\n", "# A\n")),
        ("---\r\na: 1\r\n---\r\n# A", Split("a: 1\r\n", "# A")),
        ("\ufeff---\na: 1\n...\nb", Split("a: 1\n", "b")),
        ("---\n---\nb", Split("", "b")),
        ("text\n---\na: 1\n---\n", Split(None, "text\n---\na: 1\n---\n")),
    ],
)
def test_the_text_is_split_at_the_rules(text: str, parts: Split) -> None:
    assert split("r.md", text) == parts


def test_front_matter_without_an_end_is_refused() -> None:
    with pytest.raises(ConfigError, match=r"r\.md line 1: .* never closed; add a line ---"):
        split("r.md", "---\na: 1\n")


@pytest.mark.parametrize(
    ("body", "title"),
    [
        ("# Disk full\ntext", "Disk full"),
        ("text\n\n## `Disk`  *full* ##\n", "Disk full"),
        ("```\n# a comment\n```\n# Title", "Title"),
        ("~~~sh\n# a comment\n~~~\n# Title", "Title"),
        ("Title\n=====\n", "Title"),
        ("Title\n---\n# Other", "Title"),
        ("- item\n---\n# Title", "Title"),
        ("#hashtag\n", ""),
        ("plain text", ""),
        ("```\n# never closed", ""),
    ],
)
def test_the_first_heading_is_found_outside_code(body: str, title: str) -> None:
    assert heading(body) == title
