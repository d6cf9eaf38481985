"""A Proposal: an action with frozen arguments, named by its digest; a Grant to run it once."""

import hashlib
from collections.abc import Mapping
from datetime import datetime
from typing import Literal

import rfc8785
from pydantic import JsonValue

from bot.incident.model import Probe, Risk, Value

PREFIX = b"triage-proposal-v1\0"
GRANT_PREFIX = b"triage-grant-v1\0"
ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
"""Crockford base32: no I, L, O, U."""
ID_CHARS = 8
CODE_CHARS = 4
ADDED: Mapping[str, JsonValue] = {"edited_by": [], "run_if_resolved": False}
"""Fields that proposals of schema version 1 had not, as JSON says their absence.

Such a proposal keeps the digest it was approved by, and gets another one when it has such a field.
"""

ProposalStatus = Literal[
    "pending", "approved", "denied", "expired", "withdrawn", "superseded", "uninspectable",
    "executing", "succeeded", "failed", "unknown", "rolled_back",
]  # fmt: skip

TRANSITIONS: Mapping[ProposalStatus, frozenset[ProposalStatus]] = {
    "pending": frozenset(
        {"approved", "denied", "expired", "withdrawn", "superseded", "uninspectable"}
    ),
    "approved": frozenset({"executing", "expired", "withdrawn", "superseded"}),
    "executing": frozenset({"succeeded", "failed", "unknown"}),
    "unknown": frozenset({"succeeded", "failed"}),
    "succeeded": frozenset({"rolled_back"}),
    "denied": frozenset(),
    "expired": frozenset(),
    "withdrawn": frozenset(),
    "superseded": frozenset(),
    "uninspectable": frozenset(),
    "failed": frozenset(),
    "rolled_back": frozenset(),
}
"""Every edge there is (DESIGN 7)."""


class Undo(Value):
    """The inverse action, ready to be proposed."""

    tool: str
    args: dict[str, JsonValue]
    title: str


class Proposal(Value):
    """What a human is asked to allow (E-02); every field is shown and in the digest.

    `action` is the name policy rules match (`job_run:rollback`).
    `target` names what is changed ("checkout in demo"); one action at a time runs per target.
    `undo` None means irreversible, unless `ends` says in words how it ends by itself.
    `verify_after_s` are seconds after success, ascending.
    `requested_by` is `bot` or `person:NAME`. `edited_by` are those who changed its arguments since,
    as `person:NAME`, the first one first: co-authors of what would run (E-09).
    `run_if_resolved`: the end of the alert alone does not withdraw it (E-31).
    """

    schema_version: Literal[1, 2] = 2
    id: str
    revision: int
    incident: str
    tool: str
    tool_version: str
    action: str
    title: str
    args: dict[str, JsonValue]
    target: str
    environment: str
    service: str
    risk: Risk
    preconditions: tuple[Probe, ...]
    verify: tuple[Probe, ...]
    verify_after_s: tuple[int, ...]
    undo: Undo | None
    ends: str = ""
    preview_digest: str
    policy_digest: str
    rule: str
    requested_by: str
    edited_by: tuple[str, ...] = ()
    run_if_resolved: bool = False
    created_at: datetime
    expires_at: datetime


class Grant(Value):
    """The single-use permission to run one digest, until `not_after` (≤ 60 s) (E-07).

    `decisions` names the decisions it rests on, in the order they were made. `mac` is over all
    other fields ("" before it was issued).
    """

    proposal: str
    revision: int
    digest: str
    decisions: tuple[str, ...]
    nonce: str
    not_after: datetime
    mac: str = ""


def canonical(value: JsonValue) -> bytes:
    """Return RFC 8785 bytes of JSON; integers from 2^53 up and floats must be strings (E-06).

    Raises:
        ValueError: A number that is not an exact JSON integer, or text that cannot be encoded.
    """
    if _has_float(value):
        raise ValueError("floats are not allowed in what is approved; write the number as text")
    return rfc8785.dumps(value)  # pyright: ignore[reportArgumentType]


def digest(proposal: Proposal) -> str:
    """Return the hex SHA-256 that binds a decision to exactly these bytes (E-06).

    Raises:
        ValueError: As `canonical`.
    """
    fields: dict[str, JsonValue] = proposal.model_dump(mode="json")
    if proposal.schema_version == 1:
        fields = {name: one for name, one in fields.items() if ADDED.get(name, ...) != one}
    return hashlib.sha256(PREFIX + canonical(fields)).hexdigest()


def grant_bytes(grant: Grant) -> bytes:
    """Return what a grant's `mac` is over: every other field, canonically."""
    return GRANT_PREFIX + canonical(grant.model_dump(mode="json", exclude={"mac"}))


def action_digest(proposal: Proposal) -> str:
    """Return the hex SHA-256 of the action alone: tool, version, arguments, target, environment.

    Two proposals with the same action_digest would do the same thing.
    """
    action: JsonValue = {
        "tool": proposal.tool,
        "tool_version": proposal.tool_version,
        "args": proposal.args,
        "target": proposal.target,
        "environment": proposal.environment,
    }
    return hashlib.sha256(b"triage-action-v1\0" + canonical(action)).hexdigest()


def code(identifier: str) -> str:
    """Return what a human types: the first four characters (a selector, not a secret)."""
    return identifier[:CODE_CHARS]


def _has_float(value: JsonValue) -> bool:
    match value:
        case float():
            return True
        case dict():
            return any(_has_float(item) for item in value.values())
        case list():
            return any(_has_float(item) for item in value)
        case _:
            return False
