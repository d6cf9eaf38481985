"""`triagebot policy test` and `policy lint`: a policy tried without a database or a running bot."""

from pathlib import Path

from bot.app.readiness import gate_problems
from bot.errors import ConfigError
from bot.knowledge.policy_cases import failures
from bot.knowledge.reach import turns_of_nobody, unheard, unreachable
from bot.store.folder import Folder
from channels import CHANNELS


def tried(file: Path, folder: Path) -> tuple[list[str], bool]:
    """Return a line for each case of `file` that fails on the policy of `folder`, and a sum.

    Raises:
        ConfigError: The file or the folder cannot be read or is not of its form.
    """
    try:
        text = file.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"{file}: cannot be read: {error}") from None
    knowledge = Folder(folder).load()
    failed, cases = failures(file.name, text, knowledge.policy, knowledge)
    told = f"faults: {len(failed)}" if failed else "all hold"
    return [*failed, f"{file.name}: cases tried: {cases}; {told}"], not failed


def linted(folder: Path) -> tuple[list[str], bool]:
    """Return what is wrong with the policy and people of a folder, and whether nothing is.

    Raises:
        ConfigError: A file is broken; the message names every one.
    """
    knowledge = Folder(folder).load()
    problems = gate_problems(knowledge)
    notes = [
        *unreachable(knowledge.policy, knowledge.people),
        *turns_of_nobody(knowledge.people),
        *unheard(knowledge.policy, {*CHANNELS, "api"}),
    ]
    lines = [*(f"problem  {one}" for one in problems), *(f"note     {one}" for one in notes)]
    if not problems:
        rules = len(knowledge.policy.rules)
        digest = knowledge.policy.digest[:12] or "none"
        lines.append(f"policy.yaml is sound; rules: {rules} (policy {digest})")
    return lines, not problems
