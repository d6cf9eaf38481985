"""Asks a StepModel for a Step, and takes none that is not on the closed menu (F-04)."""

import logging
from dataclasses import replace

from bot import telemetry
from bot.engine.menu import Menu
from bot.incident.context import Context
from bot.incident.steps import Conclude, ProposeAction, Step
from bot.ports import StepModel

log = logging.getLogger(__name__)
REPAIRS = 2
REASON_CHARS = 400


async def chosen_step(model: StepModel, context: Context, menu: Menu) -> Step:
    """Return the model's Step; one that is refused may be repaired twice, told why.

    After that there is no proposal, evidence only: the run concludes with what it has.

    Raises:
        ToolError: No Step came.
    """
    step, why = await model.next_step(context), ""
    for tries in range(REPAIRS + 1):
        why = menu.refusal(step)[:REASON_CHARS]
        if not why:
            return step
        telemetry.steps_refused.labels(model.name).inc()
        log.warning("a step was refused: %s", why, extra={"incident": context.incident})
        if tries < REPAIRS:
            step = await model.next_step(replace(context, repair=why))
    findings = step.findings if isinstance(step, ProposeAction) else ()
    summary = f"No proposal, evidence only: the step that was chosen is refused ({why})."
    return Conclude(summary=summary, findings=findings)
