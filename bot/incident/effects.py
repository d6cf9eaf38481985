"""What `decide` says must happen next, in order of precedence; values only."""

from dataclasses import dataclass
from datetime import datetime

from bot.incident.call import Call
from bot.incident.fact import Fact
from bot.incident.facts_run import StepChosen
from bot.incident.state import Pending
from bot.incident.views import ProposalView


@dataclass(frozen=True, slots=True)
class Hold:
    """Do nothing at all until a human or a newer version looks."""

    why: str


@dataclass(frozen=True, slots=True)
class Reconcile:
    """An action was interrupted: read back, or say that the outcome is unknown. Never repeat."""

    view: ProposalView


@dataclass(frozen=True, slots=True)
class Record:
    """Write facts that follow from the state and the time; no I/O."""

    facts: tuple[Fact, ...]


@dataclass(frozen=True, slots=True)
class Execute:
    """Run exactly this approved proposal, once."""

    view: ProposalView


@dataclass(frozen=True, slots=True)
class Verify:
    """Run the verification probes of a succeeded action, for the `n`-th time (0-based)."""

    view: ProposalView
    n: int


@dataclass(frozen=True, slots=True)
class Summon:
    """Call humans by name, as of now: who they are, only people.yaml and the rota know."""

    call: Call


@dataclass(frozen=True, slots=True)
class Prefetch:
    """Load what is known without asking anybody."""


@dataclass(frozen=True, slots=True)
class Prepare:
    """Make a proposal of a chosen action: policy, plan, preview, preconditions."""

    chosen: StepChosen


@dataclass(frozen=True, slots=True)
class RunTools:
    """Run these calls of a CallTools at once; result n carries the effect id `id.n`.

    `asked`: to answer a human. `failing` are the tools that failed when they were last called.
    """

    pending: Pending
    indexes: tuple[int, ...]
    asked: bool = False
    failing: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class AskModel:
    """Ask the StepModel for the next Step; the answer carries `id`. `asked`: to answer a human."""

    id: str
    remaining: int
    asked: bool = False


@dataclass(frozen=True, slots=True)
class Summarise:
    """Write the summary and close."""


@dataclass(frozen=True, slots=True)
class Wait:
    """Nothing to do until then; None: until something is said from outside."""

    until: datetime | None


Effect = (
    Hold
    | Reconcile
    | Record
    | Execute
    | Verify
    | Summon
    | Prefetch
    | Prepare
    | RunTools
    | AskModel
    | Summarise
    | Wait
)


@dataclass(frozen=True, slots=True)
class RunLimits:
    """Budgets and switches `decide` obeys; durations in seconds."""

    debounce_s: float = 10.0
    max_steps: int = 10
    run_max_s: float = 600.0
    approval_use_s: float = 600.0
    question_ttl_s: float = 86400.0
    remind_after_s: float = 300.0
    escalate_after_s: float = 600.0
    unack_after_s: float = 1800.0
    close_after_s: float = 300.0
    propose_every_s: float = 120.0
    paused: bool = False
    read_only: bool = False
