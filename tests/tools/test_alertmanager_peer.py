"""Silencing in a real Alertmanager, from plan to read-back."""

from collections.abc import Generator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx
import pytest
from pydantic import JsonValue

from bot.errors import ToolError
from bot.shelf import Needs
from tests.peers import alertmanager
from tests.tools.fixtures import ONCE, acting, facts, needs, reading
from tools.read import alertmanager_silences
from tools.write import alertmanager_silence
from tools.write.alertmanager import AlertmanagerSilence

CONFIG = "route: {receiver: nobody}\nreceivers: [{name: nobody}]\n"
ODD = 'a,b}"\\ü'


@pytest.fixture
def url(tmp_path: Path) -> Generator[str]:
    with alertmanager(tmp_path, CONFIG) as address:
        yield address


def given(url: str) -> Needs:
    """Return needs whose clock is the real one, as Alertmanager's is."""
    made = needs(secrets={"ALERTMANAGER_URL": url})
    return Needs(made.folder, made.secret, made.changes, lambda: datetime.now(UTC))


def fire(url: str, *labels: dict[str, str]) -> None:
    ends = (datetime.now(UTC) + timedelta(hours=1)).isoformat()
    alerts = [{"labels": one, "endsAt": ends} for one in labels]
    httpx.post(f"{url}/api/v2/alerts", json=alerts, trust_env=False).raise_for_status()


def creators(url: str) -> list[str]:
    kept = httpx.get(f"{url}/api/v2/silences", trust_env=False).raise_for_status().json()
    return [one["createdBy"] for one in kept]


def silence(*matchers: dict[str, JsonValue]) -> AlertmanagerSilence:
    return AlertmanagerSilence.model_validate(
        {"matchers": list(matchers), "duration_s": 3600, "comment": "bad deploy"}
    )


async def test_a_silence_is_planned_made_verified_and_read_back(url: str) -> None:
    fire(
        url,
        {"alertname": "HighErrorRate", "service": "checkout", "odd": ODD},
        {"alertname": "HighErrorRate", "service": "cart", "odd": ODD},
        {"alertname": "DiskFull", "service": "checkout", "odd": ODD},
    )
    args = silence(
        {"name": "alertname", "value": "HighErrorRate"},
        {"name": "service", "value": "check.+", "is_regex": True},
        {"name": "odd", "value": ODD},
        {"name": "env", "value": "dev", "is_equal": False},
    )
    needed = given(url)
    async with acting(alertmanager_silence, needed) as action:
        plan = await action.plan(args)
        assert plan.preview.startswith("1 active alert would be silenced for 1 h:\n- HighErrorRate")
        before = await action.read_back(args, "k1")
        assert before is not None
        assert not before.ok
        made = await action.run(args, ONCE)
        after = await action.read_back(args, "k1")
        assert after is not None
        assert after.ok
        assert facts(after) == facts(made)
    assert creators(url) == ["dana"]
    probe = plan.verify[0]
    async with reading(alertmanager_silences, needed) as look:
        assert facts(await look(**probe.args)) == {"active": 1, "matching": 1}
        assert facts(await look(comment_contains="another")) == {"active": 1, "matching": 0}


async def test_what_is_silenced_already_is_not_silenced_again(url: str) -> None:
    fire(url, {"alertname": "A"})
    args = silence({"name": "alertname", "value": "A"})
    async with acting(alertmanager_silence, given(url)) as action:
        await action.run(args, ONCE)
        with pytest.raises(ToolError, match="no active alert matches"):
            await action.run(args, replace(ONCE, key="k2"))


async def test_a_pattern_only_alertmanager_cannot_read_is_told_in_its_words(url: str) -> None:
    args = silence({"name": "alertname", "value": "(?=A)A", "is_regex": True})
    async with acting(alertmanager_silence, given(url)) as action:
        with pytest.raises(ToolError, match="cannot read the matchers"):
            await action.plan(args)
