"""The gate of law 10: no action is enabled that a human could not judge, check and take back."""

from collections.abc import Iterator, Mapping

from pydantic import JsonValue

from bot.incident.authority import Rule
from bot.knowledge.library import Knowledge
from bot.shelf import Tool
from tools.write import ACTIONS

NEEDED = {"preview": ("preview",), "verify": ("verify",), "undo": ("undo", "ends")}
"""What a job must declare, by its name, and the keys that do: one of them is enough."""


def gate_problems(knowledge: Knowledge, actions: Mapping[str, Tool] = ACTIONS) -> list[str]:
    """Return why an enabled action may not be: a rule for nothing, or a half-declared action.

    An action needs closed arguments, a policy rule (this one), a preview or the word none,
    verification, and an undo, or in words how it ends, or the word irreversible. Jobs declare the
    last three in `jobs.yaml`, an action of our own in its Tool.
    """
    return [
        f"policy.yaml: rule {rule.name!r}: {problem}"
        for rule in knowledge.policy.rules
        if rule.allow
        for problem in _of_rule(rule, knowledge.jobs, actions)
    ]


def _of_rule(
    rule: Rule, jobs: list[dict[str, JsonValue]], actions: Mapping[str, Tool]
) -> Iterator[str]:
    tool, _, job = rule.action.partition(":")
    if rule.action == "*":
        yield "enables every action there is or will be; name the actions one by one"
        return
    if tool not in actions:
        yield f"there is no action {tool!r}; there are {', '.join(sorted(actions))}"
        return
    yield from _of_action(actions[tool])
    assurance = actions[tool].assurance
    if assurance is None or "declared" not in {
        assurance.preview,
        assurance.verify,
        assurance.undo,
    }:
        return
    names = {str(declared.get("name")) for declared in jobs}
    if job and "*" not in job and job not in names:
        yield f"there is no job {job!r} in jobs.yaml"
    for declared in jobs:
        name = str(declared.get("name"))
        if job in {"", name} or "*" in job:
            for lacking, either in NEEDED.items():
                if not any(declared.get(key) for key in either):
                    yield f"job {name} declares no {lacking}"


def _of_action(tool: Tool) -> Iterator[str]:
    if tool.args.model_config.get("extra") != "forbid":
        yield f"action {tool.name} takes arguments it does not name; close its args model"
    if tool.assurance is None:
        yield (
            f"action {tool.name} promises no preview (or none), no verification and no undo (or "
            "how it ends, or irreversible); give its Tool an Assurance"
        )
