"""Which approvals count only from who proved anew who they are (E-24). Pure."""

from bot.incident.authority import Policy, Rule
from bot.incident.model import Risk

FOOTER = "High risk is accepted without a one-time code here (TRIAGE_ACCEPT_CHAT_ONLY_HIGH)"
"""Stands on every card, and wherever the bot says how it is, while that setting is on."""


def asks_proof(policy: Policy, rule: Rule | None, risk: Risk) -> bool:
    """True when an approval of this risk under this rule needs a proof; a denial never does."""
    asked = risk == "high" or (rule is not None and rule.step_up)
    return asked and not policy.chat_only_high
