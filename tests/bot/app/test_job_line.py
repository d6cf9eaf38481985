"""The queue of investigations, as the jobs of all processes show it."""

from procrastinate import App, PsycopgConnector

from bot.app.job_line import JobLine
from bot.engine.postgres.jobs import defer_investigation
from bot.incident.facts_alerts import SeverityChanged
from bot.store.store import Store
from tests.bot.engine.postgres.desk import Desk
from tests.bot.store.examples import open_incident, say
from tests.fakes import FakeClock


async def test_who_investigates_and_who_waits_is_seen_by_every_process(postgresql_url: str) -> None:
    clock = FakeClock()
    async with Store.open(postgresql_url, clock) as store:
        desk = Desk(postgresql_url.replace("+psycopg", ""), store, clock)
        line = JobLine(store.database)
        calm, first, second = [await open_incident(store) for _ in range(3)]
        await say(store, calm, SeverityChanged(person="dana", severity="info"))
        async with App(connector=PsycopgConnector(conninfo=desk.conninfo)).open_async() as app:
            for incident in (calm, first, second):
                await defer_investigation(app, incident)
        desk.ask("UPDATE procrastinate_jobs SET status = 'doing' WHERE lock = %s", first)
        assert line.waiting == ()
        await line.refresh()
        assert line.inside == 1
        assert line.waiting == (second, calm)
        assert [line.ahead(one) for one in (first, second, calm)] == [None, 0, 1]
