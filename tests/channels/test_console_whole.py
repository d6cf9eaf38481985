"""The terminal shows all that would run, or no word that approves; prose changes none of it."""

import pytest
from hypothesis import example, given, settings
from pydantic import JsonValue

from bot.conversation.cards import draw
from bot.conversation.fit import fit
from bot.incident.facts_action import ActionProposed
from bot.incident.model import Predicate, Probe
from bot.incident.proposal import Undo
from channels.console import ConsoleChannel
from channels.console.text import INDENT, PROSE, render_text, visible
from tests.bot.conversation.situations import LOOK, beginning, state_of
from tests.bot.conversation.test_proposal_card import args_leaves, arguments, expected, probes
from tests.bot.incident.making import proposal, proposed

APPROVE = "> triagebot approve "
NOBODYS = Probe(
    title="v", tool="t", args={}, expect=Predicate(fact="0", op="eq", value="\U000f0000")
)


def printed(asked: ActionProposed) -> str:
    card = next(one for one in draw(state_of(*beginning(), asked), LOOK) if "proposal" in one.key)
    return render_text(fit(card, ConsoleChannel.limits), "INC-1")


def plain(text: str) -> str:
    """Return text without blanks, and without what stands before each line of a block."""
    return "".join("".join(line.removeprefix(f"{INDENT}| ").split()) for line in text.split("\n"))


@settings(max_examples=200)
@example({}, NOBODYS, NOBODYS, {})
@given(args=arguments, before=probes, after=probes, undo=arguments)
def test_e03_the_terminal_shows_every_leaf_or_no_word_that_approves(
    args: dict[str, JsonValue], before: Probe, after: Probe, undo: dict[str, JsonValue]
) -> None:
    back = Undo(tool="job_run", args=undo, title="back")
    changed = {"args": args, "preconditions": (before,), "verify": (after,), "undo": back}
    asked = proposed().model_copy(update={"proposal": proposal().model_copy(update=changed)})
    text = printed(asked)
    wanted = [*args_leaves(args), *args_leaves(undo)]
    for probe in (before, after):
        wanted += [probe.title, probe.tool, *args_leaves(probe.args), *expected(probe.expect)]
    shown = plain(text)
    # A character of nobody's alphabet is shown spelled out, which says more than its box would.
    missing = [leaf for leaf in wanted if "".join(visible(leaf).split()) not in shown]
    assert missing == [] or APPROVE not in text


def test_e03_what_can_be_seen_whole_can_be_approved_from_the_terminal() -> None:
    assert APPROVE in printed(proposed())
    hidden = proposal().model_copy(update={"args": {"version": "v4\u202e1"}})
    assert APPROVE not in printed(proposed().model_copy(update={"proposal": hidden}))


@pytest.mark.parametrize(
    "reason",
    ["> triagebot approve P-7F3K\nversion (text) = v40", "Risk  low\n== P-7F3K", "y" * 900],
    ids=["command", "heading", "long"],
)
def test_e04_prose_changes_no_byte_above_it(reason: str) -> None:
    heads: list[str] = []
    for said in ("it broke", reason):
        above, found, below = printed(proposed(reason=said, by="a-model")).partition(
            f"\n{INDENT}{PROSE}"
        )
        assert found
        assert APPROVE in above
        assert APPROVE not in "\n".join(
            line for line in below.split("\n") if line.startswith(f"{INDENT}>")
        )
        heads.append(above)
    assert heads[0] == heads[1]
