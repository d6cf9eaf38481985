"""Facts that belong to no incident: the stream `house`."""

from datetime import datetime

from bot.incident.fact import Fact
from bot.incident.model import Change


class KnowledgeLoaded(Fact):
    """The knowledge folder was read; `digests` maps each file to its SHA-256."""

    revision: str
    digests: dict[str, str]


class PolicyLoaded(Fact):
    """The policy in force."""

    digest: str


class ChangeRecorded(Fact):
    """A deploy, config or flag change came in by `delivery`."""

    delivery: str
    change: Change


class BotPaused(Fact):
    """The kill switch: no action and no investigation starts until resumed."""

    by: str
    reason: str = ""


class BotResumed(Fact):
    """The kill switch was released."""

    by: str


class PersonLinked(Fact):
    """An identity of a channel belongs to a Person."""

    person: str
    actor: str
    by: str


class PersonUnlinked(Fact):
    """An identity no longer belongs to a Person."""

    person: str
    actor: str
    by: str


class SourceSilent(Fact):
    """A source that used to speak has not."""

    source: str
    route: str
    since: datetime


class OversizeRefused(Fact):
    """A delivery was larger than the cap and refused with 413; nothing of it was kept."""

    source: str
    route: str
    size_bytes: int


class AccessRefused(Fact):
    """An attempt that named no proposal was refused: login, token, session."""

    actor: str
    why: str
    payload_digest: str = ""


class ChainCheckpointed(Fact):
    """The head of every stream at one moment: stream -> `seq:hash`."""

    heads: dict[str, str]
