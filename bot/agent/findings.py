"""What a model claims, held against the evidence: dropped or lowered, never raised (F-05)."""

import re
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from string import ascii_letters
from typing import Literal

from bot.incident.context import Context, Result
from bot.incident.model import Finding
from bot.incident.steps import CallTools, Conclude, ConclusionKind, Step

Confidence = Literal["low", "medium", "high"]
ORDER: tuple[Confidence, ...] = ("low", "medium", "high")
QUOTED_CHARS = 80
PROVEN: tuple[ConclusionKind, ...] = ("cause_found", "not_an_incident")
"""Outcomes that somebody may act on, so they rest on evidence or are none."""
NOTHING_STANDS = "Not enough evidence: no claim of the conclusion rests on something that was seen."
_TOKEN = re.compile(r"[A-Za-z0-9](?:[\w.,:/%+-]*[\w%])?")
_NUMBER = re.compile(r"(\d+(?:,\d{3})*(?:\.\d+)?)[A-Za-z/%]*")
"""A number and its unit, `4.2s`; not a name, a time or an address."""


@dataclass(frozen=True, slots=True)
class Checked:
    """The Step as it may stand; `dropped` tells in words which claims went, and why."""

    step: Step
    dropped: tuple[str, ...] = ()


def checked(step: Step, context: Context, unseen: Collection[str] = ()) -> Checked:
    """Return the Step with those claims only that cite evidence of this run.

    A claim that cites nothing goes, and so does one that cites what is not there or a look that
    failed. What rests on one piece of evidence is at most medium; on evidence the model was not
    shown in full (`unseen`, or cut), or with a number that stands in none of it, it is low.
    A conclusion none of whose claims stands is that there is not enough evidence.
    """
    if isinstance(step, CallTools):
        return Checked(step)
    results = {one.evidence: one for one in context.results if one.evidence}
    short = {*unseen, *_cut(results, context.cuts)}
    kept: list[Finding] = []
    dropped: list[str] = []
    for finding in step.findings:
        why = _objection(finding, results)
        if why:
            dropped.append(f"“{finding.claim[:QUOTED_CHARS]}” {why}")
        else:
            kept.append(_capped(finding, results, short))
    if isinstance(step, Conclude) and not kept and step.outcome in PROVEN:
        why = f"it concluded {step.outcome.replace('_', ' ')} without evidence"
        ended = {
            "outcome": "not_enough_evidence", "findings": (), "summary": NOTHING_STANDS
        }  # fmt: skip
        return Checked(step.model_copy(update=ended), (*dropped, why))
    return Checked(step.model_copy(update={"findings": tuple(kept)}), tuple(dropped))


def lowered(step: Step, judged: Sequence[Confidence]) -> Step:
    """Return the Step whose n-th finding is at most as sure as `judged[n]`; more never counts."""
    if isinstance(step, CallTools):
        return step
    found = [
        finding.model_copy(update={"confidence": _least(finding.confidence, word)})
        for finding, word in zip(step.findings, judged, strict=False)
    ]
    kept = (*found, *step.findings[len(found) :])
    return step.model_copy(update={"findings": kept})


def _objection(finding: Finding, results: Mapping[str, Result]) -> str:
    if not finding.claim:
        return "says nothing"
    if not finding.evidence:
        return "cites no evidence"
    for one in finding.evidence:
        if one not in results:
            return f"cites {one[:20]!r}, which is no evidence of this investigation"
        if results[one].error:
            return f"cites {one[:20]!r}, a look that failed"
    return ""


def _capped(finding: Finding, results: Mapping[str, Result], short: Collection[str]) -> Finding:
    cited = tuple(dict.fromkeys(finding.evidence))
    confidence = finding.confidence
    if len(cited) == 1:
        confidence = _least(confidence, "medium")
    if set(cited) & set(short) or not _numbers_stand(finding.claim, [results[c] for c in cited]):
        confidence = "low"
    return finding.model_copy(update={"evidence": cited, "confidence": confidence})


def _least(one: Confidence, other: Confidence) -> Confidence:
    return one if ORDER.index(one) <= ORDER.index(other) else other


def _cut(results: Mapping[str, Result], cuts: Iterable[str]) -> Iterator[str]:
    """Yield evidence whose tool's words were cut; an origin is `tool.NAME` or `tool.NAME.fact`."""
    tools = {origin.split(".")[1] for origin in cuts if origin.startswith("tool.")}
    yield from (one for one, result in results.items() if result.tool in tools)


def _numbers_stand(claim: str, cited: Sequence[Result]) -> bool:
    """Tell whether every number of the claim, and every name with a digit, is in what it cites."""
    tokens = {token.lower() for text in _said(cited) for token in _TOKEN.findall(text)}
    known = {*map(_number, tokens), *_values(cited)}
    return all(
        token.lower() in tokens or _is_known(token, known)
        for token in _TOKEN.findall(claim)
        if any(one.isdigit() for one in token)
    )


def _said(cited: Sequence[Result]) -> Iterator[str]:
    for result in cited:
        yield result.summary
        for fact in result.facts:
            yield f"{fact.name} {fact.value} {fact.unit}"


def _values(cited: Sequence[Result]) -> Iterator[float]:
    for result in cited:
        yield from (float(one.value) for one in result.facts if isinstance(one.value, int | float))


def _number(token: str) -> float | None:
    found = _NUMBER.fullmatch(token)
    return None if found is None else float(found[1].replace(",", ""))


def _is_known(token: str, known: Collection[float | None]) -> bool:
    """Compare as numbers: `1,200` is 1200, `4.2` is 4.1987 rounded, `25%` may be 0.25.

    `v43` is a name: it stands there to the letter, or not at all.
    """
    shown = _number(token)
    if shown is None:
        return False
    places = len(token.partition(".")[2].rstrip("%/" + ascii_letters))
    scales = (1, 100) if token.endswith("%") else (1,)
    there = [one for one in known if one is not None]
    return any(round(one * scale, places) == shown for one in there for scale in scales)
