"""What must be true of every call that reached a target, as E-07 to E-35 say it.

It asks nothing of the bot's own policy, digests or state: it reads the log, the target's ledger,
and what the scene knows to be true, and finds by itself what should never have run.
"""

import hashlib
import json
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from bot.incident.events import Event
from bot.incident.facts_action import (
    ActionProposed,
    ActionStarted,
    DecisionMade,
    ProposalDenied,
    ProposalExpired,
    ProposalSuperseded,
    ProposalWithdrawn,
)
from bot.incident.facts_alerts import IncidentReopened, IncidentResolved
from bot.incident.proposal import Proposal

PROBED_S = 30.0
USE_S = 600.0
"""How long an approval may wait for its run (RunLimits.approval_use_s)."""
Over = ProposalDenied | ProposalExpired | ProposalSuperseded | ProposalWithdrawn


@dataclass(frozen=True)
class Job:
    """What the team agreed on for one job: its risk, how many approve it, how long it waits."""

    risk: str
    quorum: int
    ttl_s: float


JOBS: Mapping[str, Job] = {
    "tidy": Job("low", 1, 3600),
    "rollback": Job("medium", 1, 1800),
    "double": Job("medium", 2, 1800),
    "wipe": Job("high", 2, 900),
}


@dataclass(frozen=True)
class Truth:
    """How the world really was at a moment, whatever the bot believed."""

    at: datetime
    allowed: frozenset[str]
    paused: bool
    readable: bool
    declaration: str
    version: str


@dataclass(frozen=True)
class Call:
    """What reached the target: under which key, asking for what, in which world, after what."""

    key: str
    version: str
    truth: Truth
    started: int
    looked: Sequence[tuple[datetime, str]]


@dataclass(frozen=True)
class Edit:
    """A person's other arguments for one revision, as the bot accepted them."""

    proposal: str
    revision: int
    person: str
    args: Mapping[str, object]


@dataclass
class Known:
    """What the scene knows: what each digest was proposed in, granted in, edited by, and calls."""

    proposed: dict[str, Truth] = field(default_factory=dict[str, Truth])
    granted: dict[str, Truth] = field(default_factory=dict[str, Truth])
    edits: list[Edit] = field(default_factory=list[Edit])
    calls: list[Call] = field(default_factory=list[Call])


def digest_of(proposal: Proposal) -> str:
    """Return the digest as E-06 defines it, by another library than the bot's."""
    fields = proposal.model_dump(mode="json")
    text = json.dumps(fields, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return hashlib.sha256(b"triage-proposal-v1\0" + text.encode()).hexdigest()


def violations(events: Sequence[Event], known: Known) -> list[str]:
    """Return everything that should never have happened, in words; empty when all is well."""
    starts = [event for event in events if isinstance(event.body, ActionStarted)]
    found = [
        f"{event.body.attempt}: {why}"
        for event in starts
        if isinstance(event.body, ActionStarted)
        for why in _start(event, event.body, [e for e in events if e.seq < event.seq], known)
    ]
    attempts = {e.body.attempt: e.body for e in starts if isinstance(e.body, ActionStarted)}
    for digest, times in Counter(body.digest for body in attempts.values()).items():
        if times > 1:
            found.append(f"{digest[:12]} started {times} times (E-12)")
    for key, times in Counter(call.key for call in known.calls).items():
        if times > 1:
            found.append(f"{key} was called {times} times (E-12)")
    for call in known.calls:
        found += [f"{call.key}: {why}" for why in _call(call, attempts.get(call.key), events)]
    return found


def _start(
    event: Event, started: ActionStarted, before: Sequence[Event], known: Known
) -> Iterator[str]:
    """Yield what was wrong when the intent was committed."""
    asked = _asked(before, started.proposal)
    if asked is None or asked.digest != started.digest:
        yield "it runs what is not the revision that stands (E-09)"
        return
    proposal = asked.proposal
    if digest_of(proposal) != started.digest:
        yield "its bytes are not those of its digest (E-07)"
    ended = [e.type for e in before if isinstance(e.body, Over) and e.body.digest == asked.digest]
    if ended:
        yield f"it was over: {', '.join(ended)}"
    if _resolved(before) and not asked.undo_of:
        yield "the incident is resolved (E-31)"
    truth = known.granted.get(started.attempt)
    if truth is None:
        yield "nobody saw the grant being made"
        return
    if not truth.readable:
        yield "who may decide could not be looked up (E-26)"
    if truth.declaration != known.proposed[started.digest].declaration:
        yield "the job was changed since it was proposed"
    wanted = {str(probe.expect.value) for probe in proposal.preconditions}
    if truth.version not in wanted:
        yield f"{truth.version} is live and it was asked for at {sorted(wanted)} (E-30)"
    yield from _quorum(event, proposal, before, truth, known)


def _quorum(
    event: Event, proposal: Proposal, before: Sequence[Event], truth: Truth, known: Known
) -> Iterator[str]:
    """Yield why the approvals do not suffice (E-09, E-13, E-22, E-23, E-26)."""
    job = JOBS[str(proposal.args["job"])]
    asked_by = {proposal.requested_by.removeprefix("person:")} - {"bot"}
    wanted_by = asked_by | _editors(before, proposal, known)
    shown_at = next(
        e.at for e in before if isinstance(e.body, ActionProposed) and e.body.proposal == proposal
    )
    counted: dict[str, datetime] = {}
    for one in before:
        made = one.body
        if not isinstance(made, DecisionMade) or made.proposal != proposal.id:
            continue
        if made.verdict == "deny" and made.revision == proposal.revision:
            yield f"{made.person} denied it (E-22)"
        same = made.revision == proposal.revision and made.digest == digest_of(proposal)
        in_time = one.at < shown_at + timedelta(seconds=job.ttl_s)
        own = made.person in wanted_by and job.risk != "low"
        if made.verdict == "approve" and same and in_time and not own:
            counted.setdefault(made.person, one.at)
    valid = {name: at for name, at in counted.items() if name in truth.allowed}
    if len(valid) < job.quorum:
        yield (
            f"{job.quorum} had to approve {proposal.args['job']}, of {sorted(truth.allowed)}; "
            f"{sorted(counted)} did, wanted by {sorted(wanted_by)}"
        )
    elif event.at > max(counted.values()) + timedelta(seconds=USE_S):
        yield "the approval was not used in time (E-13)"


def _editors(before: Sequence[Event], proposal: Proposal, known: Known) -> set[str]:
    """Return who wrote the revisions up to this one: co-authors (E-09)."""
    found = set[str]()
    for one in before:
        body = one.body
        if not isinstance(body, ActionProposed) or body.proposal.id != proposal.id:
            continue
        for edit in known.edits:
            same = (edit.proposal, edit.revision + 1) == (proposal.id, body.proposal.revision)
            if same and dict(edit.args) == body.proposal.args:
                found.add(edit.person)
    return found


def _call(call: Call, started: ActionStarted | None, events: Sequence[Event]) -> Iterator[str]:
    """Yield what was wrong when the target was called."""
    if started is None or call.started != 1:
        yield f"{call.started} intents stood in the log when it was called (DESIGN law 4)"
        return
    if call.truth.at >= started.not_after:
        yield "the grant had run out (E-07)"
    if call.truth.paused:
        yield "the bot is paused (E-35)"
    asked = next(
        (e.body for e in events if isinstance(e.body, ActionProposed)
         and e.body.digest == started.digest), None,
    )  # fmt: skip
    if asked is None:
        return
    if call.version != asked.proposal.args["version"]:
        yield f"{call.version} was sent and {asked.proposal.args['version']} approved (E-07)"
    wanted = [str(probe.expect.value) for probe in asked.proposal.preconditions]
    looks = [(at, seen) for at, seen in call.looked if call.truth.at - at <= _span()]
    if not looks:
        yield f"nobody looked at the target in the last {PROBED_S:.0f} s (E-30)"
    elif looks[-1][1] not in wanted:
        yield f"it was seen at {looks[-1][1]} and asked for at {wanted} (E-30)"


def _span() -> timedelta:
    return timedelta(seconds=PROBED_S)


def _asked(before: Sequence[Event], name: str) -> ActionProposed | None:
    """Return the newest revision of a proposal."""
    bodies = (event.body for event in reversed(before))
    asked = (body for body in bodies if isinstance(body, ActionProposed))
    return next((body for body in asked if body.proposal.id == name), None)


def _resolved(before: Sequence[Event]) -> bool:
    turns = [e.body for e in before if isinstance(e.body, IncidentResolved | IncidentReopened)]
    return bool(turns) and isinstance(turns[-1], IncidentResolved)
