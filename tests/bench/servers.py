"""The three servers side by side: the bot, a real Alertmanager, and a bare Starlette."""

import shutil
import sys
from collections.abc import Generator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

import yaml

from tests.bench.children import Child, running
from tests.peers import free_port

TOKEN = "bench"
HOOK = "/hooks/alertmanager/default"
SCRIPTS = Path(sys.executable).parent
ALERTMANAGER = shutil.which("prometheus-alertmanager") or shutil.which("alertmanager") or ""
QUIET = """
route: {receiver: nobody, group_by: [alertname], group_wait: 10m, group_interval: 10m}
receivers: [{name: nobody}]
"""
PATH = "/usr/bin:/bin"


SERVE = (str(SCRIPTS / "triagebot"), "serve")
WEB = (str(SCRIPTS / "triagebot"), "web")
WORKER = (str(SCRIPTS / "triagebot"), "worker")


@contextmanager
def bot(
    home: Path,
    settings: Mapping[str, str] | None = None,
    files: Mapping[str, object] | None = None,
    command: Sequence[str] = SERVE,
) -> Generator[Child]:
    """Run the bot as it ships, with `files` (name → content) as its knowledge; see `settings`.

    It waits before it investigates, so that what is measured is the way in.
    """
    port = free_port()
    with running(
        command,
        home,
        f"http://127.0.0.1:{port}",
        "/livez",
        bot_environment(home, port, settings or {}, files or {}),
    ) as child:
        yield child


def bot_environment(
    home: Path, port: int, settings: Mapping[str, str], files: Mapping[str, object]
) -> dict[str, str]:
    """Write the knowledge folder and return the environment of a bot in `home`."""
    knowledge = home / "knowledge"
    knowledge.mkdir(parents=True, exist_ok=True)
    door = {"route": "default", "auth": "bearer", "secrets": ["TRIAGE_HOOK_ALERTMANAGER"]}
    hooks = {"routes": [{"source": "alertmanager", **door}]}
    service = {"name": "parcels", "owner": "harbour", "tier": 1, "environment": "bench"}
    written: dict[str, object] = {"hooks.yaml": hooks, "services.yaml": {"services": [service]}}
    for name, content in {**written, **files}.items():
        text = content if isinstance(content, str) else yaml.safe_dump(content)
        knowledge.joinpath(name).write_text(text)
    return {
        "PATH": PATH,
        "DATABASE_URL": f"sqlite:///{home / 'bench.db'}",
        "HOST": "127.0.0.1",
        "PORT": str(port),
        "TRIAGE_RUNBOOKS": str(knowledge),
        "TRIAGE_HOOK_ALERTMANAGER": TOKEN,
        "TRIAGE_DEBOUNCE_S": "600",
        **settings,
    }


@contextmanager
def alertmanager(home: Path, config: str = QUIET) -> Generator[Child]:
    """Run a real Alertmanager that stands alone."""
    port = free_port()
    home.mkdir(parents=True)
    home.joinpath("alertmanager.yml").write_text(config)
    command = [
        ALERTMANAGER,
        f"--config.file={home / 'alertmanager.yml'}",
        f"--storage.path={home / 'data'}",
        f"--web.listen-address=127.0.0.1:{port}",
        "--cluster.listen-address=",
        "--log.level=error",
    ]
    with running(command, home, f"http://127.0.0.1:{port}", "/-/ready", {"PATH": PATH}) as child:
        yield child


@contextmanager
def floor(home: Path) -> Generator[Child]:
    """Run the bare Starlette on the server and loop that the bot runs on."""
    port = free_port()
    command = [
        str(SCRIPTS / "uvicorn"),
        "tests.bench.floor:app",
        f"--port={port}",
        "--loop=uvloop",
        "--http=httptools",
        "--no-access-log",
        "--log-level=warning",
        f"--app-dir={Path(__file__).parents[2]}",
    ]
    with running(command, home, f"http://127.0.0.1:{port}", "/livez", {"PATH": PATH}) as child:
        yield child
