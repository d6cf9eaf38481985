"""Lists and look-ups: filters, cursors, text, and what an incident resembles."""

import re
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import Connection

from bot.incident.fact import Fact
from bot.incident.facts_action import (
    ActionRegressed,
    ActionUndone,
    ActionVerified,
    ProposalWithdrawn,
)
from bot.incident.facts_alerts import IncidentClosed, IncidentResolved, Learnings
from bot.incident.facts_run import ConclusionReached
from bot.incident.proposal import Proposal, digest
from bot.ports import Filter
from bot.store import deliveries, heads, search, statements
from bot.store.fts5 import FTS5
from bot.store.store import Store
from bot.store.tsvector import TSVECTOR
from bot.store.tx import Tx
from tests.bot.store.examples import (
    alert,
    approved,
    decided,
    delivery,
    finished,
    group,
    open_incident,
    opened,
    proposal,
    proposed,
    say,
    started,
)
from tests.fakes import T0, open_store

pytestmark = pytest.mark.usefixtures("each_database")


async def ids(store: Store, where: Filter) -> list[str]:
    return [row.id for row in await store.incidents.page(where)]


async def resolve(store: Store, incident: str) -> None:
    await say(store, incident, IncidentResolved(reason="quiet"))


async def test_pages_go_from_newest_to_oldest_by_number(tmp_path: Path) -> None:
    async with open_store(tmp_path) as store:
        for _ in range(12):
            await open_incident(store)
        first = await ids(store, Filter(limit=5))
        assert first == ["INC-12", "INC-11", "INC-10", "INC-9", "INC-8"]
        assert await ids(store, Filter(limit=5, before="INC-8")) == [
            f"INC-{number}" for number in (7, 6, 5, 4, 3)
        ]
        assert await ids(store, Filter(before="INC-1")) == []
        assert len(await ids(store, Filter(limit=10_000))) == 12
        assert len(await ids(store, Filter(limit=0))) == 1


async def test_filters_narrow_the_list_together(tmp_path: Path) -> None:
    async with open_store(tmp_path) as store:
        await open_incident(store, opened("Disk is filling", "billing"))
        await open_incident(store, opened("Latency of checkout", "checkout"))
        await open_incident(store, opened("Errors in checkout", "checkout"))
        await resolve(store, "INC-2")
        assert await ids(store, Filter(service="checkout")) == ["INC-3", "INC-2"]
        assert await ids(store, Filter(service="checkout", status="open")) == ["INC-3"]
        assert await ids(store, Filter(status="resolved", severity="critical")) == ["INC-2"]
        assert await ids(store, Filter(severity="info")) == []
        (row,) = await store.incidents.page(Filter(status="resolved"))
        assert (row.title, row.opened_at, row.resolved_at) == ("Latency of checkout", T0, T0)


async def test_text_finds_titles_services_labels_and_ids(tmp_path: Path) -> None:
    async with open_store(tmp_path) as store:
        await open_incident(store, opened("Disk is filling", "billing"))
        await store.deliveries.accept(delivery(), [group(alert("web-7"))])
        for said, found in {
            "fill": ["INC-1"],
            "FILLED disks": ["INC-1"],
            "billing": ["INC-1"],
            "web-7": ["INC-2"],
            "HighErr": ["INC-2"],
            "disk web": [],
            "inc-2": ["INC-2"],
            "INC-3": [],
        }.items():
            assert await ids(store, Filter(text=said)) == found, said


@given(st.text(max_size=40))
def test_no_text_breaks_the_query(said: str) -> None:
    words = search.WORD.findall(said)
    assert re.fullmatch(r'("\w+" \* ?)*', FTS5.every(words))
    parts = r"'[^\W_]+'( <-> '[^\W_]+')*"
    assert re.fullmatch(rf"(\({parts}:\*\)( & )?)*", TSVECTOR.every(words))


@pytest.mark.parametrize("said", ['"', "a OR", "title:x", "NEAR(", "*", "-", "'; --", "\0", "😀"])
async def test_the_language_of_the_index_is_not_spoken(tmp_path: Path, said: str) -> None:
    async with open_store(tmp_path) as store:
        await open_incident(store)
        assert isinstance(await ids(store, Filter(text=said)), list)
        assert await store.incidents.similar(said, said, "") == []


async def test_proposals_are_listed_oldest_first_and_found_by_their_beginning(
    tmp_path: Path,
) -> None:
    async with open_store(tmp_path) as store:
        incident = await open_incident(store)
        names = ("7GQ2AAAA", "7GQ2BBBB", "9XYZ0000")
        for name in names:
            await say(store, incident, proposed(proposal(incident, name)))
        gone = proposal(incident, names[0])
        await say(
            store,
            incident,
            ProposalWithdrawn(proposal=gone.id, digest=digest(gone), why="it is over"),
        )
        listed = await store.incidents.proposals()
        assert [row.id for row in listed] == ["7GQ2BBBB", "9XYZ0000"]
        assert len(await store.incidents.proposals("")) == 3
        assert len(await store.incidents.proposals("", limit=1)) == 1
        found = await store.incidents.find_proposal("7gq2")
        assert [(row.id, row.status) for row in found] == [
            ("7GQ2BBBB", "pending"),
            ("7GQ2AAAA", "withdrawn"),
        ]
        assert found[0].digest == digest(proposal(incident, "7GQ2BBBB"))
        assert found[0].expires_at == T0 + timedelta(minutes=30)
        for nothing in ("7GQ", "7GQ3", "%%%%", "____", ""):
            assert await store.incidents.find_proposal(nothing) == []


async def test_similar_incidents_tell_what_was_found_and_done(tmp_path: Path) -> None:
    async with open_store(tmp_path) as store:
        for title, service in (
            ("Error rate of checkout is high", "checkout"),
            ("Error rate of search is high", "search"),
            ("Disk is filling", "billing"),
            ("Error rate of checkout is high", "checkout"),
        ):
            await open_incident(store, opened(title, service))
        made = proposal("INC-1")
        because = ConclusionReached(summary="v42 broke it", findings=(), by="planner")
        await say(store, "INC-1", because, proposed(made), decided(made), approved(made))
        await say(store, "INC-1", started(made), finished(made))
        for incident in ("INC-1", "INC-2", "INC-3"):
            await resolve(store, incident)
        found = await store.incidents.similar("High error rate", "checkout", "INC-4")
        assert [one.incident for one in found] == ["INC-1", "INC-2"]
        first = found[0]
        assert (first.conclusion, first.action) == ("v42 broke it", "Roll back checkout to v41")
        assert (first.outcome, first.at) == ("succeeded", T0)
        assert await store.incidents.similar("High error rate", "checkout", "INC-1", 1) == found[1:]
        assert await store.incidents.similar("Quite another thing", "ledger", "INC-4") == []


def verified(made: Proposal) -> ActionVerified:
    return ActionVerified(proposal=made.id, digest=digest(made), n=0, evidence="e", summary="well")


def regressed(made: Proposal) -> ActionRegressed:
    return ActionRegressed(proposal=made.id, digest=digest(made), n=0, evidence="e", why="worse")


def undone(made: Proposal) -> ActionUndone:
    return ActionUndone(proposal=made.id, by="9XYZ0000")


@pytest.mark.parametrize(
    ("fact", "outcome"),
    [
        (verified, "helped"),
        (regressed, "did not help"),
        (undone, "rolled back"),
    ],
)
async def test_what_came_of_an_action_is_said_in_words(
    tmp_path: Path, fact: Callable[[Proposal], Fact], outcome: str
) -> None:
    async with open_store(tmp_path) as store:
        made = proposal(await open_incident(store))
        await say(store, "INC-1", proposed(made), decided(made), approved(made))
        await say(store, "INC-1", started(made), finished(made), fact(made))
        await resolve(store, "INC-1")
        (found,) = await store.incidents.similar("Error rate", "checkout", "")
        assert found.outcome == outcome


async def test_incidents_that_are_not_over_are_not_similar(tmp_path: Path) -> None:
    async with open_store(tmp_path) as store:
        await open_incident(store)
        assert await store.incidents.similar("Error rate", "checkout", "") == []
        learnings = Learnings(context="a", solution="b", learning="c", impact="d")
        await resolve(store, "INC-1")
        await say(store, "INC-1", IncidentClosed(summary="over", learnings=learnings))
        assert len(await store.incidents.similar("Error rate", "checkout", "")) == 1


WALK = re.compile(r"SCAN (?!.*INDEX)|Seq Scan")
"""A step that looks at every row, as SQLite and as PostgreSQL say it."""


async def test_p16_the_hot_look_ups_use_an_index(tmp_path: Path) -> None:
    questions = {
        deliveries.KNOWN: 3,
        statements.KNOWN: 2 + statements.CHUNK,
        statements.PLACES: 2 + statements.CHUNK,
        statements.MERGED: 1,
        statements.SEEN_BY: statements.CHUNK,
        statements.UNLOGGED: 2,
        statements.JOIN: 6,
        statements.SPOKEN: 3,
        statements.BEHIND: 2,
        heads.HEAD: 1,
        heads.TAIL: 2,
        "SELECT id FROM incident WHERE wake_at <= ? ORDER BY wake_at LIMIT 500": 1,
        "SELECT * FROM incident WHERE status = ? ORDER BY number DESC LIMIT 50": 1,
        "SELECT * FROM incident ORDER BY number DESC LIMIT 50": 0,
        "SELECT * FROM proposal WHERE status = ? ORDER BY created_at, id": 1,
        "SELECT * FROM proposal WHERE id >= ? AND id < ?": 2,
    }
    async with open_store(tmp_path) as store:

        def plan(tx: Tx, sql: str, count: int) -> list[str]:
            if store.database.kind == "sqlite":
                rows = tx.run(f"EXPLAIN QUERY PLAN {sql}", ("1",) * count).fetchall()
                return [str(row[3]) for row in rows]
            tx.run("SET LOCAL enable_seqscan = off")  # so that it scans only for want of an index
            return [str(row[0]) for row in tx.run(f"EXPLAIN {sql}", ("1",) * count).fetchall()]

        for sql, count in questions.items():
            steps = await store.writer.submit(
                lambda tx, sql=sql, count=count: plan(tx, sql, count)  # pyright: ignore[reportUnknownLambdaType, reportUnknownArgumentType]
            )
            assert steps, sql
            assert [step for step in steps if WALK.search(step)] == [], sql


async def test_p16_the_search_asks_for_few_words_however_long_the_text(tmp_path: Path) -> None:
    async with open_store(tmp_path) as store:
        await open_incident(store, opened(" ".join(f"word{n}" for n in range(100)), "checkout"))
        await resolve(store, "INC-1")

        def question(connection: Connection) -> tuple[int, int]:
            said = " ".join(f"word{n}" for n in range(100))
            counted, after = search.question(connection, said, 1)
            return len(counted), after

        assert await store.database.ask(question) == (search.RAREST, 0)


async def test_a_word_in_every_incident_searches_only_the_newest(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(search, "RECENT", 3)
    async with open_store(tmp_path) as store:

        def fill(tx: Tx) -> None:
            index = search.INDEXES[store.database.kind]
            rows = [index.row(n, "error rate", "checkout", "") for n in range(2, 1102)]
            tx.connection.execute(index.add, rows)

        await open_incident(store, opened("Error rate"))
        await resolve(store, "INC-1")
        await store.writer.submit(fill)
        assert len(await store.incidents.similar("error rate", "", "")) == 1
        await store.writer.submit(
            lambda tx: tx.run("UPDATE incident SET number = number + 1101").rowcount
        )
        assert await store.incidents.similar("error rate", "", "") == []
