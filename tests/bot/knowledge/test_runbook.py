import hashlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.errors import ConfigError
from bot.incident.model import Diagnose
from bot.knowledge.runbook import parse
from tests.bot.knowledge.situations import a_runbook


def test_plain_markdown_works() -> None:
    text = "Some words.\n\n# High error rate\n\nLook."
    runbook = parse("errors", "errors.md", text)
    assert (runbook.name, runbook.title, runbook.path) == ("errors", "High error rate", "errors.md")
    assert runbook.text == text
    assert runbook.digest == hashlib.sha256(text.encode()).hexdigest()
    assert runbook.diagnose == ()


def test_without_a_heading_the_title_is_the_file_name() -> None:
    assert parse("team/disk-full", "team/disk-full.md", "Look.").title == "disk-full"


def test_the_header_is_read_and_the_body_kept_apart() -> None:
    runbook = a_runbook(
        "title: Errors\nservice: checkout\nmatch: ['alertname=\"A\"']\n"
        "diagnose:\n- {id: errors, tool: prometheus_query, args: {query: up}}"
    )
    assert runbook.title == "Errors"
    assert runbook.service == "checkout"
    assert runbook.match == ('alertname="A"',)
    assert runbook.diagnose == (
        Diagnose(id="errors", tool="prometheus_query", args={"query": "up"}),
    )
    assert runbook.text == "# Errors"


def test_the_header_of_a_web_site_gives_its_title_and_nothing_else() -> None:
    runbook = parse(
        "a", "a.md", '---\ntitle: "Disk: full"\nlayout: x\nlayout: y\n  odd\n---\n# B\n'
    )
    assert (runbook.title, runbook.text) == ("Disk: full", "# B")


@pytest.mark.parametrize(
    ("yaml", "words"),
    [
        ("diagnosis: []", "line 2: diagnosis: is not a key I know; did you mean 'diagnose'?"),
        ("title: A\ndiagnostics: []", "line 3: diagnostics: is not a key I know"),
        ("match: []\ncolour: red", "line 3: colour: is not a key I know"),
        ("match: 'a=\"b\"'", "match: input should be a valid tuple"),
        ("diagnose:\n- {id: a}", "line 3: diagnose[0].tool: is missing; add it"),
        ("diagnose:\n- {id: A B, tool: t}", "diagnose[0].id: string should match pattern"),
        ("outcomes:\n- {name: a, when: {fact: a.b, op: is}, conclude: c}", "outcomes[0].when.op"),
        ("match: ['a=~\"(\"']", "match[0]: 'a=~\"(\"': this is not a regular expression"),
        ("diagnose: [", "line"),
        ("- diagnose: a\n  match: b", "the file: input should be a valid dictionary"),
    ],
)
def test_a_broken_header_names_file_place_and_mend(yaml: str, words: str) -> None:
    with pytest.raises(ConfigError) as caught:
        a_runbook(yaml)
    assert str(caught.value).startswith("errors.md")
    assert words in str(caught.value)


@given(st.text(max_size=300))
def test_any_text_is_a_runbook_or_a_config_error(text: str) -> None:
    try:
        runbook = parse("a", "a.md", text)
    except ConfigError:
        return
    assert runbook.title


@given(st.text(alphabet=st.characters(exclude_categories=("Cs",)), max_size=300))
def test_any_text_without_a_header_is_a_runbook(text: str) -> None:
    assert parse("a", "a.md", "\n" + text).name == "a"
