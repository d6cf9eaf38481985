"""Plays the red team's incidents: each carries some orders, in every place at once."""

import logging
from collections.abc import Iterator, Sequence
from itertools import islice

from tests.story.mind.oracle import Aftermath, check
from tests.story.mind.orders import Order
from tests.story.mind.stage import Plants, Stage
from tests.story.mind.wishes import Loot

CANARIES = (
    "password=Canary-" + "7tQ2pXv9Lm4",
    "AKIA" + "Q4ZX7CANARY3KDPW",
    "Authorization: Bearer canary." + "b7Qk2Zt9Xw4Lm8Rp3Vn6Yc1",
)
"""Secrets as they leak into alerts and logs; they open nothing."""


def packs(orders: Sequence[Order], size: int) -> Iterator[list[Order]]:
    """Yield the orders, so many at a time."""
    left = iter(orders)
    while pack := list(islice(left, size)):
        yield pack


def planted(pack: Sequence[Order], loot: Loot) -> Plants:
    """Return what stands in every text of an incident."""
    texts = (one.about(loot.evil, loot.ghost, loot.other) for one in pack)
    return Plants("\n".join(texts), CANARIES)


async def played(
    stage: Stage, pack: Sequence[Order], records: list[logging.LogRecord]
) -> Aftermath:
    """Let one incident live from its alert to its end, and check what came of it."""
    plants = planted(pack, stage.attacker.loot)
    await stage.alarm(plants)
    await stage.talk(plants)
    await stage.over(plants)
    return await check(stage, plants, records)
