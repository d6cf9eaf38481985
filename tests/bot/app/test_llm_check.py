"""`triagebot llm check` and the model's part of `triagebot check`."""

import asyncio
import os
import re
import sys
from pathlib import Path

import pytest

from bot.agent.llm_settings import LlmSettings
from bot.app.check import configuration
from bot.app.llm_check import NO_MODEL, WORD, load_llm_settings, try_models, unknown_names
from bot.errors import ConfigError
from tests.bot.agent.llm.asking import KEY, variables
from tests.llm_server import chats, fails, language_server, says
from tests.llm_wire import Turn

PROVEN = says(f'{{"step": "{WORD}"}}', input_tokens=61, cached_tokens=0, output_tokens=12)
BOTH = ["openai:gpt-5-mini", "anthropic:claude-opus-5"]


@pytest.fixture(autouse=True)
def empty_environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in list(os.environ):
        if name.startswith(("LLM_", "OPENAI_", "ANTHROPIC_")):
            monkeypatch.delenv(name)
    monkeypatch.chdir(tmp_path)


async def tried(model: str, *script: Turn, **settings: float | str) -> tuple[str, bool]:
    async with language_server(*script) as server:
        env = variables(server)
        declared = LlmSettings.model_validate({"model": model, **settings})
        lines, sound = await try_models(declared, lambda name: env.get(name, ""))
    return "\n".join(lines), sound


@pytest.mark.parametrize("model", BOTH)
async def test_llm_check_tells_model_window_time_tokens_and_price(model: str) -> None:
    text, sound = await tried(model, PROVEN)
    assert sound
    assert text.startswith(model)
    assert re.search(
        r"answered +in \d+\.\d\d s, as (gpt-5-mini|claude-opus-5)$", text, re.MULTILINE
    )
    assert re.search(r"window +(400000|1000000) tokens$", text, re.MULTILINE)
    assert re.search(r"tokens +61 in \(0 cached\), 12 out$", text, re.MULTILINE)
    assert re.search(r"price +0\.000\d+ US dollars$", text, re.MULTILINE)
    assert re.search(r"schema +enforced \(native\)$", text, re.MULTILINE)
    assert text.endswith("llm check: the model can choose steps")


async def test_llm_check_says_unknown_where_nobody_knows() -> None:
    uncounted = says(f'{{"step": "{WORD}"}}', input_tokens=0, cached_tokens=0, output_tokens=0)
    text, sound = await tried("openai:smollm2", uncounted)
    assert sound
    assert "window    unknown: a small one is assumed; LLM_WINDOW_TOKENS sets it" in text
    assert "price     unknown; LLM_INPUT_USD and LLM_OUTPUT_USD set it" in text
    assert "tokens    not counted by the server" in text


@pytest.mark.parametrize("said", ["Hello! How can I help?", '{"step": "anything"}'])
@pytest.mark.parametrize(("output", "mend"), [("native", "set LLM_OUTPUT=tool"), ("tool", "tool")])
async def test_f04_llm_check_finds_a_server_that_fails_open(
    said: str, output: str, mend: str
) -> None:
    text, sound = await tried("openai:smollm2", chats(said), output=output)
    assert not sound
    assert f"NOT enforced, the server fails open: it answered {said!r}; " in text
    assert mend in text
    assert text.endswith("llm check: mend what failed above")


async def test_llm_check_tries_every_model_of_a_chain_and_names_the_one_that_failed() -> None:
    text, sound = await tried(",".join(BOTH), fails(401, f"bad key {KEY}"), PROVEN)
    assert not sound
    assert "failed    openai:gpt-5-mini does not let us in; check OPENAI_BASE_URL" in text
    assert "anthropic:claude-opus-5\n  answered" in text
    assert KEY not in text


async def test_llm_check_as_a_command_needs_no_model_and_ends_with_its_code() -> None:
    async with language_server(PROVEN, chats("Hello!")) as server:
        env = os.environ | variables(server)
        assert await command(env) == (0, NO_MODEL)
        code, said = await command(env | {"LLM_MODEL": BOTH[0]})
        assert (code, said.splitlines()[0]) == (0, BOTH[0])
        assert (await command(env | {"LLM_MODEL": BOTH[0]}))[0] == 1
        code, said = await command(env | {"LLM_MODEL": "acme:x"})
    assert code == 2
    assert said.startswith("triagebot: LLM_MODEL: no provider is called 'acme'")


async def command(env: dict[str, str]) -> tuple[int | None, str]:
    started = await asyncio.create_subprocess_exec(
        *[Path(sys.executable).with_name("triagebot"), "llm", "check"],
        env=env,
        cwd=Path(__file__).parents[3],
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    said, _ = await started.communicate()
    return started.returncode, said.decode().strip()


def test_check_names_the_model_and_hides_its_key(monkeypatch: pytest.MonkeyPatch) -> None:
    assert f"note     {NO_MODEL}" in configuration()[0]
    monkeypatch.setenv("LLM_MODEL", "anthropic:claude-opus-5,openai:smollm2")
    monkeypatch.setenv("ANTHROPIC_API_KEY", KEY)
    monkeypatch.setenv("OPENAI_BASE_URL", "http://llm:8000/v1")
    lines, sound = configuration()
    text = "\n".join(lines)
    assert sound, text
    assert KEY not in text
    assert re.search(r"^  ANTHROPIC_API_KEY +\*\*\*$", text, re.MULTILINE)
    assert re.search(r"^  OPENAI_BASE_URL +http://llm:8000/v1$", text, re.MULTILINE)
    assert "note     model: anthropic:claude-opus-5 (window of 1000000 tokens); the rule" in text
    assert "note     model, when none before it answers: openai:smollm2 (window unknown)" in text
    assert "note     OPENAI_BASE_URL: prompts and the key go to llm unencrypted; use https" in text
    for address in ("https://llm/v1", "http://127.0.0.1:8000/v1", "http://localhost/v1"):
        monkeypatch.setenv("OPENAI_BASE_URL", address)
        assert "unencrypted" not in "\n".join(configuration()[0])


def test_check_says_that_a_window_must_be_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LLM_MODEL", "openai:smollm2")
    monkeypatch.setenv("OPENAI_BASE_URL", "http://127.0.0.1:8000/v1")
    assert any("set LLM_WINDOW_TOKENS" in line for line in configuration()[0])
    monkeypatch.setenv("LLM_WINDOW_TOKENS", "32000")
    assert not any("set LLM_WINDOW_TOKENS" in line for line in configuration()[0])


def test_check_finds_what_a_model_lacks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LLM_MODEL", "anthropic:claude-opus-5")
    monkeypatch.setenv("LLM_WINDOW_TOKEN", "9000")
    lines, sound = configuration()
    assert not sound
    assert "problem  LLM_WINDOW_TOKEN: no such setting; did you mean LLM_WINDOW_TOKENS?" in lines
    assert any("ANTHROPIC_API_KEY is not set" in line for line in lines)
    monkeypatch.setenv("LLM_MODEL", "nonsense")
    assert any("write provider:name" in line for line in configuration()[0])


def test_only_names_that_are_nearly_ours_are_problems() -> None:
    given = dict.fromkeys(
        ["LLM_MODEL", "LLM_MODEL_FILE", "LLM_USER_PATH", "LLM_OUTPUTS", "LLM"], ""
    )
    assert unknown_names(given) == ["LLM_OUTPUTS: no such setting; did you mean LLM_OUTPUT?"]


def test_g04_a_value_that_will_not_do_is_named_and_a_file_counts(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    tmp_path.joinpath("model").write_text("openai:gpt-5-mini\n")
    monkeypatch.setenv("LLM_MODEL_FILE", str(tmp_path / "model"))
    assert load_llm_settings().model == "openai:gpt-5-mini"
    monkeypatch.setenv("LLM_DEADLINE_S", "900")
    monkeypatch.setenv("LLM_OUTPUT", "words")
    with pytest.raises(ConfigError) as caught:
        load_llm_settings()
    assert [line.partition(":")[0] for line in str(caught.value).splitlines()] == [
        "LLM_OUTPUT",
        "LLM_DEADLINE_S",
    ]
