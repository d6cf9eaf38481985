"""Real programs that some tests talk to: skipped with a reason, or required in CI."""

import os
import secrets
import shutil
import socket
import subprocess
import time
from collections.abc import Generator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import NoReturn

import httpx
import pytest
import yaml

REQUIRED = os.environ.get("REQUIRE_PEERS") == "1"
READY_WITHIN_S = 60.0
PORTS = range(15_000, 32_000)
"""Below those that the kernel gives to whoever connects: none is lost to a connection of another
test, nor to its own client, which would find itself there, before its server comes or returns."""


def peer(*names: str) -> str:
    """Return the path of the first program installed; without any, skip, or fail in CI."""
    for name in names:
        if found := shutil.which(name):
            return found
    return missing(f"{' or '.join(names)} is not installed")


def missing(reason: str) -> NoReturn:
    """Skip, or fail where peers are required."""
    if REQUIRED:
        pytest.fail(f"{reason}, and REQUIRE_PEERS=1 says it must be", pytrace=False)
    pytest.skip(reason)


@contextmanager
def prometheus(
    tmp: Path, targets: Sequence[str] = (), rules: str = "", alertmanager_url: str = ""
) -> Generator[str]:
    """Yield the address of a Prometheus that scrapes `targets` (`host:port`) each second.

    `rules` is the text of a rule file; alerts go to `alertmanager_url`. It scrapes itself too.
    """
    program = peer("prometheus")
    port = free_port()
    home = tmp / f"prometheus-{port}"
    home.mkdir()
    config: dict[str, object] = {
        "global": {"scrape_interval": "1s", "scrape_timeout": "1s", "evaluation_interval": "1s"},
        "scrape_configs": [
            {"job_name": "itself", "static_configs": [{"targets": [f"127.0.0.1:{port}"]}]},
            {"job_name": "target", "static_configs": [{"targets": list(targets)}]},
        ],
    }
    if rules:
        home.joinpath("rules.yml").write_text(rules)
        config["rule_files"] = ["rules.yml"]
    if alertmanager_url:
        address = alertmanager_url.removeprefix("http://")
        config["alerting"] = {"alertmanagers": [{"static_configs": [{"targets": [address]}]}]}
    home.joinpath("prometheus.yml").write_text(yaml.safe_dump(config))
    command = [
        program,
        f"--config.file={home / 'prometheus.yml'}",
        f"--storage.tsdb.path={home / 'data'}",
        f"--web.listen-address=127.0.0.1:{port}",
        f"--web.external-url=http://127.0.0.1:{port}",
        "--rules.alert.resend-delay=1s",  # an alert before its discovery would wait a minute
    ]
    with _running(command, home / "log", f"http://127.0.0.1:{port}") as url:
        yield url


@contextmanager
def alertmanager(tmp: Path, config: str) -> Generator[str]:
    """Yield the address of an Alertmanager with `config`, the text of its file."""
    program = peer("prometheus-alertmanager", "alertmanager")
    port = free_port()
    home = tmp / f"alertmanager-{port}"
    home.mkdir()
    home.joinpath("alertmanager.yml").write_text(config)
    command = [
        program,
        f"--config.file={home / 'alertmanager.yml'}",
        f"--storage.path={home / 'data'}",
        f"--web.listen-address=127.0.0.1:{port}",
        f"--web.external-url=http://127.0.0.1:{port}",
        "--cluster.listen-address=",
    ]
    with _running(command, home / "log", f"http://127.0.0.1:{port}") as url:
        yield url


def free_port() -> int:
    """Return a loopback port that was free a moment ago; by chance, so each process has others."""
    while True:
        port = secrets.choice(PORTS)
        with socket.socket() as probe, suppress(OSError):
            probe.bind(("127.0.0.1", port))
            return port


@contextmanager
def _running(command: Sequence[str], log: Path, url: str) -> Generator[str]:
    with log.open("wb") as out:
        process = subprocess.Popen(command, stdout=out, stderr=subprocess.STDOUT)
    try:
        _wait_until_ready(process, f"{url}/-/ready", log)
        yield url
    finally:
        process.terminate()
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait(10)


def _wait_until_ready(process: subprocess.Popen[bytes], url: str, log: Path) -> None:
    until = time.monotonic() + READY_WITHIN_S
    while time.monotonic() < until:
        if process.poll() is not None:
            break
        try:
            if httpx.get(url, trust_env=False, timeout=READY_WITHIN_S).is_success:
                return
        except httpx.TransportError:
            pass  # not listening yet
        time.sleep(0.02)
    tail = log.read_text(errors="replace")[-2000:]
    pytest.fail(f"{url} did not become ready:\n{tail}", pytrace=False)
