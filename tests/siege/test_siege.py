"""Random kill -9 and rolling restarts of a running load: nothing lost, nothing twice (G-02, G-03).

`SIEGE_PARCELS`, `SIEGE_KILLS` and `SIEGE_AWAY_S` set the size (1000, 20 and 30 are the full one),
`SIEGE_SEED` repeats another run as far as chance alone chose its moments.
"""

import os
import secrets
import sys
from pathlib import Path
from random import Random

import pytest

from tests.databases import running_server
from tests.siege.camp import Camp
from tests.siege.conftest import TOGETHER
from tests.siege.crew import Nursery
from tests.siege.misfortunes import (
    kill_at_random,
    restart_in_turn,
    stop_a_worker_in_its_call,
    take_the_database_away,
)

PARCELS = int(os.environ.get("SIEGE_PARCELS", "60"))
KILLS = int(os.environ.get("SIEGE_KILLS", "5"))
AWAY_S = float(os.environ.get("SIEGE_AWAY_S", "5"))
SEED = int(os.environ.get("SIEGE_SEED", "0")) or secrets.randbelow(10**6)
RESTARTS = 3

pytestmark = pytest.mark.timeout(300 + PARCELS)


@pytest.fixture
def chance() -> Random:
    sys.stdout.write(f"SIEGE_SEED={SEED} repeats it\n")
    return Random(SEED)  # noqa: S311 - moments, no secrets


async def test_g03_random_kills_of_a_running_load_lose_nothing_and_repeat_nothing(
    camp: Camp, chance: Random
) -> None:
    async with camp.besieged(PARCELS) as siege:
        await kill_at_random(siege, KILLS, chance)


async def test_g02_rolling_restarts_under_load_lose_nothing_and_leave_nothing_unknown(
    camp: Camp, chance: Random
) -> None:
    async with camp.besieged(PARCELS // 2) as siege:
        await restart_in_turn(siege, RESTARTS, chance)
    assert siege.found is not None
    assert siege.found.unknown() == {}
    assert siege.found.keys.total() == siege.count


async def test_e34_a_worker_stopped_in_its_call_does_nothing_once_another_took_over(
    camp_of_many: Camp,
) -> None:
    async with camp_of_many.besieged(PARCELS // 4, "web", "worker-1") as siege:
        held = await stop_a_worker_in_its_call(siege)
    assert siege.found is not None
    (view,) = [one for one in siege.found.views if one.proposal.service == held]
    assert view.status == "unknown"
    assert siege.found.keys[view.attempt] == 1


async def test_g03_a_database_that_is_away_and_back_costs_nothing_acknowledged(
    tmp_path: Path, nursery: Nursery
) -> None:
    with running_server() as server:
        camp = Camp(nursery, tmp_path, server.url(server.empty()), TOGETHER)
        async with camp.besieged(PARCELS // 2) as siege:
            began = siege.crew.processes()
            await take_the_database_away(siege, server, AWAY_S)
            await siege.settled()
            assert siege.crew.processes() == began
