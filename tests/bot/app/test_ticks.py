import asyncio

from bot.app.ticks import Ticks


async def collect(ticks: Ticks, seen: list[int]) -> None:
    async for number in ticks.subscribe():
        seen += [number]


async def settle() -> None:
    for _ in range(5):
        await asyncio.sleep(0)


async def test_every_subscriber_hears_a_commit() -> None:
    ticks, one, two = Ticks(), list[int](), list[int]()
    tasks = [asyncio.create_task(collect(ticks, seen)) for seen in (one, two)]
    await settle()
    ticks.tick()
    await settle()
    ticks.tick()
    await settle()
    ticks.stop()
    await asyncio.gather(*tasks)
    assert one == two == [1, 2]


async def test_a_burst_while_nobody_looks_is_one_tick() -> None:
    ticks, seen = Ticks(), list[int]()
    task = asyncio.create_task(collect(ticks, seen))
    await settle()
    for _ in range(100):
        ticks.tick()
    await settle()
    ticks.stop()
    await task
    assert seen == [100]


async def test_stopping_ends_a_subscription_that_waits() -> None:
    ticks, seen = Ticks(), list[int]()
    task = asyncio.create_task(collect(ticks, seen))
    await settle()
    ticks.stop()
    await asyncio.wait_for(task, 60)
    assert seen == []


async def test_subscribing_after_the_stop_ends_at_once() -> None:
    ticks, seen = Ticks(), list[int]()
    ticks.stop()
    await collect(ticks, seen)
    assert seen == []
