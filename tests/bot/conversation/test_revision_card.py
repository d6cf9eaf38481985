"""Revisions, risk and what cannot be read, as the card of a proposal says them."""

from hypothesis import given
from hypothesis import strategies as st

from bot.conversation.fit import fit
from bot.conversation.shown import card_texts
from bot.incident.card import Items
from bot.incident.fact import Fact
from bot.incident.facts_action import ActionProposed, ProposalSuperseded, ProposalUninspectable
from bot.incident.facts_run import ProposalRejected, StepChosen
from bot.incident.leaves import must_show
from bot.incident.steps import ProposeAction
from bot.ports import Limits
from tests.bot.conversation.situations import (
    beginning,
    card_of,
    facts_shown,
    state_of,
    text_of,
    verbs,
)
from tests.bot.incident.making import decided, proposal, proposed


def revised(version: str = "v41") -> tuple[ActionProposed, ProposalSuperseded, ActionProposed]:
    """A proposal and, in one write, the revision that dana's edit made of it."""
    first = proposed()
    args = {"job": "rollback", "params": {"version": version}}
    frozen = proposal(revision=2, edited_by=("person:dana",), args=args)
    second = proposed(frozen, effect_id="edit")
    gone = ProposalSuperseded(
        proposal="7F3KQ2AB", digest=first.digest, why="edited by dana", by=second.digest
    )
    return first, gone, second


def test_e09_the_old_card_says_what_replaced_it_and_decides_nothing() -> None:
    history = revised("v40")
    old, new = (card_of(*history, key=f"proposal:7F3KQ2AB:{number}") for number in (1, 2))
    assert old.state == "replaced by revision 2: edited by dana"
    assert (verbs(old), verbs(new)) == ([], ["approve", "deny", "edit", "details"])
    assert "replaced by revision 2" in old.fallback
    facts = {line.label: line.text.value for line in new.facts}
    assert facts["Edited by"] == "person:dana"
    assert facts["Hash"].endswith("(revision 2)")
    assert {control.revision for control in new.controls} == {2}
    assert "v40" in str(new.blocks)


def test_e09_the_old_card_shows_what_its_approvals_were_for() -> None:
    first, gone, second = revised()
    history = [first, decided(first), gone, second]
    old, new = (card_of(*history, key=f"proposal:7F3KQ2AB:{number}") for number in (1, 2))
    assert [facts_shown(card)["Approvals"] for card in (old, new)] == ["1 of 1 (dana)", "0 of 1"]


def test_e09_a_revision_nobody_announced_replaces_nothing() -> None:
    first, gone, second = revised()
    other = proposed(proposal(revision=3), effect_id="edit")
    silent = gone.model_copy(update={"by": ""})
    histories: list[list[Fact]] = [[first, second], [first, gone, other], [first, silent, second]]
    for history in histories:
        view = state_of(*beginning(), *history).incident.proposals["7F3KQ2AB"]
        assert view.proposal.revision == 1


def test_e09_an_edit_that_was_not_taken_is_said_on_the_card() -> None:
    step = ProposeAction(tool="job_run", args={}, reason="")
    chosen = StepChosen(effect_id="edit-7F3KQ2AB-1-ab", step=step, by="person:dana")
    no = ProposalRejected(effect_id=chosen.effect_id, tool="job_run", args={}, why="no such job")
    card = card_of(proposed(), chosen, no)
    assert "the edit by dana was not taken: no such job" in card_texts(card)
    assert "approve" in verbs(card)


def test_e21_why_the_risk_is_what_it_is_stands_on_the_card() -> None:
    asked = proposed().model_copy(update={"risk_why": ("checkout is tier 1",)})
    card = card_of(asked)
    block = next(one for one in card.blocks if isinstance(one, Items))
    assert (block.title, block.items[0].value) == ("Why the risk is medium", "checkout is tier 1")


def test_e31_that_a_proposal_outlives_its_alert_is_said_on_the_card() -> None:
    assert "although the alert resolves" in text_of(
        card_of(proposed(proposal(run_if_resolved=True)))
    )


def test_e05_what_cannot_be_inspected_says_so_and_has_no_control() -> None:
    asked = proposed()
    gone = ProposalUninspectable(
        proposal="7F3KQ2AB", digest=asked.digest, why="job_run is not configured here"
    )
    card = card_of(asked, gone)
    assert card.state == (
        "cannot be read, so it cannot be approved: job_run is not configured here"
    )
    assert verbs(card) == []


def test_e32_that_there_is_no_preview_is_said_in_words() -> None:
    card = card_of(proposed().model_copy(update={"preview": ""}))
    assert "No preview is available; that raises the risk by one class." in text_of(card)


@given(
    limits=st.builds(
        Limits,
        text_chars=st.integers(600, 4000),
        blocks=st.integers(1, 12),
        controls=st.integers(0, 5),
    ),
    version=st.text("xyz ", min_size=1, max_size=900),
    why=st.lists(st.text("ab ", max_size=200), max_size=3),
)
def test_e03_a_revision_is_shown_whole_or_neither_approved_nor_edited(
    limits: Limits, version: str, why: list[str]
) -> None:
    first, gone, second = revised(version)
    told = second.model_copy(update={"risk_why": tuple(why)})
    card = fit(card_of(first, gone, told, key="proposal:7F3KQ2AB:2"), limits)
    shown = card_texts(card)
    whole = all(any(leaf in text for text in shown) for leaf in must_show(told.proposal))
    assert whole or not {"approve", "edit"} & set(verbs(card))
