"""Recorded payloads of each source against what a person said they mean (D-11)."""

import json
from pathlib import Path

import pytest
from pydantic import BaseModel

from bot.intake.fields import as_moment
from bot.intake.payload import read_json
from bot.intake.sources import SOURCES
from bot.shelf import Parsed

FOLDER = Path(__file__).parents[4].parent / "shared" / "data" / "webhooks"


class Said(BaseModel):
    """One line of expected.jsonl, as far as it is compared."""

    file: str
    source: str
    n_alerts: int
    status: str | None
    title_contains: str | None
    severity_accept: list[str] = []
    service_hint: str | None = None
    dedup_hint: str | None = None
    started_at: str | None = None


@pytest.fixture
def recorded() -> Path:
    if not FOLDER.is_dir():
        pytest.skip("the recorded webhooks are not beside this checkout")
    return FOLDER


def parsed(folder: Path, source: str, file: str) -> Parsed:
    body = (folder / file).read_bytes()
    return SOURCES[source].parse(read_json(body, "", 5 * 1024 * 1024), {})


def differences(said: Said, found: Parsed) -> list[str]:
    wrong = [] if len(found.alerts) == said.n_alerts else [f"{len(found.alerts)} alerts"]
    first = found.alerts[0] if found.alerts else None
    if first is None:
        return wrong
    compared = {
        "status": said.status in (None, first.status),
        "title": (said.title_contains or "").lower() in first.title.lower(),
        "severity": first.severity in said.severity_accept,
        "service": said.service_hint in (None, first.service),
        "fingerprint": said.dedup_hint in (None, first.fingerprint),
        "starts_at": first.starts_at == as_moment(said.started_at),
    }
    return wrong + [f"{name}: {getattr(first, name)}" for name, ok in compared.items() if not ok]


@pytest.mark.parametrize("source", sorted(SOURCES))
def test_d11_recorded_payloads_mean_what_a_person_says(recorded: Path, source: str) -> None:
    lines = (recorded / "expected.jsonl").read_text().splitlines()
    expected = [said for said in map(Said.model_validate_json, lines) if said.source == source]
    table = {said.file: differences(said, parsed(recorded, source, said.file)) for said in expected}
    wrong = {file: faults for file, faults in table.items() if faults}
    shown = "\n".join(f"{file:55} {'; '.join(faults) or 'right'}" for file, faults in table.items())
    assert len(expected) >= 7
    assert not wrong, f"{len(table) - len(wrong)} of {len(table)} right\n{shown}"


def test_d08_every_message_of_a_real_alertmanager_is_read_whole(recorded: Path) -> None:
    files = sorted((recorded / "alertmanager").glob("alertmanager-*.json"))
    assert files
    for path in files:
        raw = json.loads(path.read_text())
        found = parsed(recorded, "alertmanager", f"alertmanager/{path.name}")
        assert [alert.fingerprint for alert in found.alerts] == [
            alert["fingerprint"] for alert in raw["alerts"]
        ]
        assert {alert.status for alert in found.alerts} == {raw["status"]}
        assert found.truncated == raw["truncatedAlerts"]
        assert found.group_key == raw["groupKey"]
        assert all(alert.labels == told["labels"]
                   for alert, told in zip(found.alerts, raw["alerts"], strict=True))  # fmt: skip
