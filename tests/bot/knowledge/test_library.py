import hashlib

import pytest

from bot.errors import ConfigError
from bot.knowledge.library import Knowledge, gather
from bot.knowledge.people import OPERATOR


def test_an_empty_folder_knows_the_operator_and_allows_nothing() -> None:
    knowledge = gather({})
    assert knowledge.people.people == (OPERATOR,)
    assert (knowledge.runbooks, knowledge.policy.rules, knowledge.catalogue.services) == (
        (),
        (),
        (),
    )
    assert (knowledge.jobs, knowledge.hooks, knowledge.file("routes.yaml")) == ([], {}, {})
    assert len(knowledge.revision) == 12


def test_files_become_what_their_names_say() -> None:
    files = {
        "b.md": b"# B",
        "team/a.md": b"# A",
        "services.yaml": b"services: [{name: shop}]",
        "policy.yaml": b"rules: []",
        "jobs.yaml": b"jobs: [{name: rollback}]",
        "hooks.yaml": b"routes: []",
    }
    knowledge = gather(files, git="f" * 40)
    assert [runbook.name for runbook in knowledge.runbooks] == ["b", "team/a"]
    assert knowledge.catalogue.get("shop") is not None
    assert knowledge.jobs == [{"name": "rollback"}]
    assert knowledge.hooks == {"routes": []}
    assert knowledge.policy.digest == hashlib.sha256(b"rules: []").hexdigest()
    assert knowledge.digests["b.md"] == knowledge.runbooks[0].digest
    assert knowledge.revision.startswith("f" * 12 + "+")


def test_the_revision_follows_every_byte_and_every_name() -> None:
    states: list[dict[str, bytes]] = [
        {"a.md": b"1"},
        {"a.md": b"2"},
        {"b.md": b"1"},
        {"a.md": b"1", "b.md": b"1"},
        {},
    ]
    assert len({gather(state).revision for state in states}) == len(states)


def test_every_broken_file_is_named_and_nothing_is_loaded() -> None:
    files = {
        "a.md": b"---\nmatch: [x]\n---\n",
        "b.md": b"\xff",
        "c.md": b"# fine",
        "services.yaml": b"services: [",
        "people.yaml": b"people: [{}]",
        "odd.yaml": b"a: *b",
    }
    with pytest.raises(ConfigError) as caught:
        gather(files)
    lines = str(caught.value).splitlines()
    assert [line.split()[0].rstrip(":") for line in lines] == [
        "a.md", "b.md", "odd.yaml", "services.yaml", "people.yaml",
    ]  # fmt: skip
    assert "b.md: not UTF-8 at byte 0; save it as UTF-8" in lines


def test_a_byte_order_mark_is_not_text() -> None:
    assert gather({"a.md": b"\xef\xbb\xbf# A"}).runbooks[0].text == "# A"


def test_knowledge_of_nothing_is_a_value() -> None:
    assert Knowledge().file("jobs.yaml") == {}
