"""Addresses on a card: ours always, others' only when their host is allowed."""

import pytest

from bot.conversation.look import Look, correlation_of
from tests.bot.conversation.situations import beginning, state_of

LOOK = Look(base_url="https://bot.example", hosts=frozenset({"ci.example"}))


@pytest.mark.parametrize(
    "url",
    [
        "https://evil.example/",
        "https://ci.example@evil.example/",
        "https://dana@ci.example/",
        "javascript:alert(1)//ci.example",
        "//ci.example/x",
        "https://[broken",
        "ci.example",
        "",
    ],
)
def test_d10_an_address_from_outside_is_not_clickable(url: str) -> None:
    assert LOOK.outside(url, "open") == ()


def test_d10_an_allowed_host_is() -> None:
    assert [link.url for link in LOOK.outside("https://ci.example/7", "open")] == [
        "https://ci.example/7"
    ]


def test_evidence_is_linked_once_and_only_by_an_id() -> None:
    urls = [link.url for link in LOOK.evidence(("ab12", "ab12", "", "../x", "cd34"))]
    assert urls == ["https://bot.example/e/ab12", "https://bot.example/e/cd34"]


def test_g12_the_correlation_id_belongs_to_the_incident() -> None:
    first, later = state_of(*beginning()[:1]), state_of(*beginning())
    assert correlation_of(first) == correlation_of(later)
    later.stream = "INC-2"
    assert correlation_of(first) != correlation_of(later)
