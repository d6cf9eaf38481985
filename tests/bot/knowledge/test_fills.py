import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import JsonValue

from bot.incident.model import Predicate, Probe
from bot.knowledge.fills import Filled, exact, fill, fill_probe, text, wanted

KNOWN = {
    "service": "checkout",
    "environment": None,
    "deploys.latest_previous": "v41",
    "errors.value": 3.25,
    "errors.ok": True,
    "labels.evil": '"} or vector(1) #',
    "labels.mountpoint": "/var/lib",
    "labels.empty": "",
}


@pytest.mark.parametrize(
    ("value", "filled"),
    [
        ("${service}", "checkout"),
        ("${errors.value}", 3.25),
        ("${errors.ok}", True),
        ('up{service="${service}"}', 'up{service="checkout"}'),
        ("at ${errors.value} %", "at 3.25 %"),
        ('{mountpoint="${labels.mountpoint}"}', '{mountpoint="/var/lib"}'),
        ({"a": ["${service}", 7]}, {"a": ["checkout", 7]}),
        ({"${service}": 1}, {"${service}": 1}),
        (None, None),
        ("$service {service} $", "$service {service} $"),
    ],
)
def test_a_fill_is_replaced(value: JsonValue, filled: JsonValue) -> None:
    assert fill(value, KNOWN) == Filled(filled)


@pytest.mark.parametrize(
    ("value", "missing"),
    [
        ("${nowhere.fact}", ("nowhere.fact",)),
        ("${environment}", ("environment",)),
        ("${labels.empty}", ("labels.empty",)),
        ('up{a="${labels.evil}"}', ("labels.evil",)),
        (["${x}", {"a": "${y} ${x}"}], ("x", "y")),
    ],
)
def test_what_cannot_be_filled_is_named(value: JsonValue, missing: tuple[str, ...]) -> None:
    assert fill(value, KNOWN).missing == missing


@given(st.text())
def test_text_from_outside_never_ends_a_quoted_string(value: str) -> None:
    found = fill('up{a="${labels.a}"}', {"labels.a": value})
    if not found.missing:
        assert found.value == f'up{{a="{value}"}}'
        assert not set(value) & set('"\\{}`\n')


def test_a_filled_text_is_not_filled_again() -> None:
    assert fill("${a}", {"a": "${b}", "b": "c"}).value == "${b}"
    assert text("${a}", {"a": "${b}", "b": "c"}) == "${b}"


def test_a_sentence_says_what_is_unknown() -> None:
    assert text("${service} at ${x.y}, ${labels.a}", {"service": "shop", "labels.a": "b\nc"}) == (
        "shop at (unknown), b c"
    )


def test_e06_what_is_approved_holds_no_float() -> None:
    assert exact({"n": 3.0, "r": [0.05, "x", True]}) == {"n": 3, "r": ["0.05", "x", True]}


def test_a_probe_is_filled_in_arguments_and_expectation() -> None:
    probe = Probe(
        title="${service} runs the old version",
        tool="http_probe",
        args={"service": "${service}", "probe": "state"},
        expect=Predicate(fact="version", value="${deploys.latest_previous}"),
    )
    filled = fill_probe(probe, KNOWN)
    assert filled is not None
    assert filled.title == "checkout runs the old version"
    assert filled.args == {"service": "checkout", "probe": "state"}
    assert filled.expect == Predicate(fact="version", value="v41")
    assert fill_probe(probe, {"service": "checkout"}) is None


def test_the_wanted_names_come_once_and_in_order() -> None:
    assert wanted({"a": "${x.y} ${service}", "b": ["${x.y}"]}) == ("x.y", "service")
