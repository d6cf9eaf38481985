"""What a planned action risks, and the Case that the policy is asked about it; pure."""

from datetime import datetime

from bot.incident.model import Risk
from bot.incident.policy import Case
from bot.incident.risk import Assessment, Reach, assess
from bot.knowledge.case import PlannedAction, case_of
from bot.ports import Library
from bot.shelf import Plan


def weighed(plan: Plan, library: Library) -> Assessment:
    """Return the risk of what was planned, and why; the model has no say in it (E-21)."""
    service = library.catalogue.get(plan.service)
    reach = Reach(
        plan.action,
        plan.service,
        plan.environment,
        plan.risk,
        previewed=plan.previewed,
        targets=plan.targets,
        tier=service.tier if service is not None else None,
        reversible=plan.undo is not None or bool(plan.ends),
    )
    return assess(reach, library.policy)


def planned_case(
    plan: Plan,
    risk: Risk,
    library: Library,
    at: datetime,
    requested_by: str,
    edited_by: tuple[str, ...] = (),
) -> Case:
    """Return what the policy is asked before humans are."""
    wanted = PlannedAction(
        plan.action, plan.service, plan.environment, risk, requested_by, edited_by
    )
    return case_of(wanted, library, at, previewed=plan.previewed)
