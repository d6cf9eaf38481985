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
    """An identity of a channel belongs to a Person.

    `seal`, here and below, is made by a key that the database does not hold: whoever can write the
    log makes nobody's account, link or token (E-25).
    """

    person: str
    actor: str
    by: str
    seal: str = ""


class PersonUnlinked(Fact):
    """An identity no longer belongs to a Person."""

    person: str
    actor: str
    by: str


class LinkIssued(Fact):
    """A single-use link was given out: it signs `person` in, or links `actor` to a person.

    `digest` is the SHA-256 (hex) of its token. Exactly one of `person` and `actor` may be empty.
    """

    digest: str
    person: str
    actor: str
    by: str
    expires_at: datetime
    seal: str = ""


class SessionOpened(Fact):
    """Somebody signed in to the pages; `how` is token, link or first-run."""

    person: str
    how: str


class TokenIssued(Fact):
    """An API token for one person; `digest` is the SHA-256 (hex) of it. Names are per person."""

    person: str
    name: str
    digest: str
    by: str
    expires_at: datetime
    seal: str = ""


class TokenRevoked(Fact):
    """An API token counts no more."""

    person: str
    name: str
    by: str


class StepUpEnrolled(Fact):
    """A person set up (or an admin took away) their way to prove anew who they are (E-24)."""

    person: str
    how: str
    by: str
    taken_away: bool = False


class AuditExported(Fact):
    """The log was handed out; how much of it, and to whom."""

    by: str
    streams: int
    events: int
    digest: str


class SourceSilent(Fact):
    """A source that used to speak has not."""

    source: str
    route: str
    since: datetime


class SourceHeard(Fact):
    """A source that was silent speaks again."""

    source: str
    route: str


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


class ModelEvaluated(Fact):
    """The scenarios of TRIAGE_EVALS were played against the configured model; `failed` by name."""

    model: str
    scenarios: int
    passed: int
    failed: tuple[str, ...] = ()


class ChainCheckpointed(Fact):
    """The heads of the streams that moved since the checkpoint before: stream -> `seq:hash`.

    All checkpoints together tell the head of every stream. `through` is the newest event they
    cover, as the log as a whole counts, and `events` how many there are up to it.

    `signature` (Ed25519, base64) is that of every other field by the key named `key`; `previous`
    is the signature of the checkpoint before, so that none can be taken out (E-43). `witnessed`
    says that it also goes to a second place, where it must be found.
    """

    heads: dict[str, str]
    through: int = 0
    events: int = 0
    taken_at: datetime | None = None
    key: str = ""
    previous: str = ""
    witnessed: bool = False
    signature: str = ""
