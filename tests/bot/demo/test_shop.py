import asyncio
import signal
import socket
import sys
from asyncio.subprocess import PIPE, Process
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path

import httpx
import pytest

from bot.demo.shop import Shop, main, serve
from bot.demo.shop_options import ShopSettings
from bot.errors import ConfigError
from tests.bot.demo.running import (
    DEPLOY,
    JSON_OBJECT,
    SETTINGS,
    URL,
    Receiver,
    number,
    quick,
    running,
    state,
    until,
)

ROOT = Path(__file__).parents[3]
SHOP = (sys.executable, "-m", "bot.demo.shop")
FAST = (
    "--window-s=0.5",
    "--sample-s=0.05",
    "--evaluate-s=0.05",
    "--for-s=0.1",
    "--latency-s=0.001",
    "--requests-per-s=100",
    "--parent-poll-s=0.02",
)
SECRETS = {"SHOP_DEPLOY_TOKEN": "deploy-secret"}
STARTS_SHOP = """
import os, subprocess, sys
subprocess.Popen([*sys.argv[1:], f"--parent-pid={os.getpid()}"]).wait()
"""


@asynccontextmanager
async def started(*command: str, env: dict[str, str]) -> AsyncGenerator[Process]:
    """Run a command; whatever happens it is gone afterwards."""
    process = await asyncio.create_subprocess_exec(
        *command, cwd=ROOT, env=env, stdout=PIPE, stderr=PIPE
    )
    try:
        yield process
    finally:
        if process.returncode is None:
            process.kill()
        await process.communicate()


async def url_of(process: Process) -> str:
    assert process.stdout is not None
    line = await asyncio.wait_for(process.stdout.readline(), 60)
    said = JSON_OBJECT.validate_json(line)
    assert list(said) == ["url"]
    return str(said["url"])


async def ratio_passes(shop: httpx.AsyncClient, *, above: float, below: float) -> None:
    """Poll `/state` until the error ratio lies between the two."""
    for _ in range(600):
        ratio = (await state(shop))["error_ratio"]
        if ratio is not None and above <= number(ratio) <= below:
            return
        await asyncio.sleep(0.02)
    pytest.fail(f"the error ratio never came between {above} and {below}")


async def test_a_bad_deploy_alarms_and_a_rollback_resolves_the_same_alert() -> None:
    bot = Receiver(statuses=[503])
    options = quick(requests_per_s=200, alert_url="http://bot.test/hooks/alertmanager/demo")
    async with running(options, bot) as shop:
        await ratio_passes(shop, above=0.0, below=0.0)
        assert bot.got == []
        await shop.post("/deploy", json={"version": "v42", "by": "dana"}, headers=DEPLOY)
        await until(lambda: len(bot.got) == 1, "the firing webhook, after a 503")
        await shop.post("/rollback", json={"service": "checkout", "version": "v41"}, headers=DEPLOY)
        await until(lambda: len(bot.got) == 2, "the resolved webhook")
    assert {(path, bearer) for path, bearer, _ in bot.got} == {
        ("/hooks/alertmanager/demo", "Bearer alert-secret")
    }
    firing, resolved = bot.bodies("/hooks/alertmanager/demo")
    assert (firing["status"], resolved["status"]) == ("firing", "resolved")
    assert firing["groupKey"] == resolved["groupKey"]
    first, last = firing["alerts"], resolved["alerts"]
    assert isinstance(first, list)
    assert isinstance(last, list)
    same = ("fingerprint", "startsAt", "labels", "annotations")
    one, two = first[0], last[0]
    assert isinstance(one, dict)
    assert isinstance(two, dict)
    assert [one[name] for name in same] == [two[name] for name in same]
    assert str(two["endsAt"]) > str(two["startsAt"])


@pytest.mark.parametrize(
    ("settings", "named"),
    [
        ({"deploy_token": None}, "SHOP_DEPLOY_TOKEN"),
        ({"alert_token": None}, "SHOP_ALERT_TOKEN"),
        ({"change_token": None}, "SHOP_CHANGE_TOKEN"),
    ],
)
def test_a_missing_token_is_named(settings: dict[str, None], named: str) -> None:
    lacking = SETTINGS.model_copy(update=settings)
    with pytest.raises(ConfigError, match=named):
        Shop(quick(alert_url="http://bot.test/a", change_url="http://bot.test/c"), lacking, URL)


def test_tokens_for_what_is_not_told_are_not_needed() -> None:
    Shop(quick(), ShopSettings(deploy_token=SETTINGS.deploy_token), URL)


async def test_the_real_process_breaks_recovers_and_ends_on_sigterm() -> None:
    async with started(*SHOP, *FAST, env=SECRETS) as process:
        url = await url_of(process)
        assert url.startswith("http://127.0.0.1:")
        async with httpx.AsyncClient(base_url=url, trust_env=False, timeout=60) as shop:
            await ratio_passes(shop, above=0.0, below=0.0)
            await shop.post("/deploy", json={"version": "v42", "by": "dana"}, headers=DEPLOY)
            await ratio_passes(shop, above=0.25, below=0.45)
            back = {"service": "checkout", "version": "v41"}
            await shop.post("/rollback", json=back, headers=DEPLOY)
            await ratio_passes(shop, above=0.0, below=0.04)
            assert (await state(shop))["healthy"] is True
            process.send_signal(signal.SIGTERM)
            out, _ = await asyncio.wait_for(process.communicate(), 60)
        assert (process.returncode, out) == (0, b"")


async def test_it_never_outlives_its_parent() -> None:
    parent = (sys.executable, "-c", STARTS_SHOP)
    async with started(*parent, *SHOP, *FAST, env=SECRETS) as process:
        url = await url_of(process)
        async with httpx.AsyncClient(base_url=url, trust_env=False, timeout=60) as shop:
            await ratio_passes(shop, above=0.0, below=0.0)
            process.kill()
            assert process.stdout is not None
            rest = await asyncio.wait_for(process.stdout.read(), 60)
            assert rest == b"", "the shop holds the pipe until it is gone"
            with pytest.raises(httpx.TransportError):
                await shop.get("/healthz")


async def test_it_says_where_it_is_once_and_ends_when_its_parent_is_gone_already() -> None:
    said: list[str] = []
    orphan = quick(requests_per_s=100, parent_pid=2**31 - 1, parent_poll_s=0.05)
    await asyncio.wait_for(serve(orphan, SETTINGS, said.append), 60)
    assert len(said) == 1
    assert str(JSON_OBJECT.validate_json(said[0])["url"]).startswith("http://127.0.0.1:")


def test_a_wrong_option_is_said_and_exits_2(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "argv", ["shop", "--port=-1"])
    assert main() == 2
    assert capsys.readouterr().err.startswith("shop: --port '-1'")


async def test_without_its_token_it_says_what_to_set_and_exits_2() -> None:
    async with started(*SHOP, env={}) as process:
        out, err = await process.communicate()
    assert (process.returncode, out) == (2, b"")
    assert err.startswith(b"shop: SHOP_DEPLOY_TOKEN is not set")


async def test_a_taken_port_is_said_and_exits_2() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        async with started(*SHOP, f"--port={port}", env=SECRETS) as process:
            _, err = await process.communicate()
    assert process.returncode == 2
    assert b"is not free" in err
