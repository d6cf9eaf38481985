"""What a rule keeps although its alert resolved (E-31)."""

import pytest

from tests.bot.incident.making import alert, approved, decided, proposal, proposed, received
from tests.bot.incident.test_due import BY_HAND, ENDED, MERGED, OVER, REST, kinds
from tests.bot.incident.test_reducer import SETTLED


@pytest.mark.parametrize("waiting", ["pending", "approved"])
def test_e31_what_its_rule_keeps_outlives_the_alert_but_no_human_word(waiting: str) -> None:
    kept = proposed(proposal(run_if_resolved=True))
    more = [decided(kept), approved(kept)] if waiting == "approved" else []
    history = [*SETTLED, kept, ENDED, *more]
    quiet = [received(alert("resolved"), delivery="d9"), OVER]
    assert kinds([*history, *quiet]) == []
    assert kinds([*REST, *quiet]) == ["ProposalWithdrawn"]
    assert kinds([*history, *quiet], 9999) == ["ProposalExpired"]
    for end in (BY_HAND, MERGED):
        assert kinds([*history, end]) == ["ProposalWithdrawn"]
