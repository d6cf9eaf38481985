"""What an evaluation came to, as a table for people and as JSON values; pure."""

from collections.abc import Iterator

from pydantic import JsonValue

from bot.conversation.phrases import counted
from bot.evaluation.running import SuiteResult, Tried, total_usd
from bot.evaluation.scoring import ScenarioScore

NAME_CHARS = 28
MISSED_SHOWN = 3
MISSED_CHARS = 160


def report_lines(result: SuiteResult) -> Iterator[str]:
    """Yield the table, what is not right under each scenario that failed, and the sums."""
    yield (
        f"{'scenario':<{NAME_CHARS}} {'':<5} {'outcome':<20} {'steps':>5} {'tokens':>8} "
        f"{'cost':>9} {'seconds':>7} {'as planner':>10}"
    )
    for tried in result.tried:
        yield _row(tried)
        yield from _why(tried)
    scores = [score for tried in result.tried for score in tried.scores]
    tokens = sum(score.tokens_in + score.tokens_out for score in scores)
    seconds = sum(score.seconds for score in scores)
    usd = total_usd(scores)
    price = "price unknown" if usd is None else _usd(usd, tokens)
    drafts = len(result.tried) - len(result.counted)
    yield ""
    yield (
        f"{result.passed} of {len(result.counted)} passed ({result.ratio:.0%}), "
        + (f"{tokens} tokens, {price}, " if tokens else "")
        + f"{seconds:.1f} s"
        + (f", {drafts} of {len(result.tried)} are drafts and do not count" if drafts else "")
    )
    yield from _sums(scores)
    unstable = [tried for tried in result.tried if tried.unstable]
    for tried in unstable:
        times = sum(score.passed for score in tried.scores)
        yield (
            f"unstable: {tried.name} passed {times} of {len(tried.scores)} times, "
            f"{tried.ways} different courses"
        )


def report_json(result: SuiteResult) -> JsonValue:
    """Return every number of it."""
    return {
        "scenarios": len(result.counted),
        "passed": result.passed,
        "ratio": result.ratio,
        "tried": [
            {
                "name": tried.name,
                "passed": tried.passed,
                "unstable": tried.unstable,
                "plays": [_play(score) for score in tried.scores],
            }
            for tried in result.tried
        ],
    }


def _play(score: ScenarioScore) -> JsonValue:
    return {
        "passed": score.passed,
        "draft": score.draft,
        "reasons": list(score.reasons),
        "outcome": score.outcome,
        "decided": list(score.decided),
        "not_recorded": list(score.missed),
        "input_tokens": score.tokens_in,
        "output_tokens": score.tokens_out,
        "micro_usd": score.micro_usd,
        "agreed": score.agreed,
        "compared": score.compared,
        "fallbacks": score.fallbacks,
        "seconds": round(score.seconds, 3),
    }


def _row(tried: Tried) -> str:
    score = tried.first
    word = "draft" if score.draft else "ok" if tried.passed else "FAIL"
    tokens = score.tokens_in + score.tokens_out
    micro = None if score.micro_usd is None else score.micro_usd / 1_000_000
    agreed = f"{score.agreed}/{score.compared}" if score.compared else "-"
    return (
        f"{score.name[:NAME_CHARS]:<{NAME_CHARS}} {word:<5} {score.outcome:<20} "
        f"{score.steps:>5} {tokens or '-':>8} {_usd(micro, tokens):>9} {score.seconds:>7.2f} "
        f"{agreed:>10}"
    )


def _why(tried: Tried) -> Iterator[str]:
    score = tried.first
    if score.draft:
        yield f"    {score.draft}"
    for reason in score.reasons:
        yield f"    {reason}"
    if score.missed and not tried.passed:
        yield f"    not recorded, so nothing answered {counted(len(score.missed), 'call')}:"
        for call in score.missed[:MISSED_SHOWN]:
            yield f"      {call[:MISSED_CHARS]}"


def _sums(scores: list[ScenarioScore]) -> Iterator[str]:
    compared = sum(score.compared for score in scores)
    if compared:
        agreed = sum(score.agreed for score in scores)
        yield f"{agreed} of {counted(compared, 'step')} are what the planner would have chosen"
    fallbacks = sum(score.fallbacks for score in scores)
    if fallbacks:
        yield f"{counted(fallbacks, 'step')} by the planner, because the model did not choose"
    missed = sum(len(score.missed) for score in scores)
    if missed:
        yield f"{counted(missed, 'call')} asked for what was not recorded"


def _usd(usd: float | None, tokens: int) -> str:
    if not tokens:
        return "-"
    return "unknown" if usd is None else f"${usd:.4f}"
