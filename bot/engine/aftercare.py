"""After the call: reads back what was interrupted, and verifies that what was done helped."""

import asyncio
import logging

from bot.engine.probes import failed, run_probes
from bot.engine.toolbox import Toolbox, parse_args
from bot.errors import ToolError
from bot.incident.fact import Fact
from bot.incident.facts_action import (
    ActionReconciled,
    ActionRegressed,
    ActionUnknown,
    ActionVerified,
)
from bot.incident.proposal import Proposal
from bot.incident.state import State
from bot.incident.views import ProposalView
from bot.ports import Draft, Log
from bot.shelf import ToolResult

log = logging.getLogger(__name__)
ACTOR = "bot:verifier"
INTERRUPTED = "interrupted between intent and result; it may have been done"


class Aftercare:
    """Reads only: nothing here repeats or undoes an action."""

    def __init__(self, log_port: Log, box: Toolbox) -> None:
        self._log = log_port
        self._box = box

    async def reconcile(self, state: State, view: ProposalView) -> None:
        """Settle an interrupted attempt by reading back, or record that nobody knows."""
        read = await read_back(self._box, view.proposal, view.attempt)
        if read is None:
            await self._append(state, ActionUnknown(attempt=view.attempt, why=INTERRUPTED))
            return
        await self._append(state, await settled(self._box, view.proposal, view.attempt, read))

    async def verify(self, state: State, view: ProposalView, n: int) -> None:
        """Run the verification probes for the `n`-th time; one that cannot be read is no pass."""
        proposal = view.proposal
        probed = await run_probes(self._box, proposal.verify, state.stream)
        evidence = next((one.evidence for one in probed if one.evidence), "")
        broken = failed(probed)
        fact: Fact
        if broken:
            fact = ActionRegressed(
                proposal=proposal.id,
                digest=view.asked.digest,
                n=n,
                evidence=evidence,
                why=broken[:400],
            )
        else:
            seen = "; ".join(f"{one.probe.title}: {one.seen}" for one in probed)
            fact = ActionVerified(
                proposal=proposal.id,
                digest=view.asked.digest,
                n=n,
                evidence=evidence,
                summary=seen[:400],
            )
        await self._append(state, fact)

    async def _append(self, state: State, fact: Fact) -> None:
        await self._log.append(state.stream, state.seq, Draft(ACTOR, (fact,)))


async def read_back(box: Toolbox, proposal: Proposal, attempt: str) -> ToolResult | None:
    """Ask the target whether an interrupted attempt took effect; None when it cannot be told."""
    found = box.action(proposal.tool)
    if found is None:
        return None
    try:
        args = parse_args(found.tool, proposal.args)
        async with asyncio.timeout(found.tool.timeout_s):
            return await found.opened.read_back(args, attempt)
    except (ToolError, TimeoutError) as error:
        log.warning("read-back failed: %s", error, extra={"proposal": proposal.id})
    except Exception:  # then nobody knows, and a human is asked
        log.exception("read-back failed in an unforeseen way")
    return None


async def settled(box: Toolbox, proposal: Proposal, attempt: str, read: ToolResult) -> Fact:
    """Return the fact that a read-back settles an attempt with; what it read is kept.

    Raises:
        BusyError: What was read could not be stored.
    """
    looked = await box.keep(proposal.tool, proposal.args, read, proposal.incident)
    return ActionReconciled(attempt=attempt, ok=read.ok, by="read-back", evidence=looked.evidence)
