"""A quarter of approvals, good and hasty ones, as facts: what the trust page's tests show."""

from collections.abc import Iterator
from datetime import timedelta

from bot.incident import facts_action as action
from bot.incident.events import Event
from bot.incident.fact import Fact
from bot.incident.facts_alerts import ConclusionJudged
from bot.incident.facts_run import ConclusionReached
from bot.incident.model import Finding, Judgement
from tests.bot.web import stories

WEEK_S = 7 * 24 * 3600
HASTY = "sam"
ODD = "<b>eve</b>\u202e"
VERDICTS: tuple[Judgement, ...] = ("right", "right", "wrong", "partly")


def quarter() -> list[Event]:
    """Thirty proposals over eight weeks: Dana reads them, Sam does not, Eve has an odd name."""
    return sorted((event for number in range(30) for event in _one(number)), key=lambda e: e.at)


def _one(number: int) -> Iterator[Event]:
    begin = -(30 - number) * (8 * WEEK_S / 32)
    name = f"QRTR{number:04}".replace("U", "V")
    job = "restart" if number % 3 == 0 else "rollback"
    frozen = stories.proposed(f"INC-{100 + number}", name)
    asked = stories.asked_for(frozen.model_copy(update={"action": f"job_run:{job}"}))
    facts = list(_facts(number, asked, begin))
    for seq, (seconds, fact) in enumerate(facts, start=1):
        at = stories.T0 + timedelta(seconds=seconds)
        yield Event(f"INC-{100 + number}", seq, at, "test:maker", fact)


def _facts(number: int, asked: action.ActionProposed, begin: float) -> Iterator[tuple[float, Fact]]:
    name, digest = asked.proposal.id, asked.digest
    finding = Finding(claim="v42 is broken", evidence=(stories.EVIDENCE,))
    yield begin - 5, ConclusionReached(summary="v42", findings=(finding,), by="planner")
    yield begin, asked
    if number % 7 == 6:
        yield begin + 1800, action.ProposalExpired(proposal=name, digest=digest)
        return
    person, wait = (HASTY, 1.4) if number > 3 else ("dana", 95.0)
    if number == 1:
        person = ODD
    verdict = "deny" if number == 2 else "approve"
    channel = ("slack:T1/", "web:", "email:")[number % 3]
    yield begin + wait, action.DecisionMade(
        proposal=name, revision=1, digest=digest, person=person, actor=f"{channel}{person}",
        verdict=verdict, reason="", rule="rollbacks", policy_digest="22" * 32,
        groups_as_of=stories.T0,
    )  # fmt: skip
    if verdict == "deny":
        yield begin + wait, action.ProposalDenied(proposal=name, digest=digest, reason="no, wait")
        return
    yield begin + wait, action.ProposalApproved(proposal=name, digest=digest)
    attempt = f"{name}-1"
    yield begin + wait + 1, action.ActionStarted(
        proposal=name, digest=digest, attempt=attempt, nonce=attempt,
        not_after=stories.T0, preconditions=(),
    )  # fmt: skip
    ok = number % 5 != 4
    yield (
        begin + wait + 40,
        action.ActionFinished(attempt=attempt, ok=ok, evidence=stories.EVIDENCE, summary="done"),
    )
    if number % 10 == 7:
        yield (
            begin + 400,
            action.ActionRegressed(
                proposal=name, digest=digest, n=1, evidence=stories.EVIDENCE, why="errors are back"
            ),
        )
        yield begin + 900, action.ActionUndone(proposal=name, by="OTHER")
    if number % 2 == 0:
        yield begin + 3600, ConclusionJudged(person="dana", verdict=VERDICTS[number % 4], note="")
