import asyncio

from bot.app.process import give_back


async def test_p14_giving_back_goes_on_until_the_bot_stops() -> None:
    stopping = asyncio.Event()
    giving = asyncio.create_task(give_back(stopping))
    await asyncio.sleep(0)
    assert not giving.done()
    stopping.set()
    await asyncio.wait_for(giving, 60)
