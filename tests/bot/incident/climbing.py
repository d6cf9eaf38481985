"""A thread that lives in its own time: the loop decides, and a stand-in answers every call."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from bot.incident import facts_action as act
from bot.incident import facts_alerts as al
from bot.incident import facts_run as run
from bot.incident.call import Call
from bot.incident.decide import decide
from bot.incident.effects import AskModel, Prefetch, Record, RunLimits, Summon, Wait
from bot.incident.events import Event
from bot.incident.fact import Fact
from bot.incident.model import Severity
from bot.incident.reducer import State, fold
from tests.bot.incident.making import at, context, opened, proposal, proposed, received

LIMITS = RunLimits(debounce_s=0)
ENDED = run.ConclusionReached(summary="a bad deploy", findings=(), by="planner")
HORIZON_S = 40_000


@dataclass
class Told:
    """A thread with its own times, driven to rest by answering every call as the hand would.

    `levels` is how many levels of the rota have somebody; `quiet` are levels on which all sleep.
    """

    levels: int = 3
    quiet: frozenset[int] = frozenset()

    def __post_init__(self) -> None:
        self.events: list[Event] = []
        self.calls: list[tuple[float, Call]] = []

    @property
    def state(self) -> State:
        return fold(self.events)

    def say(self, seconds: float, *facts: Fact) -> "Told":
        """Let time pass until then, and write these facts."""
        self.run(seconds)
        self._write(at(seconds), facts)
        return self

    def _write(self, moment: datetime, facts: Sequence[Fact]) -> None:
        for fact in facts:
            self.events.append(Event("INC-1", len(self.events) + 1, moment, "t:t", fact))

    def run(self, until_s: float) -> "Told":
        """Decide as the loop does, at exactly the moments it asked to be woken at."""
        now = self.events[-1].at if self.events else at(0)
        for _ in range(400):
            effect = decide(self.state, now, LIMITS)
            match effect:
                case Summon(call):
                    self.calls.append(((now - at(0)).total_seconds(), call))
                    self._write(now, [self.answer(call)])
                case Record(facts):
                    self._write(now, facts)
                case Prefetch():
                    self._write(now, [context()])
                case AskModel():
                    self._write(now, [ENDED])
                case Wait(until) if until is not None and until <= at(until_s):
                    now = until
                case _:
                    return self
        raise AssertionError(f"it never rests: {self.calls[-5:]}")

    def answer(self, call: Call) -> Fact:
        names = () if call.level in self.quiet or not self.levels else (f"p{call.level}",)
        quiet = (f"p{call.level}",) if call.level in self.quiet else ()
        last = call.level >= self.levels
        if call.level == 1 and call.kind == "proposal":
            return act.ProposalReminded(proposal=call.about, to=names, quiet=quiet, last=last)
        if call.level == 1 and call.kind == "question":
            return al.QuestionReminded(id=call.about, to=names, quiet=quiet, last=last)
        return al.IncidentEscalated(
            level=call.level,
            to=", ".join(names) or "nobody",
            persons=names,
            why=call.why,
            about=call.about,
            quiet=quiet,
            last=last,
        )

    def rungs(self, kind: str = "") -> list[tuple[float, int]]:
        return [(s, call.level) for s, call in self.calls if kind in {"", call.kind}]


def incident(severity: Severity = "critical", **how: object) -> Told:
    told = Told(**how)  # pyright: ignore[reportArgumentType]
    return told.say(0, opened(severity), received(), context(), ENDED)


def asks(risk: str = "medium", expires_s: float = 1800, identifier: str = "7F3KQ2AB"):
    frozen = proposal(identifier, risk=risk, created_at=at(0), expires_at=at(expires_s))
    return proposed(frozen, effect_id=f"ask-{identifier}")


def question(deadline_s: float = 30_000) -> al.QuestionAsked:
    return al.QuestionAsked(
        id="q1", question="Planned?", kind="yes_no", options=(), deadline=at(deadline_s)
    )
