"""Who chooses the Steps: the planner alone, or the model that is named, through its real wire."""

import json
import logging
import subprocess
import sys
from collections.abc import Mapping
from contextlib import AsyncExitStack
from pathlib import Path

import pytest

from bot.agent.llm_settings import LlmSettings
from bot.agent.relay import GRACE_S, Relay
from bot.app.library import FolderLibrary
from bot.app.minding import Means, known_hosts, limit_problems, open_mind
from bot.app.role import SERVE, WEB, WORKER, Role
from bot.app.toolset import needs
from bot.demo.stage import write_knowledge
from bot.engine.drive import ASK_TIMEOUT_S
from bot.errors import ConfigError
from bot.incident.facts_run import FallbackKind
from bot.knowledge.planner import RunbookPlanner
from bot.ports import Choice, Mind, Spending, StepModel
from bot.settings import Settings
from tests.bot.agent.minds import nothing_against
from tests.bot.agent.stage import FOUND, SEEN
from tests.fakes import T0, FakeClock, open_store
from tests.llm_server import Turn, chats, drops, fails, language_server, overflows, says, stalls

MODEL = {"LLM_MODEL": "openai:some-model", "OPENAI_API_KEY": "k3y-canary"}


async def opened(
    folder: Path, environment: Mapping[str, str], role: Role = SERVE
) -> StepModel | Mind:
    async with AsyncExitStack() as stack:
        return await open_mind(stack, await means(stack, folder, environment), role)


async def means(stack: AsyncExitStack, folder: Path, environment: Mapping[str, str]) -> Means:
    store = await stack.enter_async_context(open_store(folder))
    clock = FakeClock()
    given = needs(lambda _: {}, lambda name: environment.get(name, ""), store.changes, clock)
    write_knowledge(folder / "knowledge", "http://127.0.0.1:1")
    library = FolderLibrary(folder / "knowledge")
    return Means(Settings(), given, store.model_calls, clock, library)


async def test_without_a_model_the_planner_chooses_and_the_log_says_so(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    assert isinstance(await opened(tmp_path, {}), RunbookPlanner)
    assert "rule-based" in caplog.text


async def test_a_model_is_named_in_the_log_and_has_the_planner_behind_it(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    mind = await opened(tmp_path, MODEL)
    assert isinstance(mind, Relay)
    assert mind.name == "openai:some-model"
    assert "Steps are chosen by openai:some-model" in caplog.text
    assert "k3y-canary" not in caplog.text


@pytest.mark.parametrize("role", [WEB, WORKER])
async def test_only_a_process_that_drives_opens_a_model(tmp_path: Path, role: Role) -> None:
    assert isinstance(await opened(tmp_path, MODEL, role), Relay) is role.drives


@pytest.mark.parametrize(
    ("environment", "words"),
    [
        ({**MODEL, "LLM_DAY_USD": "5"}, "no price of openai:some-model is known"),
        ({**MODEL, "LLM_PATIENCE_S": "x"}, "LLM_PATIENCE_S"),
        ({"LLM_MODEL": "some-model"}, "LLM_MODEL: write provider:name"),
    ],
    ids=["price", "number", "name"],
)
async def test_what_will_not_do_is_refused_at_the_start(
    tmp_path: Path, environment: dict[str, str], words: str
) -> None:
    with pytest.raises(ConfigError, match=words):
        await opened(tmp_path, environment)


def test_g04_without_a_model_none_of_its_code_is_loaded() -> None:
    script = (
        "import sys, bot.app.serve\n"
        "print([one for one in sys.modules if one.startswith(('bot.agent.llm.', 'pydantic_ai',"
        " 'genai_prices', 'bot.agent.relay', 'bot.agent.step_model'))])"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "[]"


def limits(**changed: object) -> list[str]:
    return limit_problems(LlmSettings.model_validate({"model": "openai:gpt-5-mini", **changed}))


def test_f10_limits_that_cannot_be_kept_are_problems() -> None:
    assert limits() == []
    assert limits(day_usd=5) == []  # its price is on the list
    assert limits(model="ollama:qwen3:8b", day_usd=5, input_usd=1, output_usd=1) == []
    (unpriced,) = limits(model="openai:gpt-5-mini,ollama:qwen3:8b", incident_usd=1, input_usd=1)
    assert "set both" in unpriced
    assert "ollama:qwen3:8b" in unpriced
    (impatient,) = limits(patience_s=20, deadline_s=10)
    assert impatient.startswith("LLM_PATIENCE_S: 20 is more than LLM_DEADLINE_S (10)")
    (short,) = limits(incident_output_tokens=1000)
    assert short.startswith("LLM_INCIDENT_OUTPUT_TOKENS: 1000 is less than one answer may have")
    assert limits(incident_output_tokens=0) == []
    assert limits(model="", day_usd=5, patience_s=20, deadline_s=10) == []


def test_f11_the_loop_waits_longer_than_any_model_may_take() -> None:
    longest = LlmSettings(model="openai:x", deadline_s=50).deadline_s
    with pytest.raises(ValueError, match="less than or equal to 50"):
        LlmSettings(deadline_s=50.1)
    assert longest + GRACE_S < ASK_TIMEOUT_S


def test_f09_a_model_may_write_the_addresses_that_the_team_wrote_down(tmp_path: Path) -> None:
    write_knowledge(tmp_path, "http://127.0.0.1:1")
    tmp_path.joinpath("services.yaml").write_text(
        "services: [{name: a, links: [{title: t, url: 'https://wiki.example.test/a'}]}]"
    )
    settings = Settings.model_validate({"public_url": "https://bot.example.test/x"})
    hosts = known_hosts(settings, FolderLibrary(tmp_path))
    assert hosts() == {"wiki.example.test", "bot.example.test"}
    assert known_hosts(Settings(), FolderLibrary(tmp_path))() == {"wiki.example.test"}


async def asked(
    folder: Path, *script: Turn, **environment: str
) -> tuple[Choice, list[str], Spending]:
    """Let the whole stack choose one Step; return it, what was sent, and what the book says."""
    async with language_server(*script) as server, AsyncExitStack() as stack:
        given = {**MODEL, "OPENAI_BASE_URL": server.openai, **environment}
        made = await means(stack, folder, given)
        mind = await open_mind(stack, made, SERVE)
        assert isinstance(mind, Relay)
        choice = await mind.choose(SEEN, nothing_against)
        return choice, [one.prompt for one in server.asked], await made.calls.spent(T0)


async def test_the_whole_stack_chooses_a_step_over_the_wire(tmp_path: Path) -> None:
    answer = says(json.dumps(FOUND))
    choice, sent, spent = await asked(tmp_path, answer, LLM_INPUT_USD="1", LLM_OUTPUT_USD="10")
    assert (choice.by, choice.fallback) == ("openai:some-model", "")
    assert choice.step.kind == "conclude"
    assert (choice.usage.input_tokens, choice.usage.cached_tokens) == (1500, 1200)
    assert (spent.calls, spent.input_tokens, spent.output_tokens) == (1, 1500, 60)
    assert spent.micro_usd == choice.usage.micro_usd == 2100
    assert choice.receipt is not None
    assert choice.receipt.estimated_tokens > 1000
    assert len(sent) == 1
    assert b"k3y-canary" not in choice.exchange


FAILING: dict[str, tuple[Turn, FallbackKind, int]] = {
    "rate limited": (fails(429, retry_after_s=60), "rate_limited", 1),
    "overloaded": (fails(529), "overloaded", 1),
    "broken": (fails(500), "overloaded", 1),
    "the wrong key": (fails(401), "refused", 1),
    "gone": (drops(), "unreachable", 1),
    "prose": (chats("I would restart it."), "invalid", 3),
    "the wrong schema": (says('{"step": {"kind": "reboot"}}'), "invalid", 3),
    "cut short": (says('{"step": {"kind', stop="length"), "invalid", 3),
    "too long a context": (overflows(), "invalid", 2),
    "silent": (stalls(), "slow", 1),
}


@pytest.mark.parametrize("name", FAILING)
async def test_f11_whatever_comes_over_the_wire_the_planner_carries_on(
    tmp_path: Path, name: str
) -> None:
    turn, kind, requests = FAILING[name]
    choice, sent, spent = await asked(
        tmp_path, turn, LLM_DEADLINE_S="1", LLM_PATIENCE_S="1", LLM_WINDOW_TOKENS="100000"
    )
    assert (choice.by, choice.fallback) == ("planner", kind)
    assert choice.fallback_why
    assert len(sent) == requests
    assert spent.calls <= requests
    assert choice.exchange
    assert b"k3y-canary" not in choice.exchange
