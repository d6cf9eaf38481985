"""Runs Probes: a typed read and the test its facts must pass; unreadable is never a pass."""

import logging
from collections.abc import Sequence
from dataclasses import dataclass

from bot.conversation.shown import predicate_words
from bot.engine.toolbox import ReadBox, compact
from bot.errors import BusyError, ToolError
from bot.incident.model import Probe
from bot.knowledge.predicate import evaluate, names

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Probed:
    """What a probe found. `held` None: it could not be read, or a fact was missing."""

    probe: Probe
    held: bool | None
    seen: str
    evidence: str


async def run_probes(box: ReadBox, probes: Sequence[Probe], incident: str) -> list[Probed]:
    """Run probes one after the other and return what each found, in order.

    Raises:
        BusyError: What a probe saw could not be stored.
    """
    return [await _run(box, probe, incident) for probe in probes]


async def _run(box: ReadBox, probe: Probe, incident: str) -> Probed:
    try:
        looked = await box.look(probe.tool, probe.args, incident)
    except BusyError:
        raise
    except Exception as error:
        if not isinstance(error, ToolError):
            log.exception("a probe failed in an unforeseen way", extra={"incident": incident})
        said = compact(probe.tool, error).message
        return Probed(probe, None, f"could not be read: {said}", "")
    facts = {item.name: item.value for item in looked.facts}
    held = evaluate(probe.expect, facts)
    wanted = names(probe.expect)
    seen = ", ".join(f"{name} = {facts[name]}" for name in wanted if name in facts)
    return Probed(probe, held, seen or looked.summary, looked.evidence)


def failed(probed: Sequence[Probed]) -> str:
    """Return in words which probes did not hold; empty when all did."""
    return "; ".join(f"{one.probe.title}: {one.seen}" for one in probed if one.held is not True)


def differing(probed: Sequence[Probed]) -> str:
    """Return what was expected and what is seen, of the probes that do not hold (E-30)."""
    return "; ".join(
        f"{one.probe.title}: expected {predicate_words(one.probe.expect)}, now {one.seen}"
        for one in probed
        if one.held is not True
    )
