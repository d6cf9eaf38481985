"""Sets the demo's stage: a temporary folder of knowledge, random secrets, the shop's process."""

import asyncio
import json
import os
import secrets
import sys
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from string import Template

from bot.errors import ConfigError
from bot.settings import environment

KNOWLEDGE = Path(__file__).resolve().parent / "knowledge"
START_S = 20.0
END_S = 5.0


@dataclass(frozen=True, slots=True)
class Tokens:
    """The secrets of one demo; made fresh, kept in memory, handed on by environment."""

    alert: str
    change: str
    rollback: str

    @classmethod
    def fresh(cls) -> "Tokens":
        """Return new random tokens."""
        return cls(*(secrets.token_urlsafe(24) for _ in range(3)))

    def secret(self, name: str, prometheus: str = "") -> str:
        """Return what the bot would find in its environment under `name`; "" when unset."""
        known = {
            "TRIAGE_HOOK_ALERTMANAGER": self.alert,
            "TRIAGE_HOOK_CHANGE": self.change,
            "SHOP_ROLLBACK_TOKEN": self.rollback,
            "PROMETHEUS_URL": prometheus,
        }
        return known.get(name, "")


def write_knowledge(folder: Path, shop_url: str) -> None:
    """Write the demo's knowledge, pointing at this shop, into an empty folder."""
    folder.mkdir(parents=True, exist_ok=True)
    for file in sorted(KNOWLEDGE.iterdir()):
        text = file.read_text(encoding="utf-8")
        if file.suffix == ".yaml":
            text = Template(text).substitute(shop=shop_url)
        (folder / file.name).write_text(text, encoding="utf-8")


@asynccontextmanager
async def running_shop(tokens: Tokens, bot_url: str) -> AsyncGenerator[str]:
    """Run the shop as a process of its own and yield its URL; it ends with the block.

    Raises:
        ConfigError: It did not start.
    """
    env = {
        **environment(),
        "SHOP_DEPLOY_TOKEN": tokens.rollback,
        "SHOP_ALERT_TOKEN": tokens.alert,
        "SHOP_CHANGE_TOKEN": tokens.change,
    }
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "bot.demo.shop",
        "--alert-url",
        f"{bot_url}/hooks/alertmanager/default",
        "--change-url",
        f"{bot_url}/hooks/change/default",
        "--parent-pid",
        str(os.getpid()),
        env=env,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.DEVNULL,
    )
    try:
        yield await _address(process)
    finally:
        if process.returncode is None:
            process.terminate()
            try:
                await asyncio.wait_for(process.wait(), END_S)
            except TimeoutError:
                process.kill()
                await process.wait()


async def _address(process: asyncio.subprocess.Process) -> str:
    if process.stdout is None:
        raise ConfigError("the demo's shop has no output to read")
    try:
        line = await asyncio.wait_for(process.stdout.readline(), START_S)
    except TimeoutError:
        raise ConfigError(f"the demo's shop did not start within {START_S:.0f} s") from None
    if not line:
        raise ConfigError("the demo's shop ended before it had started")
    return str(json.loads(line)["url"])
