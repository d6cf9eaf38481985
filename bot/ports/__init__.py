"""What the core asks of the outside: one Protocol a role, and the values that cross it."""

from bot.ports.auditing import Auditor, ChainStanding, Excerpt, Sealed, Verified
from bot.ports.channel import Channel, Inbox, Intent, Limits, Outcome, OutcomeKind, Reply, Standing
from bot.ports.delivery import Accepted, Changes, Deliveries, Delivery
from bot.ports.keeping import (
    Before,
    Bodies,
    Body,
    BodyKind,
    BodyPage,
    Checkpoint,
    Checkpoints,
    Moved,
)
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
from bot.ports.log import Draft, Log, Recorded, Refusal, Threads
from bot.ports.mind import Choice, Mind, ModelCall, ModelCalls, Objection, Spending
from bot.ports.pulse import Hearings, Pulse, Pulses, Waiting
from bot.ports.scores import Scores
from bot.ports.sealing import Sealer
from bot.ports.stepup import (
    Claim,
    Enrolment,
    NoProof,
    Offer,
    Proof,
    StepUp,
    StepUpKey,
    StepUpKeys,
)
from bot.ports.world import Clock, Dispatcher, Library, StepModel

__all__ = [
    "Accepted",
    "Auditor",
    "Before",
    "Bodies",
    "Body",
    "BodyKind",
    "BodyPage",
    "ChainStanding",
    "Changes",
    "Channel",
    "Checkpoint",
    "Checkpoints",
    "Choice",
    "Claim",
    "Clock",
    "ConversationRow",
    "Deliveries",
    "Delivery",
    "Dispatcher",
    "Draft",
    "Enrolment",
    "Evidence",
    "EvidenceStore",
    "Excerpt",
    "Filter",
    "Hearings",
    "Inbox",
    "IncidentRow",
    "Incidents",
    "Intent",
    "Library",
    "Limits",
    "Log",
    "Mind",
    "ModelCall",
    "ModelCalls",
    "Moved",
    "NoProof",
    "Objection",
    "Offer",
    "Outcome",
    "OutcomeKind",
    "Post",
    "Posts",
    "Proof",
    "ProposalRow",
    "Pulse",
    "Pulses",
    "Recorded",
    "Refusal",
    "Reply",
    "Scores",
    "Sealed",
    "Sealer",
    "SessionRow",
    "Sessions",
    "Spending",
    "Standing",
    "StepModel",
    "StepUp",
    "StepUpKey",
    "StepUpKeys",
    "Threads",
    "Verified",
    "Waiting",
]
