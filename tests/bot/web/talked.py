"""An incident that humans asked about, as facts: answered by a model, by rules, and not yet."""

from bot.incident import facts_alerts, facts_run
from bot.incident.events import Event
from bot.incident.fact import Fact
from bot.incident.model import Finding
from bot.incident.steps import CallTools, Conclude, ToolCall
from tests.bot.web.stories import EVIDENCE, HOSTILE, at, bad_deploy

MODEL = "openai:gpt-x"
EXCHANGE = "e" * 16
FOUND = Finding(
    claim="Errors began 74 s after v42 was deployed", evidence=(EVIDENCE,), confidence="high"
)


def asked(text: str, person: str = "dana") -> facts_alerts.MessageReceived:
    return facts_alerts.MessageReceived(person=person, text=text, conversation="web", question=True)


def by_model(effect_id: str) -> facts_run.StepChosen:
    return facts_run.StepChosen(
        effect_id=effect_id,
        step=Conclude(summary="."),
        by=MODEL,
        exchange=EXCHANGE,
        usage=facts_run.Usage(
            input_tokens=4210, output_tokens=310, model=MODEL, requests=3, micro_usd=2100
        ),
        receipt=facts_run.Receipt(
            estimated_tokens=15_360,
            window_tokens=128_000,
            left_out=(facts_run.LeftOut(what="12 older log lines", evidence="a" * 16),),
        ),
        dropped=("The database is down",),
        digests=facts_run.Digests(prompt="1a" * 32, tools="2b" * 32),
    )


def by_rules(effect_id: str) -> facts_run.StepChosen:
    return facts_run.StepChosen(
        effect_id=effect_id,
        step=CallTools(calls=(ToolCall(tool="changes_recent", args={}),)),
        by="planner",
        fallback="rate_limited",
        fallback_why="429 from openai, again in 30 s",
    )


def ended(
    text: str, by: str, question: str = "", *findings: Finding
) -> facts_run.ConclusionReached:
    return facts_run.ConclusionReached(
        summary=text,
        findings=findings,
        by=by,
        outcome="answered" if question else "cause_found",
        question=question,
    )


def talked(stream: str = "INC-7") -> list[Event]:
    """A bad deploy that was concluded, asked about twice, and is being asked about."""
    before = bad_deploy(stream)
    facts: list[tuple[float, Fact]] = [
        (50, by_model("r1s2")),
        (51, ended("v42 broke checkout: its tax table is empty.", MODEL, "", FOUND)),
        (60, asked("what changed?")),
        (61, by_rules("r2s1")),
        (
            62,
            ended(
                "Known changes of checkout, newest first: deploy of v42 (before: v41) by dana.",
                "planner",
                "what changed?",
            ),
        ),
        (70, asked(f"and why? {HOSTILE}", "eve")),
        (71, by_model("r3s1")),
        (72, ended("The tax table of v42 is empty.", MODEL, f"and why? {HOSTILE}", FOUND)),
        (80, asked("who should I call about the tax table?")),
        (81, asked("did this happen before?", "eve")),
    ]
    rest = [
        Event(stream, len(before) + place, at(seconds), "bot", fact)
        for place, (seconds, fact) in enumerate(facts, start=1)
    ]
    return [*before, *rest]
