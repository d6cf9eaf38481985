"""What the core asks of the outside: one Protocol a role, and the values that cross it."""

from bot.ports.channel import Channel, Inbox, Intent, Limits, Outcome, OutcomeKind, Reply
from bot.ports.delivery import Accepted, Changes, Deliveries, Delivery
from bot.ports.kept import (
    ConversationRow,
    Evidence,
    EvidenceStore,
    Post,
    Posts,
    SessionRow,
    Sessions,
)
from bot.ports.listing import Filter, IncidentRow, Incidents, ProposalRow
from bot.ports.log import Draft, Log, Recorded, Refusal
from bot.ports.world import Clock, Dispatcher, Library, StepModel

__all__ = [
    "Accepted",
    "Changes",
    "Channel",
    "Clock",
    "ConversationRow",
    "Deliveries",
    "Delivery",
    "Dispatcher",
    "Draft",
    "Evidence",
    "EvidenceStore",
    "Filter",
    "Inbox",
    "IncidentRow",
    "Incidents",
    "Intent",
    "Library",
    "Limits",
    "Log",
    "Outcome",
    "OutcomeKind",
    "Post",
    "Posts",
    "ProposalRow",
    "Recorded",
    "Refusal",
    "Reply",
    "SessionRow",
    "Sessions",
    "StepModel",
]
