"""What jobs.yaml may say, and how it is told what is wrong."""

from typing import Any

import pytest
from pydantic import JsonValue

from bot.errors import ConfigError
from tests.tools.write.examples import document
from tools.write.job_file import parse


def test_a_good_file_is_understood() -> None:
    (job,) = parse(document())
    assert job.name == "rollback"
    assert set(job.params) == {"service", "version", "replicas", "wait"}
    assert job.verify_after_s == (5, 60)


@pytest.mark.parametrize("empty", [None, {}, {"jobs": []}])
def test_no_file_is_no_jobs(empty: JsonValue) -> None:
    assert parse(empty) == ()


def broken(**changes: Any) -> str:  # noqa: ANN401 - any YAML
    made = document()
    made["jobs"][0].update(changes)
    with pytest.raises(ConfigError) as caught:
        parse(made)
    return str(caught.value)


PROBE: dict[str, JsonValue] = {
    "title": "x",
    "tool": "http_probe",
    "args": {},
    "expect": {"fact": "value", "op": "lt", "value": 0.05},
}


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"urll": "x"}, "jobs, rollback, urll: unknown key; correct or remove it"),
        ({"url": "https://deploy.test/{service}"}, "an address is fixed"),
        ({"url": "https://{service}.test/"}, "an address is fixed"),
        ({"url": "https://me:pw@deploy.test/"}, "take the user and password out"),
        ({"url": "ftp://deploy.test/"}, "not an address"),
        ({"url": "http://deploy.test/"}, "say allow_http: true"),
        ({"before": {"url": "http://deploy.test/", "take": {"version": "/v"}}}, "allow_http"),
        ({"auth": "none"}, "auth and secret belong together"),
        ({"secret": ""}, "auth and secret belong together"),
        ({"secret": "the token itself"}, "secret"),
        ({"method": "DELETE"}, "method"),
        ({"service_param": "servise"}, "service_param names no parameter"),
        ({"title": "Roll {what}"}, "{what} is no parameter of this job"),
        ({"target": "{before.version}"}, "{before.version} is no parameter"),
        ({"body": {"a": ["{nope}"]}}, "{nope} is no parameter"),
        ({"before": None}, "{before.replicas} is neither a parameter"),
        ({"risk": "none"}, "risk"),
        ({"preview": "maybe"}, "preview"),
        ({"preview": {"query": {}}}, "preview"),
        ({"undo": "later"}, "undo"),
        ({"undo": {"job": "other", "params": {}}}, "undo names no job of this file"),
        ({"undo": {"job": "rollback", "params": {}}}, "exactly the parameters service, version"),
        ({"undo": None}, "undo is missing; name the job that takes it back, or say ends"),
        ({"ends": "It heals."}, "undo and ends exclude each other"),
        ({"undo": "irreversible", "ends": "It heals."}, "undo and ends exclude each other"),
        ({"undo": None, "ends": "  "}, "undo is missing"),
        ({"undo": None, "ends": "until {nope}"}, "{nope} is no parameter"),
        ({"undo": None, "ends": "x" * 201}, "ends"),
        ({"verify": []}, "verify"),
        ({"verify": [PROBE]}, 'such as "0.05"'),
        ({"body": {"share": 0.5}}, 'such as "0.05"'),
        ({"verify_after_s": [60, 5]}, "verify_after_s must rise"),
        ({"verify_after_s": [0]}, "verify_after_s"),
        ({"timeout_s": 61}, "timeout_s"),
        ({"params": {"bad-name": {"type": "boolean"}}}, "bad-name"),
        ({"params": {"a": {"type": "float"}}}, "params, a"),
        ({"params": {"a": {"type": "string"}}}, "either enum"),
        ({"params": {"a": {"type": "string", "enum": ["x"], "pattern": "x"}}}, "either enum"),
        ({"params": {"a": {"type": "string", "pattern": "("}}}, "pattern cannot be read"),
        ({"params": {"a": {"type": "string", "pattern": "x", "max_length": 201}}}, "max_length"),
        ({"params": {"a": {"type": "integer", "minimum": 1}}}, "maximum: is missing; add it"),
        ({"params": {"a": {"type": "integer", "minimum": 2, "maximum": 1}}}, "swap them"),
        ({"params": {"a": {"type": "integer", "minimum": 0, "maximum": 2**53}}}, "maximum"),
        ({"send": "form", "body": {"a": "b"}}, "a form holds the parameters only"),
    ],
)
def test_e01_what_cannot_be_used_is_named_with_its_place_and_mend(
    changes: dict[str, JsonValue], words: str
) -> None:
    told = broken(**changes)
    assert told.startswith("jobs.yaml: ")
    assert words in told


@pytest.mark.parametrize("key", ["preview", "verify", "risk", "title", "target", "auth"])
def test_law10_nothing_an_approver_needs_may_be_left_out(key: str) -> None:
    made = document()
    del made["jobs"][0][key]
    with pytest.raises(ConfigError, match=f"jobs, rollback, {key}: is missing; add it"):
        parse(made)


def test_law10_without_an_undo_and_a_word_on_how_it_ends_there_is_no_job() -> None:
    made = document()
    del made["jobs"][0]["undo"]
    with pytest.raises(ConfigError, match="jobs, rollback: undo is missing"):
        parse(made)
    made["jobs"][0]["ends"] = "{service} comes up again by itself."
    assert parse(made)[0].ends == "{service} comes up again by itself."


def test_two_jobs_of_one_name_are_refused() -> None:
    made = document()
    made["jobs"] *= 2
    with pytest.raises(ConfigError, match="two jobs have one name"):
        parse(made)


def test_many_problems_are_counted_not_poured_out() -> None:
    made = document()
    made["jobs"][0].update({f"key{number}": 1 for number in range(20)})
    with pytest.raises(ConfigError, match="and 15 more"):
        parse(made)


@pytest.mark.parametrize("odd", ["jobs", ["jobs"], {"jobs": "x"}, {"jobs": [3]}])
def test_what_is_no_list_of_jobs_is_refused(odd: JsonValue) -> None:
    with pytest.raises(ConfigError, match=r"jobs\.yaml: "):
        parse(odd)


def test_plain_http_is_taken_on_this_machine_or_when_said() -> None:
    made = document()
    made["jobs"][0].update(url="http://127.0.0.1:9/", before=None, undo="irreversible")
    made["jobs"][0].update(preconditions=[], read_back=None)
    assert len(parse(made)) == 1
    made["jobs"][0].update(url="http://deploy.test/", allow_http=True)
    assert len(parse(made)) == 1


def edited(**changes: Any) -> str:  # noqa: ANN401 - any YAML
    """Return the digest of the good job with some keys changed."""
    made = document()
    made["jobs"][0].update(changes)
    return parse(made)[0].digest


SAID: dict[str, JsonValue] = {**PROBE, "expect": {"not": {"fact": "value", "value": "1"}}}
EDITS: dict[str, Any] = {
    "title": "Roll {service} back",
    "url": "https://deploy.test/rollout",
    "allow_http": True,
    "auth": "basic",
    "secret": "JOB_OTHER_TOKEN",
    "send": "form",
    "body": {"ref": "main"},
    "service_param": "",
    "environment": "production",
    "target": "{service}",
    "risk": "low",
    "preview": "none",
    "undo": "irreversible",
    "preconditions": [],
    "verify": [SAID],
    "verify_after_s": [5],
    "timeout_s": 11,
    "idempotent": True,
    "read_back": None,
}


@pytest.mark.parametrize("name", EDITS)
def test_e07_one_changed_key_is_another_declaration(name: str) -> None:
    assert edited(**{name: EDITS[name]}) != edited()


def test_e07_a_change_deep_inside_is_another_declaration() -> None:
    made = document()
    made["jobs"][0]["params"]["replicas"]["maximum"] = 2000
    url = "https://deploy.test/state"
    states = [
        edited(before={"url": url, "take": {"version": f"/{at}", "replicas": "/n"}}) for at in "ab"
    ]
    expected = [edited(verify=[{**SAID, "expect": {"not": {"fact": at}}}]) for at in "ab"]
    assert len({parse(made)[0].digest, *states, *expected, edited()}) == 6


def test_the_order_of_keys_is_no_change() -> None:
    made = document()
    job = made["jobs"][0]
    job["params"] = dict(reversed(job["params"].items()))
    made["jobs"][0] = dict(reversed(job.items()))
    assert parse(made)[0].digest == edited()
