"""Every import contract fails when it is violated, and only that one."""

import re
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
from pydantic import BaseModel

ROOT = Path(__file__).parent.parent


class Contract(BaseModel):
    id: str
    name: str
    layers: list[str] = []
    source_modules: list[str] = []


class Linter(BaseModel):
    contracts: list[Contract]


class Tool(BaseModel):
    importlinter: Linter


class Project(BaseModel):
    tool: Tool


PROJECT = Project.model_validate(tomllib.loads((ROOT / "pyproject.toml").read_text()))
CONTRACTS = PROJECT.tool.importlinter.contracts
NAMES = {contract.name: contract.id for contract in CONTRACTS}
FLOORS = [
    name
    for contract in CONTRACTS
    for layer in contract.layers
    for name in re.findall(r"\w+", layer)
]
PURE = [
    name
    for contract in CONTRACTS
    if contract.id == "pure"
    for name in contract.source_modules
    if name.count(".") > 1 and "*" not in name
]
HOUSE = [
    *(f"bot.{floor}.__init__" for floor in FLOORS),
    *PURE,
    "bot.__init__",
    "bot.agent.llm",
    "bot.agent.prompt",
    "bot.engine.call",
    "bot.engine.choosing",
    "bot.engine.embedded",
    "bot.engine.execute",
    "bot.engine.grant",
    "bot.engine.inventory",
    "bot.engine.last_gate",
    "bot.engine.menu",
    "bot.engine.postgres",
    "bot.engine.prefetch",
    "bot.engine.reads",
    "bot.engine.slices",
    "bot.incident.model",
    "bot.incident.reducer",
    "bot.intake.sources.__init__",
    "bot.knowledge.runbook",
    "bot.store.log",
    "bot.web.pages",
    "channels.__init__",
    "channels.discord",
    "channels.slack",
    "tools.__init__",
    "tools.read.__init__",
    "tools.read.prometheus",
    "tools.write.__init__",
    "tools.write.jobs",
]


def build(house: Path, module: str, imports: str) -> None:
    path = house.joinpath(*module.split(".")).with_suffix(".py")
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"import {imports}\n" if imports else "")


def broken(house: Path) -> set[str]:
    """Run the real linter with the real configuration on another tree."""
    done = subprocess.run(
        [Path(sys.executable).with_name("lint-imports"), "--no-cache", "--no-logo"],
        cwd=house,
        capture_output=True,
        text=True,
        check=False,
    )
    verdicts = re.findall(r"^(.+?) (KEPT|BROKEN)\b", done.stdout, re.MULTILINE)
    told = {name.strip(): verdict for name, verdict in verdicts}
    assert set(told) == set(NAMES), done.stdout + done.stderr
    assert done.returncode == ("BROKEN" in told.values())
    return {NAMES[name] for name, verdict in told.items() if verdict == "BROKEN"}


@pytest.fixture
def house(tmp_path: Path) -> Path:
    for module in HOUSE:
        build(tmp_path, module, "")
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    return tmp_path


OFFENCES = [
    ("floors", "bot.incident.model", "bot.knowledge.runbook"),
    ("floors", "bot.web.pages", "bot.engine"),
    ("floors", "bot.stray", ""),
    ("composition", "bot.web.pages", "bot.store.log"),
    ("composition", "bot.intake.inbox", "bot.intake.sources"),
    ("composition", "bot.agent.router", "bot.agent.llm"),
    ("composition", "bot.engine.drive", "bot.engine.embedded"),
    ("composition", "bot.engine.drive", "channels.slack"),
    ("pure", "bot.incident.model", "random"),
    ("pure", "bot.knowledge.runbook", "httpx"),
    *(("pure", module, "time") for module in PURE),
    ("pure", "bot.agent.prompt", "sqlmodel"),
    ("adapters", "channels.slack", "bot.knowledge.runbook"),
    ("adapters", "tools.read.prometheus", "bot.incident.reducer"),
    ("adapters", "tools.write.jobs", "bot.engine"),
    ("channels", "channels.slack", "channels.discord"),
    ("reading", "tools.read.prometheus", "tools.write.jobs"),
    ("asking", "bot.engine.reads", "bot.engine.execute"),
    ("asking", "bot.engine.choosing", "bot.engine.call"),
    ("asking", "bot.engine.slices", "bot.engine.execute"),
    ("asking", "bot.engine.prefetch", "bot.engine.grant"),
]


@pytest.mark.parametrize(("contract", "module", "imports"), OFFENCES, ids=lambda part: part or "-")
def test_a_violation_breaks_exactly_its_contract(
    house: Path, contract: str, module: str, imports: str
) -> None:
    build(house, module, imports)
    assert broken(house) == {contract}


def test_purity_is_kept_through_others_too(house: Path) -> None:
    build(house, "bot.signing.__init__", "secrets")
    build(house, "bot.incident.model", "bot.signing")
    assert broken(house) == {"pure"}


@pytest.mark.parametrize(
    "seen",
    [
        "bot.errors",
        "bot.incident.model",
        "bot.ports",
        "bot.settings",
        "bot.shelf",
        "bot.signing",
        "bot.telemetry",
    ],
)
def test_an_adapter_may_see_the_vocabulary_and_the_ports(house: Path, seen: str) -> None:
    build(house, "channels.slack", seen)
    build(house, "tools.read.prometheus", seen)
    build(house, "bot.app.__init__", "channels.slack")
    assert broken(house) == set()


def test_every_contract_is_proven_to_fail() -> None:
    assert {contract for contract, _, _ in OFFENCES} == set(NAMES.values())
