from dataclasses import replace
from datetime import datetime
from pathlib import Path

import pytest

from bot.app.explaining import Question, answer, explain
from bot.errors import NotFoundError
from bot.incident.model import Verdict
from bot.incident.views import ProposalView
from bot.knowledge.library import Knowledge, gather
from bot.settings import Settings
from tests.bot.engine.house import World, open_house
from tests.bot.incident.making import at, decided, proposal, proposed

FOLDER = {
    "services.yaml": b"services: [{name: checkout, owner: payments, tier: 1}]",
    "people.yaml": b"""
people:
- {name: dana, groups: [sre]}
- {name: sam, groups: [sre]}
- {name: eve, groups: [payments]}
- {name: gone, groups: [sre], active: false}
""",
    "policy.yaml": b"""
rules:
- {name: rollback, action: "job_run:rollback", approvers: ["group:sre"], channels: [web, slack]}
""",
}
KNOWN = gather(FOLDER)


def view(requested_by: str = "bot") -> ProposalView:
    return ProposalView(proposed(proposal(risk="high", requested_by=requested_by)), at(0))


def ask(
    person: str,
    seen: ProposalView | None = None,
    *,
    when: datetime | None = None,
    known: Knowledge = KNOWN,
    channel: str = "",
    verdict: Verdict = "approve",
) -> tuple[str, bool]:
    question = Question("7F3K", person, channel, verdict=verdict)
    lines, yes = answer(seen or view(), known, question, when or at(1))
    return "\n".join(lines), yes


def test_e20_yes_says_the_rule_and_what_is_missing() -> None:
    text, yes = ask("dana")
    assert yes
    assert text.splitlines()[0] == (
        "yes: P-7F3KQ2AB, high-risk job_run:rollback of checkout: dana may approve it"
    )
    for words in (
        "rule       rule rollback is the first that fits",
        "quorum     2 must approve, nobody did; 1 more after dana",
        "channels   approvals count only through web, slack",
        "step-up    an approval needs a one-time code, given on the page",
        "service    owner payments, on call eve",
        f"policy     {KNOWN.policy.digest[:12]}",
    ):
        assert words in text


@pytest.mark.parametrize(
    ("person", "channel", "words"),
    [
        ("eve", "", "no   approver   rule rollback: only group:sre may decide high-risk"),
        ("gone", "", "no   person     gone is not active any more"),
        ("dana", "email", "no   channel    rule rollback: decisions count only"),
        ("operator", "", "no   operator   the operator's token decides nothing here"),
    ],
)
def test_e20_no_says_which_criterion_is_not_met(person: str, channel: str, words: str) -> None:
    text, yes = ask(person, channel=channel)
    assert not yes
    assert text.startswith("no: ")
    assert words in text


def test_e05_what_cannot_be_seen_is_approved_by_nobody_and_may_be_denied() -> None:
    hidden = ProposalView(proposed(proposal(title="Roll back\u202e checkout")), at(0))
    text, yes = ask("dana", hidden)
    assert not yes
    assert "no   inspected " in text
    assert ask("dana", hidden, verdict="deny")[1]


def test_e24_with_the_setting_no_step_up_is_spoken_of() -> None:
    lax = replace(KNOWN, policy=KNOWN.policy.model_copy(update={"chat_only_high": True}))
    text, yes = ask("dana", known=lax)
    assert yes
    assert "step-up" not in text


def test_e23_who_asked_may_not_approve_and_may_deny() -> None:
    own = view(requested_by="person:dana")
    text, yes = ask("dana", own)
    assert not yes
    assert "no   requester  you asked for this high-risk action" in text
    text, yes = ask("dana", own, verdict="deny")
    assert yes
    assert "who asked for it may always take it back" in text


def test_e10_what_is_decided_or_expired_is_decided_by_nobody_any_more() -> None:
    done = view()
    done.status = "denied"
    assert "no   state      it is denied" in ask("dana", done)[0]
    text, yes = ask("dana", when=proposal().expires_at)
    assert not yes
    assert "no   state      it expired at" in text


def test_e11_who_approved_already_counts_once() -> None:
    seen = view()
    seen.decisions.append((at(0), decided(seen.asked, person="dana")))
    text, yes = ask("dana", seen)
    assert not yes
    assert "dana said approve already; a person counts once" in text
    text, yes = ask("sam", seen)
    assert yes
    assert "2 must approve, dana did; 0 more after sam" in text


def test_without_a_rule_nothing_more_is_asked() -> None:
    text, yes = ask("dana", known=gather({**FOLDER, "policy.yaml": b""}))
    assert not yes
    assert "no   rule       no rule in policy.yaml enables job_run:rollback (READ-ONLY)" in text
    assert "quorum" not in text


async def test_a_proposal_is_explained_beside_the_bot(tmp_path: Path) -> None:
    for name, raw in FOLDER.items():
        (tmp_path / name).write_bytes(raw)
    async with open_house(tmp_path, World()) as house:
        kept = await house.pending()
        when = kept.proposal.created_at
        url = f"sqlite:///{tmp_path / 'bot.db'}"
        settings = Settings.model_validate({"database_url": url, "runbooks": tmp_path})
        name = f"p-{kept.proposal.id[:4]}"
        before = await house.events()
        _, yes = await explain(settings, Question(name, "dana", at=when))
        _, no = await explain(settings, Question(name, "eve", at=when))
        with pytest.raises(NotFoundError, match="no person 'zoe' in people"):
            await explain(settings, Question(name, "zoe", at=when))
        with pytest.raises(NotFoundError, match="no incident or proposal P-ZZZZ"):
            await explain(settings, Question("P-ZZZZ", "dana", at=when))
        assert await house.events() == before
    assert (yes, no) == (True, False)
