"""Who may be evaluated, and that a live model's calls count against the bot's own budget."""

import json
from contextlib import AsyncExitStack
from datetime import timedelta
from pathlib import Path

import pytest

from bot.agent.llm_settings import LlmSettings
from bot.agent.prompt_files import read_prompts
from bot.errors import InputError
from bot.evaluation.choosers import Cassettes, Models, Outfit, Planners, open_choosers
from bot.evaluation.minds import LooseBook, TaggedBook
from bot.evaluation.playing import play
from bot.evaluation.running import run_suite
from bot.evaluation.scoring import score
from bot.evaluation.suite import read_suite
from bot.knowledge.planner import RunbookPlanner
from bot.ports import ModelCall
from bot.settings import Settings
from tests.bot.evaluation.suites import EVALS
from tests.evals.author import CASSETTE, NAME, Author
from tests.fakes import T0, FakeClock, open_store
from tests.llm_server import language_server, says


async def test_the_words_of_the_command_line_name_who_plays() -> None:
    async with AsyncExitStack() as stack:
        assert isinstance(await open_choosers(stack, "planner"), Planners)
        assert isinstance(await open_choosers(stack, "configured"), Planners), "no LLM_MODEL here"
        tape = await open_choosers(stack, f"cassette:{CASSETTE}")
        assert isinstance(tape, Cassettes)
        assert tape.name == NAME
        assert isinstance(Planners().alone(), RunbookPlanner)
        with pytest.raises(InputError, match="none of planner, configured, cassette:FILE"):
            await open_choosers(stack, "gpt")


def call(identifier: str, incident: str = "INC-1", tokens: int = 100) -> ModelCall:
    return ModelCall(identifier, incident, "r1s1", "m", T0, 10, tokens, 5, 3)


async def test_a_book_in_memory_adds_up_and_replaces_what_it_knows() -> None:
    book = LooseBook()
    for one in (call("a", tokens=1), call("a"), call("b", "INC-2")):
        await book.add(one)
    assert (await book.spent(T0)).input_tokens == 200
    assert (await book.spent(T0, "INC-1")).calls == 1
    assert (await book.spent(T0 + timedelta(seconds=1))).calls == 0
    assert list(await book.ratios("m")) == []


async def test_f10_an_evaluation_spends_the_bots_own_budget_and_no_incidents(
    tmp_path: Path,
) -> None:
    async with open_store(tmp_path) as store:
        await store.model_calls.add(call("real"))
        book = TaggedBook(store.model_calls, "eval-1")
        await book.add(call("real", tokens=700))
        assert (await book.spent(T0, "INC-1")).input_tokens == 700
        assert (await store.model_calls.spent(T0, "INC-1")).input_tokens == 100
        assert (await store.model_calls.spent(T0)).input_tokens == 800
        assert len(await book.ratios("m")) == len(await store.model_calls.ratios("m"))


async def test_f10_the_limits_of_an_hour_hold_for_all_plays_together() -> None:
    (case,) = read_suite(EVALS / "bad-deploy")
    settings = LlmSettings(hour_tokens=20_000)
    models = Models(Author, NAME, Outfit(read_prompts(), LooseBook(), FakeClock(), settings))
    result = await run_suite([case], Settings(), models, repeat=3)
    (tried,) = result.tried
    assert tried.scores[0].fallbacks == 0
    assert set(tried.scores[-1].fallbacks_why) == {"budget"}
    assert result.passed == 1, "the planner carries on"


async def test_a_live_model_plays_over_its_own_wire_and_its_words_make_a_cassette(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    (case,) = read_suite(EVALS / "missing-metric")
    looks = [{"diagnose": "errors"}, {"diagnose": "deploys"}]
    ends: dict[str, object] = {
        "outcome": "not_enough_evidence",
        "summary": "Nothing is measured.",
        "findings": [],
    }
    steps: tuple[dict[str, object], ...] = (
        {"kind": "call_tools", "calls": looks},
        {"kind": "conclude", **ends},
    )
    script = [says(json.dumps({"step": step})) for step in steps]
    async with language_server(*script) as server, AsyncExitStack() as stack:
        monkeypatch.setenv("LLM_MODEL", "openai:gpt-5-mini")
        monkeypatch.setenv("OPENAI_BASE_URL", server.openai)
        monkeypatch.setenv("OPENAI_API_KEY", "any")
        models = await open_choosers(stack, "configured")
        assert isinstance(models, Models)
        result = await run_suite([case], Settings(), models)
        (tried,) = result.tried
        cassette = models.cassette("accept it")
        sent = len(server.asked)
    assert tried.first.reasons == ()
    assert tried.first.fallbacks == 0
    assert (tried.first.tokens_in, tried.first.micro_usd) != (0, None)
    assert cassette.model == "openai:gpt-5-mini"
    assert len(cassette.scenarios["missing-metric"]) == sent == 2
    again = Cassettes(cassette, read_prompts())
    chooser = again("missing-metric")
    played = await play(case, Settings(), chooser.model)
    assert score(played, chooser.faults()).reasons == ()
