"""What a model says before it becomes a Step: no secret, no address, nothing unseen, bounded."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.agent.said import (
    ADDRESS,
    CLAIM_CHARS,
    FINDINGS_MOST,
    LINK_LEFT_OUT,
    SUMMARY_CHARS,
    said,
    wordless,
)
from bot.incident.model import Finding
from bot.incident.steps import AskHuman, Conclude, ProposeAction
from tests.bot.engine.making import look, want

HOSTS = frozenset({"wiki.example.test"})


def spoken(text: str) -> str:
    step = said(Conclude(summary=text), HOSTS)
    assert isinstance(step, Conclude)
    return step.summary


@pytest.mark.parametrize(
    ("text", "left"),
    [
        ("see https://evil.test/x?q=1 now", f"see {LINK_LEFT_OUT} now"),
        ("[click](http://evil.test)", f"[click]({LINK_LEFT_OUT})"),
        ("![i](https://evil.test/p.png)", f"![i]({LINK_LEFT_OUT})"),
        ("<https://evil.test|fine>", f"<{LINK_LEFT_OUT}|fine>"),
        ("www.evil.test", LINK_LEFT_OUT),
        ("//evil.test/x", LINK_LEFT_OUT),
        ("javascript:alert(1)", f"{LINK_LEFT_OUT})"),
        ("ht\u200btps://evil.test", LINK_LEFT_OUT),
        ("hthttp://a.testtps://b.test", LINK_LEFT_OUT),
        ("https://[bad", f"{LINK_LEFT_OUT}"),
        ("see https://wiki.example.test/a#b now", "see https://wiki.example.test/a#b now"),
        ("see https://WIKI.example.test/a", "see https://WIKI.example.test/a"),
        ("http://wiki.example.test/a", LINK_LEFT_OUT),
        ("https://u@wiki.example.test/a", LINK_LEFT_OUT),
        ("https://wiki.example.test.evil.test/", LINK_LEFT_OUT),
        ("1/2 of the pods, and/or v1.2:3", "1/2 of the pods, and/or v1.2:3"),
    ],
)
def test_f09_an_address_stays_only_when_its_host_is_allowed(text: str, left: str) -> None:
    assert spoken(text) == left


def test_f07_a_secret_that_a_model_says_goes_no_further() -> None:
    token = "ghp_" + "a1B2c3D4e5F6g7H8i9J0" + "k1L2m3N4o5P6q7R8"
    step = want().model_copy(
        update={"reason": f"token {token}", "findings": (Finding(claim=token, evidence=("e1",)),)}
    )
    text = said(step, HOSTS).model_dump_json()
    assert token not in text
    assert text.count("‹secret:") == 2


def test_what_nobody_sees_is_not_said() -> None:
    assert spoken("a\x00b\x1b[31mc\u202ed\u200be\nf\tg\u2028h\udfff") == "ab[31mcde f g h"


def test_every_word_is_bounded_and_arguments_are_not_touched() -> None:
    finding = Finding(claim="c" * 9999, evidence=("e1",))
    step = want().model_copy(update={"reason": "r" * 9999, "findings": (finding,) * 99})
    made = said(step, HOSTS)
    assert isinstance(made, ProposeAction)
    assert len(made.findings) == FINDINGS_MOST
    assert {len(one.claim) for one in made.findings} == {CLAIM_CHARS}
    assert made.reason.endswith("…")
    assert (made.tool, made.args, made.template) == (step.tool, step.args, step.template)
    assert len(spoken("s" * 9999)) == SUMMARY_CHARS
    assert said(look(), HOSTS) == look()


def test_a_question_keeps_its_options_once_each() -> None:
    options = ("roll back", "roll\nback", "\u200b", "wait")
    step = AskHuman(question="What?", answer="choice", options=options, default="wait")
    made = said(step, HOSTS)
    assert isinstance(made, AskHuman)
    assert (made.options, made.default) == (("roll back", "wait"), "wait")


def test_a_step_that_says_nothing_is_sent_back() -> None:
    silent = [
        want().model_copy(update={"reason": ""}),
        AskHuman(question=""),
        Conclude(summary=""),
    ]
    assert [wordless(step).partition(":")[0] for step in silent] == [
        "reason", "question", "summary"
    ]  # fmt: skip
    assert [wordless(step) for step in (want(), look())] == ["", ""]


@given(st.text(alphabet=st.sampled_from("htps:/w.evil@ \u200b\n()[]|x"), max_size=60))
def test_f09_no_address_is_left_however_it_was_pieced_together(text: str) -> None:
    made = spoken(text).replace(LINK_LEFT_OUT, " ")
    assert ADDRESS.search(made) is None
    assert spoken(spoken(text)) == spoken(text)
