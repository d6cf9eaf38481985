"""The gate of law 10: no action is enabled that a human could not judge, check and take back."""

from collections.abc import Iterator

from pydantic import JsonValue

from bot.incident.model import Rule
from bot.knowledge.library import Knowledge
from tools.write import ACTIONS


def gate_problems(knowledge: Knowledge) -> list[str]:
    """Return why an enabled action may not be: a rule for nothing, or a half-declared job.

    An action needs typed arguments (its model has them), a policy rule (this one), a preview or
    the word none, verification, and an undo or the word irreversible. Jobs declare the last three;
    an action of our own plans them in code.
    """
    return [
        f"policy.yaml: rule {rule.name!r}: {problem}"
        for rule in knowledge.policy.rules
        if rule.allow
        for problem in _of_rule(rule, knowledge.jobs)
    ]


def _of_rule(rule: Rule, jobs: list[dict[str, JsonValue]]) -> Iterator[str]:
    tool, _, job = rule.action.partition(":")
    if rule.action == "*":
        yield "enables every action there is or will be; name the actions one by one"
        return
    if tool not in ACTIONS:
        yield f"there is no action {tool!r}; there are {', '.join(sorted(ACTIONS))}"
        return
    if tool != "job_run":
        return
    names = {str(declared.get("name")) for declared in jobs}
    if job and "*" not in job and job not in names:
        yield f"there is no job {job!r} in jobs.yaml"
    for declared in jobs:
        name = str(declared.get("name"))
        if job in {"", name} or "*" in job:
            for lacking in ("preview", "verify", "undo"):
                if not declared.get(lacking):
                    yield f"job {name} declares no {lacking}"
