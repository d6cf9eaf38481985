"""A duty has one holder, which hands it on when it ends, dies, or stands still."""

import asyncio

import psycopg
import pytest

from bot.engine.duty import Duty
from bot.engine.postgres import duties as module
from bot.engine.postgres.duties import Duties
from tests.bot.engine.postgres.desk import Desk
from tests.waiting import until

BACKEND = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = %s"


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "LOOK_S", 0.05)


class Worker:
    """A process that wants duties."""

    def __init__(self, desk: Desk, *names: str) -> None:
        self.at_work: list[str] = []
        self.failing = False
        self.stopping = asyncio.Event()
        duties = Duties(desk.conninfo)
        self.task = asyncio.create_task(
            duties.run({name: self.duty(name) for name in names}, self.stopping)
        )
        self.duties = duties

    def duty(self, name: str) -> Duty:
        async def work(over: asyncio.Event) -> None:
            if self.failing:
                self.failing = False
                raise RuntimeError("a bug")
            self.at_work.append(name)
            await over.wait()
            self.at_work.remove(name)

        return work

    async def end(self) -> None:
        self.stopping.set()
        await self.task


async def test_a_duty_has_one_holder_and_is_handed_on_at_the_end(desk: Desk) -> None:
    one = Worker(desk, "posting", "metering")
    await until(lambda: sorted(one.at_work) == ["metering", "posting"])
    assert one.duties.held == {"posting", "metering"}
    two = Worker(desk, "posting", "metering", "watching")
    await until(lambda: two.at_work == ["watching"])
    await one.end()
    assert one.at_work == []
    await until(lambda: sorted(two.at_work) == ["metering", "posting", "watching"])
    await two.end()


async def test_whoever_loses_the_connection_stops_before_it_asks_again(desk: Desk) -> None:
    one = Worker(desk, "posting")
    await until(lambda: one.at_work)
    two = Worker(desk, "posting")
    desk.ask(BACKEND, "triagebot duties")
    await until(lambda: len(one.at_work) + len(two.at_work) == 1)
    await asyncio.gather(one.end(), two.end())
    assert [*one.at_work, *two.at_work] == []


async def test_who_stands_still_loses_its_duties(desk: Desk) -> None:
    assert module.CONNECT["options"] == f"-c idle_session_timeout={module.SILENT_S}s"
    still = psycopg.connect(desk.conninfo, autocommit=True)
    assert still.execute(module.TAKE, (module.LOCKS, "posting")).fetchone() == (True,)
    still.execute("SET idle_session_timeout = '300ms'")  # from here on it says nothing more
    one = Worker(desk, "posting")
    await until(lambda: one.at_work)
    with pytest.raises(psycopg.OperationalError):
        still.execute("SELECT 1")
    still.close()
    await one.end()


async def test_a_duty_that_fails_begins_again(desk: Desk) -> None:
    one = Worker(desk, "posting")
    one.failing = True
    await until(lambda: one.at_work)
    assert not one.failing
    await one.end()
