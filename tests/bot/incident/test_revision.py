"""Revisions in the fold, whatever history they stand in (E-09)."""

from hypothesis import given

from bot.incident.fact import Fact
from bot.incident.reducer import fold
from bot.incident.revision import edit_target
from tests.bot.incident.making import thread
from tests.bot.incident.test_reducer import begun


@given(begun)
def test_e09_no_decision_counts_for_another_revision(history: list[Fact]) -> None:
    for view in fold(thread(history)).incident.proposals.values():
        for one in view.revisions:
            assert all(made.digest == one.asked.digest for _, made in one.decisions)
        assert [one.proposal.revision for one in view.revisions] == sorted(
            {one.proposal.revision for one in view.revisions}
        )


def test_e09_an_effect_id_names_what_it_edits_or_nothing() -> None:
    assert edit_target("edit-7F3KQ2AB-12-ab") == ("7F3KQ2AB", 12)
    for other in ("ask-1", "undo-7F3KQ2AB", "edit-", "edit-7F3KQ2AB", "edit-7F3KQ2AB-x-1", "r1s1"):
        assert edit_target(other) == ("", 0)
