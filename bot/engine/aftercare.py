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
from bot.incident.state import ProposalView, State
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
        read = await self._read_back(view)
        if read is None:
            await self._append(state, ActionUnknown(attempt=view.attempt, why=INTERRUPTED))
            return
        looked = await self._box.keep(
            view.proposal.tool, view.proposal.args, read, view.proposal.incident
        )
        fact = ActionReconciled(
            attempt=view.attempt, ok=read.ok, by="read-back", evidence=looked.evidence
        )
        await self._append(state, fact)

    async def _read_back(self, view: ProposalView) -> ToolResult | None:
        found = self._box.action(view.proposal.tool)
        if found is None:
            return None
        try:
            args = parse_args(found.tool, view.proposal.args)
            async with asyncio.timeout(found.tool.timeout_s):
                return await found.opened.read_back(args, view.attempt)
        except (ToolError, TimeoutError) as error:
            log.warning("read-back failed: %s", error, extra={"proposal": view.proposal.id})
        except Exception:
            log.exception("read-back failed in an unforeseen way")
        return None

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
