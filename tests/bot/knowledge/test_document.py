import pytest
from pydantic import JsonValue

from bot.errors import ConfigError
from bot.incident.model import Value
from bot.knowledge.document import read


class Inner(Value):
    name: str
    size: int = 0


class Outer(Value):
    things: tuple[Inner, ...] = ()


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("a: yes", {"a": "yes"}),
        ("a: true", {"a": True}),
        ("a: 2024-05-01", {"a": "2024-05-01"}),
        ("a: 1:30", {"a": "1:30"}),
        ("a: 010", {"a": "010"}),
        ("a: -12", {"a": -12}),
        ("a: 0.05", {"a": 0.05}),
        ("a: 1e3", {"a": 1000.0}),
        ("a: v41", {"a": "v41"}),
        ("a:", {"a": None}),
        ("a: ~", {"a": None}),
        ("a: [1, two]", {"a": [1, "two"]}),
        ('"404": x', {"404": "x"}),
        ("", None),
        ("# nothing but a comment", None),
    ],
)
def test_scalars_are_what_they_look_like(text: str, value: JsonValue) -> None:
    assert read("f.yaml", text).value == value


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("a: 1\na: 2", "line 2: the key 'a' stands here twice"),
        ("a: &x 1\nb: *x", "line 2: aliases"),
        ("404: x", "line 1: a key must be text"),
        ("a: 1e999", "not a finite number"),
        ("a: [", "f.yaml line"),
        ("a: 1\n---\nb: 2", "f.yaml line"),
        ("a: !!python/object:os.system x", "f.yaml line 1: could not determine"),
        ('a: "\\ud800"', "lone surrogate"),
        ("a: " + "[" * 60 + "]" * 60, "nested deeper than 40"),
        ("a: \x00", "f.yaml: this is not plain YAML"),
    ],
)
def test_what_would_surprise_is_refused(text: str, words: str) -> None:
    with pytest.raises(ConfigError, match=r"^f\.yaml") as caught:
        read("f.yaml", text)
    assert words in str(caught.value)


def test_a_fault_names_file_line_and_field() -> None:
    text = "things:\n  - name: one\n  - size: big\n    colour: red\n"
    with pytest.raises(ConfigError) as caught:
        read("f.yaml", text).validate(Outer)
    lines = str(caught.value).splitlines()
    assert "f.yaml line 3: things[1].name: is missing; add it" in lines
    assert lines[1].startswith("f.yaml line 3: things[1].size: input should be a valid integer")
    assert lines[2].startswith("f.yaml line 4: things[1].colour: is not a key I know")


@pytest.mark.parametrize("text", ["", "# a comment", "things:", "things:\n# - name: one"])
def test_an_empty_document_or_key_is_as_if_it_were_absent(text: str) -> None:
    assert read("f.yaml", text).validate(Outer) == Outer()


def test_lines_count_from_where_the_yaml_begins() -> None:
    assert read("f.md", "a: 1\nb: 2", first_line=2).line("b") == 3
