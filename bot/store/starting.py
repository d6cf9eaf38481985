"""The last check before an action's intent is committed, inside that very transaction.

One transaction writes at a time, whichever process it is of. So what is read here holds until the
intent stands: no action starts once a pause was committed, nor on a target that is changed now,
nor beside as many as may run at once.
"""

from collections.abc import Iterable

from bot.errors import BusyError
from bot.incident.fact import Fact
from bot.incident.facts_action import ActionStarted
from bot.incident.state import State
from bot.store.projection import target_of
from bot.store.tx import Tx

PAUSED_BY = "SELECT person FROM paused ORDER BY at DESC LIMIT 1"
CHANGED_BY = "SELECT id FROM proposal WHERE status = 'executing' AND target = ? AND id <> ?"
RUNNING = "SELECT count(*) FROM proposal WHERE status = 'executing' AND id <> ?"


def check_starts(tx: Tx, state: State, facts: Iterable[Fact], at_once: int) -> None:
    """Let an action start only while the bot is not paused and nobody else changes its target.

    At most `at_once` of them run at a time, whichever process each is of (E-34).

    Raises:
        BusyError: It must wait; the approval still stands.
    """
    for fact in facts:
        if not isinstance(fact, ActionStarted):
            continue
        view = state.incident.proposals.get(fact.proposal)
        if view is None:
            continue
        paused = tx.run(PAUSED_BY).fetchone()
        if paused is not None:
            raise BusyError(f"the bot is paused by {paused[0]}")
        target = target_of(view)
        other = tx.run(CHANGED_BY, (target, fact.proposal)).fetchone()
        if other is not None:
            raise BusyError(f"P-{other[0]} is changing {target} right now")
        running = tx.run(RUNNING, (fact.proposal,)).fetchone()
        if running is not None and running[0] >= at_once:
            raise BusyError(f"{running[0]} actions run already, and no more than {at_once} may")
