"""Which policy and knowledge were in force is in the log, whoever read a change first (E-42)."""

import asyncio
from collections.abc import Callable
from pathlib import Path

import pytest

from bot.app.library import FolderLibrary
from bot.errors import BusyError
from bot.incident.fact import HOUSE
from bot.incident.facts_house import KnowledgeLoaded, PolicyLoaded
from bot.incident.state import State
from bot.ports import Draft, Recorded, Refusal
from bot.store.store import Store
from tests.bot.engine.house import Wrapped
from tests.fakes import open_store

pytestmark = pytest.mark.usefixtures("each_database")
RULE = "rules: [{name: r, action: alertmanager_silence, approvers: [owner], min_approvals: %d}]"


def folder_of(path: Path) -> Path:
    folder = path / "knowledge"
    folder.mkdir()
    folder.joinpath("policy.yaml").write_text(RULE % 1)
    return folder


async def policies(store: Store) -> list[str]:
    found = [event.body for event in await store.log.load(HOUSE)]
    assert sum(isinstance(body, KnowledgeLoaded) for body in found) >= 1
    return [body.digest for body in found if isinstance(body, PolicyLoaded)]


async def test_e42_a_policy_that_was_read_afresh_for_a_decision_is_an_event(
    tmp_path: Path,
) -> None:
    folder = folder_of(tmp_path)
    async with open_store(tmp_path) as store:
        library = FolderLibrary(folder)
        await library.announce(store.log)
        first = library.policy.digest
        folder.joinpath("policy.yaml").write_text(RULE % 2 + "\n")
        await library.afresh()
        second = library.policy.digest
        stopping = asyncio.Event()
        watching = asyncio.create_task(library.watch(store.log, stopping))
        found: list[str] = []
        for _ in range(3000):
            if len(found := await policies(store)) == 2:
                break
            await asyncio.sleep(0.01)
        await library.announce_change(store.log)
        stopping.set()
        await watching
        assert found == await policies(store) == [first, second]
    assert first != second


async def test_e42_a_change_that_the_log_did_not_take_is_told_at_the_next_look(
    tmp_path: Path,
) -> None:
    folder = folder_of(tmp_path)
    async with open_store(tmp_path) as store:
        library = FolderLibrary(folder)
        await library.announce(store.log)

        class Full(Wrapped):
            async def record(
                self, stream: str, build: Callable[[State], Draft | Refusal]
            ) -> Recorded:
                _ = stream, build
                raise BusyError("the disk is full")

        folder.joinpath("policy.yaml").write_text(RULE % 3 + "\n\n")
        await library.afresh()
        await library.announce_change(Full(store.log))
        assert len(await policies(store)) == 1
        await library.announce_change(store.log)
        assert (await policies(store))[1:] == [library.policy.digest]
