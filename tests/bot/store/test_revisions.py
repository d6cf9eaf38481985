"""A proposal that was edited, in the derived tables: one row, its newest revision (E-09)."""

from pathlib import Path

import pytest
from sqlalchemy import select

from bot.errors import StaleThreadError
from bot.incident.facts_action import ActionProposed, DecisionMade, ProposalSuperseded
from bot.incident.facts_run import ContextLoaded
from bot.store.store import Store
from bot.store.tables import DECISION, PROPOSAL
from tests.bot.store.derived import derived
from tests.bot.store.examples import (
    approved,
    decided,
    finished,
    open_incident,
    proposal,
    proposed,
    say,
    started,
)
from tests.fakes import open_store

pytestmark = pytest.mark.usefixtures("each_database")

CONTEXT = ContextLoaded(service=None, changes=(), runbook=None, similar=(), inventory={})
FIRST = proposal("INC-1")
SECOND = FIRST.model_copy(
    update={
        "revision": 2,
        "title": "Roll back checkout to v40",
        "args": {"job": "rollback", "params": {"version": "v40"}},
        "risk": "high",
        "edited_by": ("person:dana",),
    }
)


def replaced(old: ActionProposed, new: ActionProposed) -> ProposalSuperseded:
    return ProposalSuperseded(
        proposal=old.proposal.id, digest=old.digest, why="edited by dana", by=new.digest
    )


def by(person: str, made: DecisionMade) -> DecisionMade:
    return made.model_copy(update={"person": person})


async def edited(store: Store) -> None:
    """Two revisions; eve and finn approved the first one, eve the second one."""
    await open_incident(store)
    first, second = proposed(FIRST), proposed(SECOND)
    await say(store, "INC-1", CONTEXT, first)
    await say(store, "INC-1", by("eve", decided(FIRST)))
    await say(store, "INC-1", by("finn", decided(FIRST)))
    await say(store, "INC-1", replaced(first, second), second)
    await say(store, "INC-1", by("eve", decided(SECOND)))


async def rows(store: Store) -> list[tuple[int, str]]:
    asked = select(DECISION.c.revision, DECISION.c.person).order_by(
        DECISION.c.revision, DECISION.c.person
    )
    return [
        (row.revision, row.person)
        for row in await store.database.ask(lambda connection: list(connection.execute(asked)))
    ]


async def test_e09_the_row_is_of_the_newest_revision_and_decisions_are_of_their_own(
    tmp_path: Path,
) -> None:
    async with open_store(tmp_path) as store:
        await edited(store)
        (row,) = await store.incidents.proposals("pending")
        assert (row.revision, row.title, row.risk) == (2, SECOND.title, "high")
        assert row.digest == proposed(SECOND).digest
        assert await rows(store) == [(1, "eve"), (1, "finn"), (2, "eve")]
        assert len(await store.incidents.find_proposal(FIRST.id)) == 1


async def test_e09_replaying_the_log_makes_the_same_rows(tmp_path: Path) -> None:
    async with open_store(tmp_path) as store:
        await edited(store)
        live = await derived(store)
        await store.rebuild()
        assert await derived(store) == live
        await say(store, "INC-1", approved(SECOND), started(SECOND), finished(SECOND))
        live = await derived(store)
        await store.rebuild()
        assert await derived(store) == live
        (row,) = await store.incidents.decided()
        assert (row.revision, row.status) == (2, "succeeded")


async def test_e10_an_edit_of_a_row_that_moved_elsewhere_writes_nothing(tmp_path: Path) -> None:
    async with open_store(tmp_path) as store:
        await open_incident(store)
        first, second = proposed(FIRST), proposed(SECOND)
        await say(store, "INC-1", CONTEXT, first)
        row = PROPOSAL.c
        await store.writer.submit(
            lambda tx: (
                tx.connection.execute(
                    PROPOSAL.update().where(row.id == FIRST.id).values(status="approved")
                ).rowcount
            )
        )
        with pytest.raises(StaleThreadError):
            await say(store, "INC-1", replaced(first, second), second)
        assert len(await store.log.load("INC-1")) == 3


async def test_e10_a_person_decides_once_on_each_revision(tmp_path: Path) -> None:
    async with open_store(tmp_path) as store:
        await edited(store)
        await say(store, "INC-1", by("eve", decided(SECOND)))
        await say(store, "INC-1", by("eve", decided(FIRST)))
        assert await rows(store) == [(1, "eve"), (1, "finn"), (2, "eve")]
