"""A real mind in the loop: prompts, closed world and budget are the bot's, the model says lines."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, cast

from pydantic import JsonValue

from bot.agent.budget import Budget
from bot.agent.exchange import Prompt
from bot.agent.prompt_files import read_prompts
from bot.agent.relay import Relay
from bot.agent.step_model import LlmMind
from bot.incident.facts_run import StepChosen
from bot.ports import ModelCalls
from tests.bot.agent.minds import Speaker, Steady, Windows, settings
from tests.bot.engine.house import House, World, furnish
from tests.bot.engine.making import GOOD
from tests.fakes import open_store


@dataclass
class Thinking:
    """What a mind is made from, kept over processes as the model itself is."""

    speaker: Speaker
    limits: dict[str, object] = field(default_factory=dict[str, object])
    windows: Windows = field(default_factory=Windows)
    clock: Steady = field(default_factory=Steady)

    def mind(self, world: World, calls: ModelCalls) -> Relay:
        made = settings(**self.limits)
        budget = Budget(calls, world.clock, made)
        front = LlmMind(self.speaker, read_prompts(), budget, made, monotonic=self.clock)
        return Relay(front, made, monotonic=self.clock, within=self.windows)


@asynccontextmanager
async def thinking_house(
    folder: Path, world: World, thinking: Thinking, calls: ModelCalls | None = None
) -> AsyncGenerator[House]:
    """Open one process whose Steps a model chooses, over the store's own book of calls."""
    async with open_store(folder, world.clock) as store:
        world.model = thinking.mind(world, calls or store.model_calls)
        yield furnish(world, store)


def evidence_of(prompt: Prompt) -> list[JsonValue]:
    """The evidence ids that the schema lets the model cite."""
    defs = cast("Any", prompt.schema)["$defs"]
    return defs["findings"]["items"]["properties"]["evidence"]["items"]["enum"]


def looks(_: Prompt) -> JsonValue:
    return {"step": {"kind": "call_tools", "calls": [{"diagnose": "state"}]}}


def proposes(prompt: Prompt) -> JsonValue:
    return {
        "step": {
            "kind": "propose_action",
            "template": "rollback",
            "args": {"job": "rollback", "version": GOOD},
            "reason": "v42 is broken",
            "findings": _claims(prompt),
        }
    }


def concludes(prompt: Prompt) -> JsonValue:
    step: dict[str, JsonValue] = {
        "kind": "conclude",
        "outcome": "cause_found",
        "summary": "v42 is broken.",
        "findings": _claims(prompt),
    }
    return {"step": step}


def _claims(prompt: Prompt) -> JsonValue:
    cited = evidence_of(prompt)[:1]
    return [{"claim": "v42 is broken", "evidence": cited, "confidence": "high"}]


async def chosen(house: House) -> list[StepChosen]:
    """Every Step of the thread so far."""
    return [one for one in await house.bodies(StepChosen) if isinstance(one, StepChosen)]
