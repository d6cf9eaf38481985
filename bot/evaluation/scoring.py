"""Scores a play against what is right: the same play always gives the same score; pure."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from pydantic import JsonValue

from bot.evaluation.playing import Played
from bot.evaluation.recorded import fits
from bot.evaluation.scenario import Expected, ProposalExpected
from bot.incident.facts_action import ActionProposed
from bot.incident.facts_run import ConclusionReached, StepChosen, ToolReturned
from bot.incident.steps import AskHuman, Conclude, ProposeAction, Step


@dataclass(frozen=True, slots=True)
class ScenarioScore:
    """How one scenario went; `reasons` say what is not right, none: it passed.

    `decided` are the Steps in a few words each, in order: two plays that decide the same have the
    same. `agreed` of `compared` Steps are what the planner would have chosen. `micro_usd` None: the
    price of at least one call is unknown. `draft`: nobody has said yet what is right.
    """

    name: str
    reasons: tuple[str, ...]
    outcome: str
    decided: tuple[str, ...]
    draft: str = ""
    missed: tuple[str, ...] = ()
    tokens_in: int = 0
    tokens_out: int = 0
    micro_usd: int | None = 0
    agreed: int = 0
    compared: int = 0
    fallbacks_why: tuple[str, ...] = ()
    seconds: float = 0.0

    @property
    def passed(self) -> bool:
        """True when everything is right."""
        return not self.reasons

    @property
    def fallbacks(self) -> int:
        """How many Steps the planner chose because the model did not; `fallbacks_why` says why."""
        return len(self.fallbacks_why)

    @property
    def steps(self) -> int:
        """How many Steps it took."""
        return len(self.decided)


def score(played: Played, faults: tuple[str, ...] = ()) -> ScenarioScore:
    """Return the score; `faults` are what the model's stand-in has to say besides."""
    chosen = [event.body for event in played.events if isinstance(event.body, StepChosen)]
    usages = [one.usage for one in chosen if one.usage.requests]
    prices = [usage.micro_usd for usage in usages]
    known = [price for price in prices if price is not None]
    draft = played.case.scenario.draft
    return ScenarioScore(
        name=played.case.name,
        reasons=(*faults, *played.faults, *(() if draft else _wrong(played, chosen))),
        outcome=ended_as(played),
        decided=tuple(decision(one.step) for one in chosen),
        draft=draft,
        missed=played.missed,
        tokens_in=sum(usage.input_tokens for usage in usages),
        tokens_out=sum(usage.output_tokens for usage in usages),
        micro_usd=sum(known) if len(known) == len(prices) else None,
        agreed=sum(one.agreed is True for one in chosen),
        compared=sum(one.agreed is not None for one in chosen),
        fallbacks_why=tuple(one.fallback for one in chosen if one.fallback),
        seconds=played.seconds,
    )


def ended_as(played: Played) -> str:
    """Return how the run ended: `asked`, as its last conclusion says, or `none`."""
    if any(view.status == "open" for view in played.state.incident.questions.values()):
        return "asked"
    reached = [one.body for one in played.events if isinstance(one.body, ConclusionReached)]
    return reached[-1].outcome if reached else "none"


def decision(step: Step) -> str:
    """Return what a Step decides, in a few words: what it says besides is left out."""
    match step:
        case ProposeAction():
            return f"propose {step.template or step.tool}({_args(step.args)})"
        case AskHuman():
            return f"ask ({step.answer})"
        case Conclude():
            return f"conclude {step.outcome}"
        case _:
            return "; ".join(sorted(f"{call.tool}({_args(call.args)})" for call in step.calls))


def _args(args: Mapping[str, JsonValue]) -> str:
    return ", ".join(f"{key}={args[key]}" for key in sorted(args))


def _wrong(played: Played, chosen: list[StepChosen]) -> Iterator[str]:
    expect = played.case.scenario.expect
    said = _said(played, chosen)
    for words in expect.cause:
        if not any(_plain(word) in said for word in words):
            yield f"the cause lacks {' or '.join(map(repr, words))}"
    for word in expect.forbidden:
        if _plain(word) in said:
            yield f"{word!r} is said, and is wrong"
    yield from _proposals(played, expect.proposal)
    yield from _course(played, expect, len(chosen))


def _course(played: Played, expect: Expected, steps: int) -> Iterator[str]:
    """Yield what is wrong with how it went, whatever was said."""
    outcome = ended_as(played)
    if expect.outcome and outcome not in expect.outcome:
        yield f"it ended as {outcome}, not {' or '.join(expect.outcome)}"
    looked = {one.body.tool for one in played.events if isinstance(one.body, ToolReturned)}
    for tool in expect.evidence:
        if tool not in looked:
            yield f"{tool} never answered"
    if steps > expect.max_steps:
        yield f"{steps} steps, more than {expect.max_steps}"
    if len(played.incidents) != expect.incidents:
        yield f"{len(played.incidents)} incidents, not {expect.incidents}"
    status = played.state.incident.status
    if expect.status and status != expect.status:
        yield f"the incident is {status}, not {expect.status}"


def _proposals(played: Played, expect: ProposalExpected | str | None) -> Iterator[str]:
    made = [one.body for one in played.events if isinstance(one.body, ActionProposed)]
    if expect is None:
        return
    if isinstance(expect, str):
        if made:
            yield f"{made[0].proposal.action} is proposed, and nothing should be"
        return
    right = [
        one
        for one in made
        if expect.tool in {"", one.proposal.tool}
        and expect.template in {"", one.template}
        and fits(expect.args, one.proposal.args)
    ]
    name = expect.template or expect.tool or "an action"
    if len(right) != expect.times:
        yield f"{name} is proposed as expected {len(right)} times, not {expect.times}"
    if len(right) < len(made):
        other = next(one for one in made if one not in right)
        yield f"{other.proposal.action} is proposed with {dict(other.proposal.args)}"


def _said(played: Played, chosen: list[StepChosen]) -> str:
    """Return all that the bot claims, in plain letters."""
    texts: list[str] = []
    for event in played.events:
        if isinstance(event.body, ConclusionReached):
            texts += [event.body.summary, *(one.claim for one in event.body.findings)]
    for one in chosen:
        if isinstance(one.step, ProposeAction | AskHuman):
            texts += [finding.claim for finding in one.step.findings]
        if isinstance(one.step, ProposeAction):
            texts.append(one.step.reason)
        if isinstance(one.step, AskHuman):
            texts.append(one.step.question)
    return _plain("\n".join(texts))


def _plain(text: str) -> str:
    return " ".join(text.casefold().split())
