import json

from bot.evaluation.diffing import difference_json, difference_lines, differences
from bot.evaluation.report import report_json, report_lines
from bot.evaluation.running import Chooser, SuiteResult, Tried, run_suite, total_usd
from bot.evaluation.scoring import ScenarioScore
from bot.incident.steps import Conclude
from bot.settings import Settings
from tests.bot.engine.making import Scripted
from tests.bot.evaluation.suites import case


def scored(name: str = "one", *reasons: str, **more: object) -> ScenarioScore:
    fields = {"outcome": "cause_found", "decided": ("look", "conclude cause_found"), **more}
    return ScenarioScore(name, reasons, **fields)  # pyright: ignore[reportArgumentType]


def tried(*scores: ScenarioScore) -> Tried:
    return Tried(scores)


async def test_a_suite_is_played_as_often_as_asked_and_the_unstable_are_named() -> None:
    ends = iter(["cause_found", "not_an_incident", "cause_found"])

    def chooser_of(_name: str) -> Chooser:
        step = Conclude.model_validate({"summary": "x", "outcome": next(ends)})
        return Chooser(lambda _bot: Scripted([step]))

    cases = [case("one", expect={"outcome": "cause_found"})]
    result = await run_suite(cases, Settings(), chooser_of, repeat=3)
    (one,) = result.tried
    assert (one.passed, one.unstable, one.ways) == (False, True, 2)
    assert "unstable: one passed 2 of 3 times, 2 different courses" in list(report_lines(result))


def test_a_result_counts_what_passed_each_time_and_leaves_drafts_out() -> None:
    result = SuiteResult((
        tried(scored("a")), tried(scored("b", "no")), tried(scored("c", draft="mend it")),
        tried(scored("d"), scored("d", "no")),
    ))  # fmt: skip
    assert (len(result.counted), result.passed, result.ratio) == (3, 1, 1 / 3)
    assert [one.name for one in result.failed] == ["b", "d"]
    assert SuiteResult(()).ratio == 1.0


def test_the_table_shows_each_scenario_with_why_it_failed_and_the_sums() -> None:
    result = SuiteResult((
        tried(scored("good", tokens_in=900, tokens_out=100, micro_usd=1500, agreed=2, compared=3)),
        tried(scored("bad", "no v42", missed=("http_probe {}",), fallbacks_why=("slow",))),
        tried(scored("new", draft="mend it")),
    ))  # fmt: skip
    lines = list(report_lines(result))
    assert lines[1].split() == [
        "good", "ok", "cause_found", "2", "1000", "$0.0015", "0.00", "2/3",
    ]  # fmt: skip
    assert lines[2].split()[:2] == ["bad", "FAIL"]
    assert lines[3:6] == [
        "    no v42", "    not recorded, so nothing answered 1 call:", "      http_probe {}",
    ]  # fmt: skip
    assert lines[6].split()[:2] == ["new", "draft"]
    assert lines[9].startswith("1 of 2 passed (50%), 1000 tokens, $0.0015, ")
    assert lines[9].endswith("1 of 3 are drafts and do not count")
    assert lines[10:] == [
        "2 of 3 steps are what the planner would have chosen",
        "1 step by the planner, because the model did not choose",
        "1 call asked for what was not recorded",
    ]


def test_an_unknown_price_is_said_and_never_counted_as_nothing() -> None:
    scores = [scored(tokens_in=5, micro_usd=None), scored(micro_usd=3)]
    assert total_usd(scores) is None
    assert "unknown" in "\n".join(report_lines(SuiteResult((tried(*scores),))))


def test_the_json_has_every_play() -> None:
    said = json.loads(
        json.dumps(report_json(SuiteResult((tried(scored("a"), scored("a", "no")),))))
    )
    assert (said["scenarios"], said["passed"], said["ratio"]) == (1, 0, 0.0)
    (one,) = said["tried"]
    assert [play["reasons"] for play in one["plays"]] == [[], ["no"]]


def test_a_difference_is_another_course_another_end_or_another_score() -> None:
    same, gone = tried(scored("same")), tried(scored("gone"))
    longer = tried(scored("gone", decided=("look", "ask (text)", "conclude cause_found")))
    worse = tried(scored("worse", "the cause lacks 'v42'", outcome="asked"))
    before = SuiteResult((same, gone, tried(scored("worse"))))
    after = SuiteResult((same, longer, worse))
    found = differences(before, after)
    assert [one.name for one in found] == ["gone", "worse"]
    assert list(difference_lines(found, before, after)) == [
        "gone: ok cause_found → ok cause_found",
        "   2 - conclude cause_found",
        "     + ask (text)",
        "   3 - (no step)",
        "     + conclude cause_found",
        "worse: ok cause_found → FAIL asked",
        "     the cause lacks 'v42'",
        "2 of 3 scenarios decide differently; 3 of 3 passed before, 2 of 3 after",
    ]
    said = json.loads(json.dumps(difference_json(found, before, after)))
    assert (said["passed_before"], said["passed_after"]) == (3, 2)
