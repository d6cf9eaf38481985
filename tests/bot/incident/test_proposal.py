import json
from datetime import timedelta
from typing import cast, get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import JsonValue, ValidationError

from bot.incident.leaves import unfit_text
from bot.incident.proposal import (
    ADDED,
    ALPHABET,
    TRANSITIONS,
    Proposal,
    ProposalStatus,
    action_digest,
    canonical,
    code,
    digest,
)
from bot.incident.views import ProposalView
from tests.bot.incident.making import at, probe, proposal, proposed

SHOWN = proposal()
CHANGED: dict[str, object] = {
    "id": "7F3KQ2AC",
    "revision": 2,
    "incident": "INC-2",
    "tool": "job_walk",
    "tool_version": "1+ab",
    "action": "job_run:rollforward",
    "title": "Roll back checkout to v41.",
    "args": {"job": "rollback", "params": {"service": "checkout", "version": "v40"}},
    "target": "checkouT",
    "environment": "prod",
    "service": "billing",
    "risk": "low",
    "preconditions": (),
    "verify": (probe("the shop is healthy", value=False),),
    "verify_after_s": (5, 61),
    "undo": None,
    "ends": "in 2 h",
    "preview_digest": "0" * 63 + "1",
    "policy_digest": "1" * 63 + "2",
    "rule": "other",
    "requested_by": "person:dana",
    "edited_by": ("person:dana",),
    "run_if_resolved": True,
    "created_at": at(11),
    "expires_at": at(1810) + timedelta(microseconds=1),
}
KNOWN_DIGEST = "c0bd1e2227abe49d211737df69c9ffdace3ad0e18fc31152574fa65b4c0d5873"
KNOWN_ACTION = "0fba1267d607c0c3b66d4a4cc2c1436413321a186d83f7a1698fedecdf1b8250"
OLD = (
    '{"schema_version":1,"id":"7F3KQ2AB","revision":1,"incident":"INC-1","tool":"job_run","'
    'tool_version":"1","action":"job_run:rollback","title":"Roll back checkout to v41","arg'
    's":{"job":"rollback","params":{"service":"checkout","version":"v41"}},"target":"checko'
    'ut","environment":"demo","service":"checkout","risk":"medium","preconditions":[{"title'
    '":"v42 is live","tool":"http_probe","args":{"service":"checkout","probe":"state"},"exp'
    'ect":{"fact":"healthy","op":"eq","value":"v42","all":[],"any":[],"not_":null}}],"verif'
    'y":[{"title":"the shop is healthy","tool":"http_probe","args":{"service":"checkout","p'
    'robe":"state"},"expect":{"fact":"healthy","op":"eq","value":true,"all":[],"any":[],"no'
    't_":null}}],"verify_after_s":[5,60],"undo":{"tool":"job_run","args":{"job":"rollback",'
    '"params":{"service":"checkout","version":"v42"}},"title":"Roll checkout forward to v42'
    '"},"ends":"","preview_digest":"0000000000000000000000000000000000000000000000000000000'
    '000000000","policy_digest":"1111111111111111111111111111111111111111111111111111111111'
    '111111","rule":"rollback","requested_by":"bot","created_at":"2026-01-05T03:00:10Z","ex'
    'pires_at":"2026-01-05T03:30:10Z"}'
)
"""A proposal as version 1 of the schema stored it, byte for byte."""
OLD_DIGEST = "e50deda97b687b4bc541342fb43c741f1520713dff305cacdfd3201853135edd"
IN_ACTION = {"tool", "tool_version", "args", "target", "environment"}
EDGES = {
    ("pending", "approved"),
    ("pending", "denied"),
    ("pending", "expired"),
    ("pending", "withdrawn"),
    ("pending", "superseded"),
    ("pending", "uninspectable"),
    ("approved", "executing"),
    ("approved", "expired"),
    ("approved", "withdrawn"),
    ("approved", "superseded"),
    ("executing", "succeeded"),
    ("executing", "failed"),
    ("executing", "unknown"),
    ("unknown", "succeeded"),
    ("unknown", "failed"),
    ("succeeded", "rolled_back"),
}


def test_every_field_is_covered_below() -> None:
    assert set(CHANGED) | {"schema_version"} == set(Proposal.model_fields)


@pytest.mark.parametrize("field", sorted(CHANGED))
def test_e06_every_field_changes_the_digest(field: str) -> None:
    other = Proposal.model_validate({**dict(SHOWN), field: CHANGED[field]})
    assert digest(other) != digest(SHOWN)
    assert (action_digest(other) != action_digest(SHOWN)) is (field in IN_ACTION)


def test_e06_the_digest_is_the_same_whatever_the_order_of_keys() -> None:
    turned = {"params": {"version": "v41", "service": "checkout"}, "job": "rollback"}
    assert digest(proposal(args=turned)) == digest(SHOWN)


def test_e06_the_digest_survives_the_log() -> None:
    again = Proposal.model_validate_json(SHOWN.model_dump_json())
    assert digest(again) == digest(SHOWN)


def test_e06_the_digest_of_a_known_proposal_never_changes() -> None:
    """A new value here voids every approval that was given before an upgrade."""
    assert digest(SHOWN) == KNOWN_DIGEST
    assert action_digest(SHOWN) == KNOWN_ACTION


def test_e06_a_proposal_stored_before_the_schema_grew_keeps_its_digest() -> None:
    old = Proposal.model_validate_json(OLD)
    assert (digest(old), action_digest(old)) == (OLD_DIGEST, KNOWN_ACTION)
    assert old.edited_by == ()
    again = Proposal.model_validate_json(old.model_dump_json())
    assert digest(again) == OLD_DIGEST


@pytest.mark.parametrize("field", sorted(ADDED))
def test_e06_an_old_proposal_that_claims_a_newer_field_has_other_bytes(field: str) -> None:
    """Who can write the database cannot hide a change behind the older schema."""
    old = Proposal.model_validate_json(OLD)
    assert digest(old.model_copy(update={field: CHANGED[field]})) != OLD_DIGEST
    assert digest(SHOWN.model_copy(update={"schema_version": 1})) != digest(SHOWN)


def test_e02_a_proposal_says_all_that_was_asked_for_and_stays_as_it_is() -> None:
    named = {
        "schema_version", "id", "revision", "incident", "tool", "tool_version", "args", "target",
        "environment", "risk", "preconditions", "preview_digest", "undo", "policy_digest",
        "requested_by", "created_at", "expires_at",
    }  # fmt: skip
    assert named <= set(Proposal.model_fields)
    for name, value in CHANGED.items():
        with pytest.raises(ValidationError):
            setattr(SHOWN, name, value)


def test_e32_the_preview_is_bound_by_the_digest() -> None:
    other = proposal(preview_digest="0" * 63 + "1")
    assert digest(other) != digest(SHOWN)


@pytest.mark.parametrize(
    ("args", "why"),
    [
        ({"v": "v4\u202e1"}, "v holds a character that nobody can see (U+202E)"),
        ({"a": {"b": ["x", "\x00"]}}, "a.b[1] holds a character that nobody can see (U+0000)"),
        ({"comment": "two\nlines"}, "comment holds a character that nobody can see (U+000A)"),
        ({"v\u200b": "x"}, "a name in the arguments holds a character"),
        ({"a": {"\n": 1}}, "a name in a holds a character that nobody can see (U+000A)"),
        ({"name": "cafe\u0301"}, "name is not written in the usual form (Unicode NFC)"),
        ({"cafe\u0301": 1}, "a name in the arguments is not written in the usual form"),
    ],
)
def test_e06_text_of_two_forms_or_with_controls_is_not_approved(
    args: dict[str, JsonValue], why: str
) -> None:
    assert why in unfit_text(args)
    assert unfit_text({"name": "café", "n": [1, None, True, {"x": "y z"}]}) == ""


@pytest.mark.parametrize("value", [1.5, 1.0, float("nan"), [0.1], {"a": {"b": [1e9]}}])
def test_e06_floats_are_refused(value: JsonValue) -> None:
    with pytest.raises(ValueError, match="write the number as text"):
        canonical(value)


@pytest.mark.parametrize("number", [2**53, -(2**53), 10**30])
def test_e06_integers_that_not_every_reader_can_hold_must_be_text(number: int) -> None:
    with pytest.raises(ValueError, match="integer"):
        canonical({"id": number})
    assert canonical({"id": str(number)}) == b'{"id":"%d"}' % number


def test_e06_text_that_cannot_be_encoded_is_refused() -> None:
    with pytest.raises(ValueError, match="UTF-8"):
        canonical("\ud800")


exact = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53) + 1, 2**53 - 1) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=10,
)


@given(exact)
def test_canonical_bytes_say_exactly_the_value(value: JsonValue) -> None:
    assert json.loads(canonical(value)) == value


@given(exact, exact)
def test_different_arguments_have_different_bytes(one: JsonValue, other: JsonValue) -> None:
    same = json.dumps(one, sort_keys=True) == json.dumps(other, sort_keys=True)
    assert (canonical(one) == canonical(other)) is same


def test_e04_prose_is_in_no_digest() -> None:
    calm, loud = proposed(reason="errors began with v42"), proposed(reason="APPROVE NOW")
    assert (calm.digest, calm.action_digest) == (loud.digest, loud.action_digest)


def test_design7_there_are_exactly_these_edges() -> None:
    found = {(start, end) for start, ends in TRANSITIONS.items() for end in ends}
    assert found == EDGES
    assert set(TRANSITIONS) == set(get_args(ProposalStatus))


@pytest.mark.parametrize("start", sorted(TRANSITIONS))
@pytest.mark.parametrize("end", sorted(TRANSITIONS))
def test_e10_a_view_takes_no_other_edge(start: str, end: str) -> None:
    view = ProposalView(proposed(), at(0), status=cast("ProposalStatus", start))
    took = view.move(cast("ProposalStatus", end))
    assert took is ((start, end) in EDGES)
    assert view.status == (end if took else start)


def test_a_proposal_is_frozen_and_closed() -> None:
    with pytest.raises(ValidationError):
        SHOWN.risk = "low"  # pyright: ignore[reportAttributeAccessIssue]
    with pytest.raises(ValidationError):
        proposal(extra="x")


def test_a_human_types_four_characters_without_doubtful_letters() -> None:
    assert code("7F3KQ2AB") == "7F3K"
    assert len(ALPHABET) == 32
    assert not set("ILOU") & set(ALPHABET)
