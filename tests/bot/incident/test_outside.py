"""Text from outside is bounded, has an origin, and is cut in the same place each time (F-03)."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.incident.context import Answered, Context, Proposed, Remark, Result
from bot.incident.model import Alert, Link, Observation, Runbook
from bot.incident.outside import (
    FIELD_BYTES,
    RUNBOOK_BYTES,
    TOTAL_BYTES,
    bounded,
    cut,
    outside,
)
from tests.bot.incident.making import alert

LONG = "ü" * FIELD_BYTES


def result(tool: str = "http_probe", summary: str = "", **facts: str | int) -> Result:
    seen = tuple(Observation(name=name, value=value) for name, value in facts.items())
    return Result("state", tool, {}, "e" * 16, summary, seen)


def context(**changed: object) -> Context:
    made = Context(
        incident="INC-1",
        title="CheckoutErrorRateHigh",
        severity="critical",
        alerts=(alert(),),
        service=None,
        runbook=None,
        results=(),
        proposed=(),
        answers=(),
        messages=(),
        inventory={},
        extra={},
    )
    return replace(made, **changed)  # pyright: ignore[reportArgumentType]


@given(text=st.text(max_size=200), limit=st.integers(min_value=0, max_value=300))
def test_f03_a_cut_fits_says_so_and_is_the_same_each_time(text: str, limit: int) -> None:
    made = cut(text, limit)
    assert made == cut(text, limit)
    assert len(made.encode()) <= limit
    if len(text.encode()) <= limit:
        assert made == text
    else:
        assert not made or made.endswith(f"… [cut, {len(text.encode())} bytes in all]")


@pytest.mark.parametrize(
    ("long", "origin"),
    [
        (context(messages=(Remark("dana", LONG),)), "human.message"),
        (context(title=LONG), "incident.title"),
        (context(results=(result(summary=LONG),)), "tool.http_probe"),
        (context(results=(replace(result(), error=LONG),)), "tool.http_probe.error"),
        (context(proposed=(Proposed("t", "job_run", {}, "denied", LONG),)), "human.reason"),
        (context(alerts=(alert().model_copy(update={"title": LONG}),)), "alert.title"),
        (
            context(alerts=(alert().model_copy(update={"annotations": {"summary": LONG}}),)),
            "alert.annotation.summary",
        ),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_f03_prose_is_cut_with_a_marker(long: Context, origin: str) -> None:
    made = bounded(long)
    (piece,) = [one for one in outside(long) if "[cut, 4096 bytes in all]" in one.text]
    assert piece.origin == origin
    assert len(piece.text.encode()) <= FIELD_BYTES
    assert made.cuts == (origin,)
    assert repr(piece.text) in repr(made)


@pytest.mark.parametrize(
    ("long", "origin"),
    [
        (context(alerts=(alert(version=LONG),)), "alert.label.version"),
        (context(results=(result(version=LONG),)), "tool.http_probe.version"),
        (context(answers=(Answered("Which?", LONG),)), "human.answer"),
        (
            context(
                alerts=(alert().model_copy(update={"links": (Link(title="x", url=LONG),)}),),
            ),
            "alert.link",
        ),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_f03_a_value_that_code_uses_is_left_out_whole_never_half(
    long: Context, origin: str
) -> None:
    made = bounded(long)
    assert made.cuts == (origin,)
    assert "ü" not in repr(made)


def test_f03_what_is_short_is_passed_on_as_it_is() -> None:
    short = context(
        results=(result(summary="v42 is live", version="v42", healthy=0),),
        answers=(Answered("Is the sale on?", "yes"),),
        messages=(Remark("dana", "it began at noon"),),
        proposed=(Proposed("t", "job_run", {"version": "v41"}, "denied", "not now"),),
    )
    assert bounded(short) == short
    assert {one.origin for one in outside(short)} == {
        "alert.title",
        "incident.title",
        "alert.label.alertname",
        "alert.label.service",
        "tool.http_probe",
        "tool.http_probe.version",
        "tool.http_probe.healthy",
        "human.answer",
        "human.message",
        "human.reason",
    }


def many() -> Context:
    """More than there is room for, of everything."""
    noisy = [
        alert("firing", f"f{number}", **{f"label{number}-{n}": "x" * 900 for n in range(9)})
        for number in range(50)
    ]
    runbook = Runbook(name="r", title="r", path="r.md", digest="d" * 64, text="t" * 9999, match=())
    return context(
        alerts=tuple(noisy),
        runbook=runbook,
        results=tuple(result(summary=f"{number} " + "y" * 2000) for number in range(40)),
        messages=tuple(Remark("dana", f"{number} " + "z" * 3000) for number in range(10)),
    )


def test_f03_all_of_it_fits_the_room_and_the_newest_is_kept() -> None:
    made = bounded(many())
    pieces = outside(many())
    assert sum(len(one.text.encode()) for one in pieces) <= TOTAL_BYTES
    assert made.runbook is not None
    assert len(made.runbook.text.encode()) <= RUNBOOK_BYTES
    assert made.results[-1].summary.startswith("39 ")
    assert made.results[0].summary == ""
    assert made.alerts[0].labels["alertname"] == "CheckoutErrorRateHigh"
    assert len(made.alerts) == 50
    assert bounded(many()) == made


def test_f03_what_was_bounded_once_stays_as_it_is() -> None:
    made = bounded(many())
    assert bounded(made) == made
    assert outside(made) == outside(many())


@given(
    labels=st.dictionaries(st.text(max_size=20), st.text(max_size=3000), max_size=5),
    notes=st.dictionaries(st.text(max_size=20), st.text(max_size=3000), max_size=5),
    said=st.lists(st.text(max_size=5000), max_size=12),
)
def test_f03_nothing_outside_gets_in_unbounded(
    labels: dict[str, str], notes: dict[str, str], said: list[str]
) -> None:
    fired: Alert = alert().model_copy(update={"labels": labels, "annotations": notes})
    made = bounded(
        context(alerts=(fired, fired), messages=tuple(Remark("dana", one) for one in said))
    )
    texts = [*(one.text for one in made.messages), made.title]
    for one in made.alerts:
        texts += [one.title, *one.annotations.values()]
        texts += [name + value for name, value in one.labels.items()]
    assert all(len(text.encode()) <= FIELD_BYTES for text in texts)
    assert sum(len(text.encode()) for text in texts) <= TOTAL_BYTES
