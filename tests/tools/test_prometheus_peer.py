"""The Prometheus tools against a real Prometheus."""

import asyncio
import math
from pathlib import Path

import pytest

from bot.errors import ToolError
from bot.shelf import Needs
from tests.peers import prometheus
from tests.tools.fixtures import facts, needs, reading
from tools.read import prometheus_query, prometheus_range


def at(url: str) -> Needs:
    return needs(secrets={"PROMETHEUS_URL": url})


async def test_a_real_prometheus_is_understood(tmp_path: Path) -> None:
    with prometheus(tmp_path) as url:
        async with reading(prometheus_query, at(url)) as look:
            either = 'label_replace(vector(0.34), "service", "checkout", "", "") or vector(-1)'
            assert facts(await look(query=either, unit="ratio")) == {
                "value": 0.34, "series": 2, "min": -1, "max": 0.34, "worst": "service=checkout"
            }  # fmt: skip
            assert facts(await look(query="scalar(vector(7))"))["value"] == 7
            assert facts(await look(query='"hello"'))["value"] == "hello"
            assert facts(await look(query="vector(1) / 0")) == {"series": 0}
            assert facts(await look(query="nothing_like_it")) == {"series": 0}
            with pytest.raises(ToolError, match=r"bad_data: .*parse error"):
                await look(query="sum(")
            await _scraped_itself(url)


async def test_a_real_prometheus_answers_over_a_range(tmp_path: Path) -> None:
    with prometheus(tmp_path) as url:
        # Its clock is not the fixture's: time() at each step is the step's own time.
        async with reading(prometheus_range, at(url)) as look:
            found = facts(await look(query="time()", minutes=60))
            with pytest.raises(ToolError, match="bad_data"):
                await look(query='"text has no range"', minutes=60)
    assert found["points"] == 190
    assert found["series"] == 1
    first, last = found["first"], found["last"]
    assert isinstance(first, int | float)
    assert isinstance(last, int | float)
    assert math.isclose(last - first, 189 * 19)


async def _scraped_itself(url: str) -> None:
    async with reading(prometheus_query, at(url)) as look:
        for _ in range(400):
            found = facts(await look(query='up{job="itself"}'))
            if found.get("value") == 1:
                return
            await asyncio.sleep(0.025)
    pytest.fail("the peer did not scrape itself within ten seconds")
