"""The image and the compose file, read and tried without a container engine."""

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import NamedTuple

import pytest
import yaml
from pydantic import BaseModel

from tests.peers import REQUIRED

ROOT = Path(__file__).parent.parent
SECRET = re.compile(r"secret|token|password|passwd|api_?key|credential|private", re.IGNORECASE)


class Instruction(NamedTuple):
    word: str
    rest: str


def stages() -> list[list[Instruction]]:
    """Return the instructions of each stage of the Dockerfile, its FROM first."""
    text = re.sub(r"^\s*#.*\n", "", ROOT.joinpath("Dockerfile").read_text(), flags=re.MULTILINE)
    lines = re.sub(r"\\\n\s*", "", text).splitlines()
    steps = [Instruction(*line.split(maxsplit=1)) for line in lines if line.strip()]
    starts = [n for n, step in enumerate(steps) if step.word == "FROM"]
    return [steps[start:end] for start, end in zip(starts, [*starts[1:], None], strict=True)]


BUILD, IMAGE = stages()


def only(word: str) -> str:
    (found,) = [step.rest for step in IMAGE if step.word == word]
    return found


def test_g20_the_image_runs_as_a_number_that_is_nobody() -> None:
    user, group = only("USER").split(":")
    assert int(user) >= 10_000
    assert int(group) >= 10_000
    assert [step.word for step in IMAGE].index("USER") > max(
        n for n, step in enumerate(IMAGE) if step.word == "RUN"
    )


@pytest.mark.parametrize("word", ["ENTRYPOINT", "CMD", "VOLUME"])
def test_g20_no_shell_stands_between_a_signal_and_the_bot(word: str) -> None:
    assert isinstance(json.loads(only(word)), list)


def test_g20_the_image_says_whether_it_is_well() -> None:
    probe = json.loads(only("HEALTHCHECK").partition("CMD ")[2])
    assert probe[0] == "python"
    compile(probe[2], "probe", "exec")
    assert "/livez" in probe[2]


@pytest.mark.parametrize(
    "label", ["title", "description", "version", "revision", "created", "source", "licenses"]
)
def test_g20_the_image_says_what_it_is(label: str) -> None:
    assert f"org.opencontainers.image.{label}=" in only("LABEL")


def test_g20_every_package_of_the_image_is_checked_by_its_hash() -> None:
    installs = [
        command
        for step in [*BUILD, *IMAGE]
        if step.word == "RUN"
        for command in step.rest.split("&&")
        if re.search(r"\bpip (install|download|wheel)\b", command)
    ]
    assert installs
    assert [c for c in installs if "--require-hashes" not in c and "--no-index" not in c] == []


def test_g20_the_image_holds_no_secret_and_fetches_no_address() -> None:
    everything = [*BUILD, *IMAGE]
    kept = [step.rest for step in everything if step.word in {"ARG", "ENV"}]
    named = [name for rest in kept for name in re.findall(r"(\w+)=", rest)]
    assert [n for n in named if SECRET.search(n) and not n.endswith("_FILE")] == []
    assert [step for step in everything if step.word == "ADD"] == []
    assert [step for step in everything if re.search(r"curl|wget|https://", step.rest)] == []


PINNED = re.compile(r"^([a-z0-9._-]+)==", re.MULTILINE)
OF_MODELS = {"pydantic-ai-slim", "openai", "anthropic", "httpx2"}
OF_NO_IMAGE = {"boto3", "google-genai", "hatchling", "pytest", "ruff"}


@pytest.mark.parametrize(("models", "there"), [("1", OF_MODELS), ("0", set[str]())])
def test_the_lock_is_cut_into_what_runs_and_what_builds(
    models: str, there: set[str], tmp_path: Path
) -> None:
    shutil.copy(ROOT / "requirements.lock", tmp_path)
    (cut,) = [step.rest for step in BUILD if step.word == "RUN" and step.rest.startswith("sed")]
    environment = os.environ | {"MODELS": models}
    subprocess.run(["/bin/sh", "-euc", cut], cwd=tmp_path, env=environment, check=True)
    runs = PINNED.findall(tmp_path.joinpath("run.lock").read_text())
    builds = PINNED.findall(tmp_path.joinpath("build.lock").read_text())
    assert set(runs) & OF_MODELS == there
    assert set(runs) & OF_NO_IMAGE == set()
    assert {"fastapi", "httpx", "sqlmodel"} <= set(runs)
    assert "hatchling" in builds
    assert set(builds) & OF_MODELS == set()
    assert len(set(runs)) == len(runs)


def test_nothing_is_locked_twice() -> None:
    names = PINNED.findall(ROOT.joinpath("requirements.lock").read_text())
    assert len(set(names)) == len(names)


def test_what_the_image_copies_is_not_ignored() -> None:
    sent = set(ROOT.joinpath(".dockerignore").read_text().split())
    copied = [step.rest.split()[:-1] for step in BUILD if step.word == "COPY"]
    assert {f"!{name}" for names in copied for name in names} <= sent


class Replicas(BaseModel):
    replicas: int = 1


class Service(BaseModel):
    image: str
    command: list[str] = []
    read_only: bool
    user: str
    cap_drop: list[str]
    security_opt: list[str]
    tmpfs: list[str]
    volumes: list[str]
    ports: list[str] = []
    profiles: list[str] = []
    environment: dict[str, str]
    deploy: Replicas = Replicas()


class Compose(BaseModel):
    services: dict[str, Service]


COMPOSE = Compose.model_validate(yaml.safe_load(ROOT.joinpath("compose.yaml").read_text())).services
OURS = {name: one for name, one in COMPOSE.items() if one.image.startswith("triagebot")}


@pytest.mark.parametrize("name", COMPOSE)
def test_g20_compose_takes_every_right_away(name: str) -> None:
    service = COMPOSE[name]
    assert service.read_only
    assert service.cap_drop == ["ALL"]
    assert service.security_opt == ["no-new-privileges:true"]
    assert "/tmp" in service.tmpfs  # noqa: S108 - the container's own
    assert all(port.startswith("127.0.0.1:") for port in service.ports)
    held = [name for name in service.environment if SECRET.search(name)]
    assert [name for name in held if not name.endswith("_FILE")] == []


def test_g20_compose_runs_postgresql_one_web_and_two_workers_or_one_process_alone() -> None:
    together = {name: one for name, one in COMPOSE.items() if not one.profiles}
    assert {name: one.deploy.replicas for name, one in together.items()} == {
        "database": 1,
        "web": 1,
        "worker": 2,
    }
    assert {tuple(one.command) for one in OURS.values()} == {("web",), ("worker",), ("serve",)}
    for name, one in OURS.items():
        assert one.user == only("USER")
        is_alone = name == "single"
        assert one.environment["DATABASE_URL"].startswith("sqlite:" if is_alone else "postgresql+")
        assert not COMPOSE["worker"].ports


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Carry out the build stage in an empty folder; its /opt is the folder's."""
    if not REQUIRED:
        pytest.skip("installs packages over the network; REQUIRE_PEERS=1 runs it")
    root = tmp_path_factory.mktemp("image")
    here, programs = root / "src", root / "programs"
    here.mkdir()
    programs.mkdir()
    programs.joinpath("python").symlink_to(Path(sys.base_prefix, "bin", "python3").resolve())
    path = f"{programs}{os.pathsep}{os.environ['PATH']}"
    for word, rest in BUILD:
        if word == "COPY":
            *names, target = rest.split()
            for name in names:
                put(ROOT / name, here / target)
        elif word == "RUN":
            step = rest.replace("/opt/", f"{root}/opt/")
            subprocess.run(
                ["/bin/sh", "-euc", step],
                cwd=here,
                env=os.environ | {"PATH": path, "PIP_DISABLE_PIP_VERSION_CHECK": "1"},
                check=True,
            )
    return root / "opt" / "triagebot"


def put(source: Path, target: Path) -> None:
    if source.is_dir():
        shutil.copytree(source, target, ignore=shutil.ignore_patterns("__pycache__"))
    else:
        shutil.copy(source, target)


def said(installed: Path, *command: str) -> str:
    """Return what a program of the image says, started as the image would, away from the tree."""
    done = subprocess.run(
        [installed / "bin" / command[0], *command[1:]],
        cwd=installed,
        env={"PATH": str(installed / "bin")},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.mark.timeout(600)
def test_the_install_steps_of_the_image_give_a_bot_that_starts(installed: Path) -> None:
    assert "0.1.0" in said(installed, "triagebot", "--version")


@pytest.mark.timeout(600)
def test_the_image_holds_what_runs_and_no_tool_of_ours(installed: Path) -> None:
    names = said(
        installed,
        "python",
        "-c",
        "from importlib.metadata import distributions as d\nfor x in d(): print(x.name.lower())",
    ).split()
    assert {"triagebot", "fastapi", "sqlmodel"} <= set(names)
    assert {"pytest", "ruff", "pyright", "hatchling", "playwright", "pip"} & set(names) == set()


@pytest.mark.timeout(600)
def test_the_image_can_talk_to_models_of_both_wires_and_names_what_others_lack(
    installed: Path,
) -> None:
    models = (
        "pydantic_ai.models.openai, pydantic_ai.models.anthropic, bot.agent.llm.one_model, "
        "bot.agent.llm.providers, bot.agent.llm.wire"
    )
    assert said(installed, "python", "-c", f"import {models}\nprint('both')") == "both\n"
    tried = subprocess.run(
        [installed / "bin" / "triagebot", "llm", "check"],
        cwd=installed,
        env={"LLM_MODEL": "google:gemini-2.5-flash", "GOOGLE_API_KEY": "k"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert tried.returncode == 2
    assert "pip install 'triagebot[google]'" in tried.stderr


@pytest.mark.timeout(600)
def test_the_image_brings_the_runbooks(installed: Path) -> None:
    (shipped,) = installed.glob("lib/python3.*/site-packages/runbooks")
    brought = {path.relative_to(shipped) for path in shipped.rglob("*") if path.is_file()}
    ours = ROOT / "runbooks"
    assert brought == {path.relative_to(ours) for path in ours.rglob("*") if path.is_file()}
