"""Asks again from a point of a real thread, on a copy in memory: what would be decided today."""

from collections.abc import Iterator, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass
from itertools import zip_longest
from pathlib import Path

from bot.app.live_model import whole_menu
from bot.engine.choosing import chosen_step
from bot.engine.menu import Menu
from bot.errors import InputError, ToolError
from bot.evaluation.choosers import open_choosers
from bot.evaluation.scoring import decision
from bot.incident.briefing import brief
from bot.incident.deadlines import may_ask
from bot.incident.events import Event
from bot.incident.fact import Fact
from bot.incident.facts_action import ActionProposed
from bot.incident.facts_run import StepChosen, ToolFailed, ToolReturned
from bot.incident.model import CompactError
from bot.incident.reducer import State, fold
from bot.incident.steps import CallTools, ProposeAction, ToolCall
from bot.ports import Choice, Mind, StepModel
from bot.settings import Settings

ACTOR = "eval:fork"
NEVER = "never looked at in the thread, so a fork cannot know"


@dataclass(frozen=True, slots=True)
class Turn:
    """One Step as it was decided and as it would be now; None where there is none."""

    before: StepChosen | None
    after: StepChosen | None

    @property
    def same(self) -> bool:
        """True when both decide the same."""
        return _words(self.before) == _words(self.after)


@dataclass(frozen=True, slots=True)
class Fork:
    """What a fork came to; `why` says how it ended."""

    turns: tuple[Turn, ...]
    why: str

    @property
    def differs(self) -> bool:
        """True when one Step is decided differently."""
        return not all(turn.same for turn in self.turns)


async def fork(
    events: Sequence[Event], since: int, model: StepModel | Mind, menu: Menu, max_steps: int = 10
) -> Fork:
    """Ask `model` from behind event `since` on, and give it what the thread's tools answered.

    Raises:
        InputError: Nobody asked for a Step there, or there is no such event.
    """
    if not 1 <= since <= len(events):
        raise InputError(f"--from: the thread has events 1 to {len(events)}, not {since}")
    copy = _Copy(list(events[:since]), events)
    copy.look_up()
    if not may_ask(copy.state) or copy.state.run.context is None:
        raise InputError(
            f"--from: behind event {since} no step is asked for; choose one before a StepChosen"
        )
    mine: list[StepChosen] = []
    why = ""
    while not why:
        why = await copy.step(model, menu, max_steps, mine)
    theirs = [
        event.body
        for event in events[since:]
        if isinstance(event.body, StepChosen) and event.body.effect_id[:1] == "r"
    ]
    pairs = zip_longest(theirs, mine)
    return Fork(tuple(Turn(before, after) for before, after in pairs), why)


async def ask_again(
    events: Sequence[Event], since: int, settings: Settings, model: str, prompts: Path | None
) -> Fork:
    """Fork a thread under the model that the command line names; see `fork`.

    Raises:
        InputError: There is no such model, or nobody asked for a Step there.
        ConfigError: The model or the prompts cannot be used as they are set.
    """
    menu = whole_menu(settings)
    async with AsyncExitStack() as stack:
        choosers = await open_choosers(stack, model, prompts)
        return await fork(events, since, choosers.alone(), menu, settings.max_steps)


def fork_lines(forked: Fork) -> Iterator[str]:
    """Yield one line a Step that stays, two for one that differs, and how it ended."""
    for number, turn in enumerate(forked.turns, start=1):
        if turn.same:
            yield f"{number:>3}   {_words(turn.before)}"
            continue
        yield f"{number:>3} - {_words(turn.before)}"
        yield f"{'':>3} + {_words(turn.after)}"
        if turn.after is not None and turn.after.fallback:
            yield f"{'':>5}(the planner's: {turn.after.fallback_why or turn.after.fallback})"
    yield forked.why
    yield "it decides differently" if forked.differs else "it decides the same"


class _Copy:
    """A thread in memory that grows by what is decided now; nothing of it is stored."""

    def __init__(self, thread: list[Event], whole: Sequence[Event]) -> None:
        self._thread = thread
        self._whole = whole
        self.state: State = fold(thread)

    async def step(
        self, model: StepModel | Mind, menu: Menu, max_steps: int, mine: list[StepChosen]
    ) -> str:
        """Ask for one Step and carry it out as far as a fork can; return why it ends here."""
        if max_steps <= self.state.run.steps:
            return "the run's steps are spent"
        context = brief(self.state, menu.offers_for(self.state), max_steps)
        try:
            choice = await chosen_step(model, context, menu)
        except ToolError as error:
            return f"no step came: {error}"
        chosen = _fact(self.state, choice)
        mine.append(chosen)
        self._add(chosen)
        match chosen.step:
            case CallTools():
                self.look_up()
                return ""
            case ProposeAction():
                return self._proposed(chosen.step)
            case _:
                return f"it ends with: {decision(chosen.step)}"

    def look_up(self) -> None:
        """Answer every open call with what the thread's own tools answered to it."""
        for pending in list(self.state.run.queue):
            step = pending.chosen.step
            for index in pending.open_calls if isinstance(step, CallTools) else ():
                if isinstance(step, CallTools):
                    self._add(
                        self._answer(f"{pending.chosen.effect_id}.{index}", step.calls[index])
                    )

    def _answer(self, effect_id: str, call: ToolCall) -> Fact:
        calls = {
            f"{event.body.effect_id}.{index}": one
            for event in self._whole
            if isinstance(event.body, StepChosen) and isinstance(event.body.step, CallTools)
            for index, one in enumerate(event.body.step.calls)
        }
        for event in self._whole:
            body = event.body
            if not isinstance(body, ToolReturned | ToolFailed):
                continue
            asked = calls.get(body.effect_id)
            if asked is None or (asked.tool, asked.args) != (call.tool, call.args):
                continue
            update = {"effect_id": effect_id, "key": call.key}
            last = {"retry_at": None} if isinstance(body, ToolFailed) else {}
            return body.model_copy(update={**update, **last})
        error = CompactError(system=call.tool, message=NEVER)
        return ToolFailed(
            effect_id=effect_id, key=call.key, tool=call.tool, error=error, retry_at=None
        )

    def _proposed(self, step: ProposeAction) -> str:
        """Go on as the thread did where it proposed the same; else only humans could go on."""
        for event in self._whole[len(self._thread) - 1 :]:
            body = event.body
            if isinstance(body, ActionProposed) and _same(body, step):
                last = self.state.run.queue[-1].chosen.effect_id
                self._add(body.model_copy(update={"effect_id": last}))
                return ""
        return "it ends with a proposal that the thread never made"

    def _add(self, fact: Fact) -> None:
        last = self._thread[-1]
        self._thread.append(Event(last.stream, last.seq + 1, last.at, ACTOR, fact))
        self.state = fold(self._thread)


def _same(made: ActionProposed, step: ProposeAction) -> bool:
    return (made.proposal.tool, dict(made.proposal.args)) == (step.tool, dict(step.args))


def _fact(state: State, choice: Choice) -> StepChosen:
    return StepChosen(
        effect_id=state.run.ask_id,
        step=choice.step,
        by=choice.by,
        usage=choice.usage,
        agreed=choice.agreed,
        fallback=choice.fallback,
        fallback_why=choice.fallback_why,
        dropped=choice.dropped,
    )


def _words(chosen: StepChosen | None) -> str:
    return "(no step)" if chosen is None else decision(chosen.step)
