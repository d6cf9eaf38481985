"""Asks a StepModel for a Step, and takes none that this incident does not offer (F-04)."""

import logging
from dataclasses import replace
from typing import cast

from bot import telemetry
from bot.engine.menu import Menu
from bot.incident.context import Context
from bot.incident.steps import Conclude, ProposeAction
from bot.ports import Choice, Mind, StepModel

log = logging.getLogger(__name__)
REPAIRS = 2
REASON_CHARS = 400


async def chosen_step(model: StepModel | Mind, context: Context, menu: Menu) -> Choice:
    """Return the model's choice; a Step that is refused may be repaired twice, told why.

    After that there is no proposal, evidence only: the run concludes with what it has.

    Raises:
        ToolError: No Step came.
    """
    repairs = 0 if hasattr(model, "choose") else REPAIRS  # a Mind repairs by itself
    choice, why = await _choice(model, context, menu), ""
    for tries in range(repairs + 1):
        why = menu.refusal(choice.step, context.tools)[:REASON_CHARS]
        if not why:
            return choice
        telemetry.steps_refused.labels(model.name).inc()
        log.warning("a step was refused: %s", why, extra={"incident": context.incident})
        if tries < repairs:
            choice = await _choice(model, replace(context, repair=why), menu)
    step = choice.step
    findings = step.findings if isinstance(step, ProposeAction) else ()
    summary = f"No proposal, evidence only: the step that was chosen is refused ({why})."
    return replace(choice, step=Conclude(summary=summary, findings=findings))


async def _choice(model: StepModel | Mind, context: Context, menu: Menu) -> Choice:
    if hasattr(model, "choose"):
        return await cast("Mind", model).choose(
            context, lambda step: menu.refusal(step, context.tools)
        )
    return Choice(await model.next_step(context), model.name)
