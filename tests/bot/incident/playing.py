"""A run played by hand: what is decided is performed, and every call that is made is noted."""

from dataclasses import dataclass, field

from pydantic import JsonValue

from bot.incident.decide import decide
from bot.incident.effects import AskModel, Effect, Record, RunLimits, RunTools
from bot.incident.events import Event
from bot.incident.fact import Fact
from bot.incident.facts_alerts import QuestionAsked
from bot.incident.facts_run import StepChosen, ToolFailed, ToolReturned
from bot.incident.model import CompactError
from bot.incident.reducer import extend, fold
from bot.incident.state import State
from bot.incident.steps import CallTools, Step, ToolCall
from tests.bot.incident.making import at, context, opened, received, thread

LIMITS = RunLimits(debounce_s=0, max_steps=1000)
LOKI, PROM = "loki_query", "prometheus_query"


def calls(*tools: str, first: int = 0, **args: JsonValue) -> CallTools:
    made = (
        ToolCall(tool=tool, args=args or {"n": first + number}) for number, tool in enumerate(tools)
    )
    return CallTools(calls=tuple(made))


@dataclass
class Play:
    """Drives a state by hand: performs what is decided, and notes every call that is made."""

    state: State = field(default_factory=lambda: fold(thread([opened(), received(), context()])))
    made: list[tuple[str, bool]] = field(default_factory=list[tuple[str, bool]])
    now: float = 100

    def add(self, *facts: Fact) -> None:
        for fact in facts:
            self.now += 1
            event = Event("INC-1", self.state.seq + 1, at(self.now), "test:play", fact)
            self.state = extend(self.state, [event])

    def next(self) -> Effect:
        return decide(self.state, at(self.now), LIMITS)

    def settle(self) -> Effect:
        """Write what follows by itself; return the first effect that does not."""
        while isinstance(effect := self.next(), Record):
            self.add(*effect.facts)
        return effect

    def choose(self, step: Step) -> None:
        effect = self.settle()
        assert isinstance(effect, AskModel), effect
        self.add(StepChosen(effect_id=effect.id, step=step, by="planner"))

    def perform(self, *, works: bool | list[bool], why: str = "no answer") -> bool:
        """Make the calls that are due; False when none is."""
        effect = self.settle()
        if not isinstance(effect, RunTools):
            return False
        step = effect.pending.chosen.step
        assert isinstance(step, CallTools)
        for index in effect.indexes:
            tool = step.calls[index].tool
            good = works.pop(0) if isinstance(works, list) and works else works is True
            self.made.append((tool, good))
            self.add(outcome(f"{effect.pending.chosen.effect_id}.{index}", tool, why, good=good))
        return True

    def play(self, step: CallTools, *, works: bool, why: str = "no answer") -> None:
        self.choose(step)
        while self.perform(works=works, why=why):
            pass

    @property
    def asked(self) -> list[QuestionAsked]:
        return [view.asked for view in self.state.incident.questions.values()]


def outcome(effect_id: str, tool: str, why: str, *, good: bool) -> Fact:
    if good:
        name = f"e{effect_id}"
        return ToolReturned(
            effect_id=effect_id, key="", tool=tool, evidence=name, summary="seen", facts=()
        )
    error = CompactError(system=tool, message=why)
    return ToolFailed(effect_id=effect_id, key="", tool=tool, error=error, retry_at=None)
