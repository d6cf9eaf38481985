import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.errors import ConfigError
from bot.knowledge.matchers import all_hold, compile_all, compile_matcher

LABELS = {"alertname": "CheckoutErrors", "severity": "critical", "path": 'a"b\\c'}


@pytest.mark.parametrize(
    ("text", "holds"),
    [
        ('severity="critical"', True),
        ("severity=critical", True),
        (' severity = "critical" ', True),
        ('"severity"="critical"', True),
        ('severity="crit"', False),
        ('severity!="warning"', True),
        ('severity!="critical"', False),
        ('alertname=~"Checkout.*"', True),
        ('alertname=~"Errors"', False),
        ('alertname=~"(?i)checkouterrors"', True),
        ('alertname!~"Errors"', True),
        ('alertname!~".*Errors"', False),
        ('alertname=~"A|CheckoutErrors|B"', True),
        ('missing=""', True),
        ('missing!=""', False),
        ('missing=~".*"', True),
        ('missing=~".+"', False),
        ('missing!~".+"', True),
        ("missing=", True),
        (r'path="a\"b\\c"', True),
        (r'path=~"a.b\\\\c"', True),
        (r'alertname=~"\w+"', True),
    ],
)
def test_a_matcher_means_what_alertmanager_means(text: str, holds: bool) -> None:
    assert compile_matcher(text).holds(LABELS) is holds


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "not a matcher"),
        ("severity", "not a matcher"),
        ("sev-erity=x", "not a matcher"),
        ('severity="critical', "do not pair up"),
        ('severity="', "do not pair up"),
        ('severity="a"b"', "do not pair up"),
        ('severity="a\\"', "do not pair up"),
        ('severity=a"b', "unquoted value"),
        ('a=~"("', "not a regular expression"),
        ('a=~"(a+)+"', "run away"),
        ('a=~"(a|b*)*"', "run away"),
        ('a=~"((a+)b)+"', "run away"),
        ('a=~"' + ".*a" * 13 + '"', "run away"),
        ('a=~"(a)\\\\1"', "back references"),
        ('a=~"(?=a)"', "look-around"),
        ('a=~"' + "x" * 257 + '"', "at most 256"),
    ],
)
def test_what_is_no_matcher_is_refused_with_the_reason(text: str, words: str) -> None:
    with pytest.raises(ConfigError) as caught:
        compile_matcher(text)
    assert words in str(caught.value)


@pytest.mark.parametrize("text", [r'a=~"[a+]+"', r'a=~"(a\\+)+"', r'a=~"(ab)+"', r'a=~"[ab]*c+"'])
def test_a_flat_repetition_is_allowed(text: str) -> None:
    assert compile_matcher(text).op == "=~"


def test_a_label_too_long_to_test_matches_no_regex() -> None:
    long = {"a": "x" * 513}
    assert not compile_matcher('a=~"x*"').holds(long)
    assert compile_matcher('a!~"x*"').holds(long)


@given(st.text(max_size=20))
def test_a_quoted_value_equals_what_was_escaped(value: str) -> None:
    escaped = value.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
    assert compile_matcher(f'a="{escaped}"').value == value


@given(st.text(max_size=40))
def test_any_text_is_a_matcher_or_a_config_error(text: str) -> None:
    try:
        matcher = compile_matcher(text)
    except ConfigError:
        return
    assert matcher.holds(LABELS) in {True, False}


def test_all_must_hold() -> None:
    assert all_hold(compile_all(('severity="critical"', 'alertname=~"Ch.*"')), LABELS)
    assert not all_hold(compile_all(('severity="critical"', 'alertname="x"')), LABELS)


@pytest.mark.parametrize("pattern", ["(a|a)+b", "(a|aa)*b", "(ab?|a)+c", "(?:x|y){2,}z"])
def test_a_choice_inside_a_repetition_can_run_away_and_is_refused(pattern: str) -> None:
    with pytest.raises(ConfigError, match="can run away"):
        compile_matcher(f'alertname=~"{pattern}"')


def test_repetitions_are_counted_by_branch() -> None:
    assert compile_matcher('a=~".*b.*c.*|.*d.*e.*"').holds({"a": "xdye"})
    with pytest.raises(ConfigError, match="can run away"):
        compile_matcher('a=~".*b.*c.*d.*e.*"')
