"""One LlmMind over the real prompts and the real closed world, with a model that says its lines."""

from pydantic import JsonValue

from bot.agent.budget import Budget
from bot.agent.prompt_files import read_prompts
from bot.agent.step_model import LlmMind
from bot.incident.context import Context, ToolOffer
from bot.ports import Choice, Objection
from bot.telemetry import REGISTRY
from tests.bot.agent.minds import (
    MODEL,
    Book,
    Speaker,
    Steady,
    context,
    nothing_against,
    result,
    settings,
)
from tests.bot.engine.making import GOOD, JobArgs, ProbeArgs
from tests.fakes import FakeClock

OFFERS = (
    ToolOffer("http_probe", "looks at the shop", ProbeArgs.model_json_schema(), "read"),
    ToolOffer("job_run", "runs a job", JobArgs.model_json_schema(), "action"),
)
SEEN = context(result("e1"), result("e2", key="", args={"probe": "queue"}), tools=OFFERS)
PROMPTS = read_prompts()


def finding(claim: str, *evidence: str, confidence: str = "high") -> dict[str, JsonValue]:
    return {"claim": claim, "evidence": list(evidence), "confidence": confidence}


def ending(*findings: JsonValue, summary: str = "v42 is broken.") -> JsonValue:
    step: dict[str, JsonValue] = {"kind": "conclude", "outcome": "cause_found"}
    return {"step": {**step, "summary": summary, "findings": list(findings)}}


def proposing(version: str = GOOD) -> JsonValue:
    return {
        "step": {
            "kind": "propose_action",
            "template": "rollback",
            "args": {"job": "rollback", "version": version},
            "reason": "v42 is broken",
            "findings": [finding("v42 is broken", "e1")],
        }
    }


LOOKING: JsonValue = {
    "step": {
        "kind": "call_tools",
        "calls": [{"tool": "http_probe", "args": {"service": "checkout", "probe": "state"}}],
    }
}
FOUND = ending(finding("v42 is broken", "e1", "e2"))
NO_STEP = '{"step": {"kind": "run_shell", "command": "rm -rf /"}}'


class Stage:
    """One mind with all that stands around it."""

    def __init__(self, *lines: object, **changed: object) -> None:
        self.book, self.clock = Book(), Steady()
        self.speaker = Speaker(lines)
        made = settings(**changed)
        self.mind = LlmMind(
            self.speaker,
            PROMPTS,
            Budget(self.book, FakeClock(), made),
            made,
            monotonic=self.clock,
            hosts=lambda: {"wiki.example.test"},
        )

    async def choose(self, given: Context = SEEN, refusal: Objection = nothing_against) -> Choice:
        return await self.mind.choose(given, refusal)

    @property
    def told(self) -> list[str]:
        """What the model was told in each request, the part that changes."""
        return [prompt.volatile for prompt in self.speaker.prompts]


def count(name: str, **labels: str) -> float:
    return REGISTRY.get_sample_value(name, {"model": MODEL, **labels}) or 0.0
