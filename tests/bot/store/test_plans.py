"""No hot statement reads a whole table, however large: asked of the database's own planner.

`plans` alone knows how a database explains; another one gets its branch there.
"""

from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import contextmanager
from pathlib import Path

import pytest
from sqlalchemy import Connection, event

from bot.ports import ConversationRow, Filter
from bot.store import deliveries, statements
from bot.store.heads import HEAD, TAIL
from bot.store.log import NEWEST, SLEEP
from bot.store.store import Store
from tests.bot.store.examples import alert, change, delivery, group, proposal, proposed, say
from tests.fakes import T0, FakeClock, open_store

INCIDENTS = 30
RESULTS = ("SCAN f", "SCAN (subquery-", "SCAN CONSTANT ROW")
"""How SQLite says that it reads through a result, which is no table (ours is named `f`)."""
INDEXED = "VIRTUAL TABLE INDEX"
"""How it says that the text index is asked."""

FIXED = {
    "dedupe of a change": deliveries.KNOWN,
    "dedupe of deliveries": statements.KNOWN,
    "dedupe of an alert": statements.SEE,
    "what of them was new": statements.SEEN_BY,
    "what no event tells": statements.UNLOGGED,
    "where groups go": statements.PLACES,
    "where a merged group goes": statements.MERGED,
    "an alert joins": statements.JOIN,
    "an alert repeats": statements.SPOKEN,
    "a conversation falls behind": statements.BEHIND,
    "the head of a stream": HEAD,
    "the rest of a stream": TAIL,
    "an alarm is set": SLEEP,
    "the next incident's id": NEWEST,
}
Marks = tuple[str | int | None, ...]
Asks = Callable[[Store], Awaitable[object]]
PORTS: dict[str, Asks] = {
    "due": lambda store: store.log.due(T0),
    "load": lambda store: store.log.load("INC-7"),
    "load the rest": lambda store: store.log.load("INC-7", 2),
    "changed": lambda store: store.log.changed(),
    "behind": lambda store: store.posts.behind("web", T0),
    "conversation": lambda store: store.posts.conversation("INC-7", "web"),
    "posts": lambda store: store.posts.posts("INC-7", "web"),
    "the list": lambda store: store.incidents.page(Filter()),
    "the list's next page": lambda store: store.incidents.page(Filter(before="INC-9")),
    "the list of a status": lambda store: store.incidents.page(Filter("open", before="INC-9")),
    "the list of a service": lambda store: store.incidents.page(Filter(service="checkout")),
    "the list by words": lambda store: store.incidents.page(Filter(text="error rate")),
    "one incident": lambda store: store.incidents.page(Filter(text="INC-7")),
    "the inbox": lambda store: store.incidents.proposals("pending"),
    "all proposals": lambda store: store.incidents.proposals(""),
    "what was decided": lambda store: store.incidents.decided(20),
    "one proposal": lambda store: store.incidents.find_proposal("ABCD0007"),
    "similar": lambda store: store.incidents.similar("Error rate is high", "checkout", "INC-1"),
    "changes of a service": lambda store: store.changes.recent("checkout", T0),
    "changes of all": lambda store: store.changes.recent("", T0),
    "evidence": lambda store: store.evidence.get("0" * 16),
    "a delivery": lambda store: store.deliveries.raw("d7"),
}


@pytest.fixture(name="folder", scope="module")
def folder_fixture(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("plans")


@pytest.fixture(name="store")
async def filled(folder: Path) -> AsyncGenerator[Store]:
    """A store with some of everything; what the first test wrote is there for all."""
    clock = FakeClock()
    async with open_store(folder, clock) as store:
        if not await store.log.heads():
            await fill(store, clock)
        yield store


async def fill(store: Store, clock: FakeClock) -> None:
    for number in range(1, INCIDENTS + 1):
        clock.advance(1)
        found = group(alert(f"f{number}"), key=f"g{number}")
        await store.deliveries.accept(delivery(f"d{number}", clock.now()), [found])
        name = f"INC-{number}"
        await say(store, name, proposed(proposal(name, f"ABCD{number:04}")))
        told = delivery(f"c{number}", clock.now())
        await store.deliveries.accept_change(told, [change(f"c{number}", minutes=number)])
        await store.posts.save(ConversationRow(name, "web", name, number % 3, None))


def plans(connection: Connection, sql: str, parameters: Marks) -> list[str]:
    """Return how the database goes about a statement, one line a step."""
    assert connection.dialect.name == "sqlite"
    found = connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {sql}", parameters)
    return [str(row[3]) for row in found]


def whole(steps: list[str]) -> list[str]:
    """Return the steps that read a table from end to end; a text index is asked, not read."""
    read = [step for step in steps if step.startswith("SCAN ")]
    return [step for step in read if not step.startswith(RESULTS) and INDEXED not in step]


@contextmanager
def overheard(store: Store):
    """Collect the statements that are read with, and what they are asked with."""
    heard: list[tuple[str, Marks]] = []

    def hears(_c: object, _cursor: object, sql: str, parameters: Marks, *_: object) -> None:
        if sql.lstrip().upper().startswith("SELECT"):
            heard.append((sql, parameters))

    event.listen(store.database.engines.read, "before_cursor_execute", hears)
    try:
        yield heard
    finally:
        event.remove(store.database.engines.read, "before_cursor_execute", hears)


@pytest.mark.parametrize("name", FIXED)
async def test_what_runs_for_every_alert_never_reads_a_whole_table(store: Store, name: str) -> None:
    sql = FIXED[name]
    marks = (None,) * sql.count("?")
    steps = await store.database.ask(lambda connection: plans(connection, sql, marks))
    assert steps or name == "dedupe of an alert"
    assert whole(steps) == []


@pytest.mark.parametrize("name", PORTS)
async def test_what_is_asked_often_never_reads_a_whole_table(store: Store, name: str) -> None:
    with overheard(store) as heard:
        await PORTS[name](store)
    assert heard
    for sql, parameters in list(heard):
        steps = await store.database.ask(
            lambda connection, sql=sql, parameters=parameters: plans(connection, sql, parameters)
        )
        assert steps
        assert whole(steps) == [], sql


async def test_the_planner_is_believed_because_it_knows_a_whole_read_when_it_sees_one(
    store: Store,
) -> None:
    asked = "SELECT * FROM incident WHERE conclusion = ?"
    steps = await store.database.ask(lambda connection: plans(connection, asked, ("x",)))
    assert whole(steps) == ["SCAN incident"]
