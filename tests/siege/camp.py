"""Where a siege takes place: a home folder, a database, and the parts that a bot has on it."""

import sys
from collections.abc import AsyncGenerator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from tests.peers import free_port
from tests.siege.crew import Crew, Nursery, Part
from tests.siege.harbour import open_harbour
from tests.siege.people import Approver, Postman, outside
from tests.siege.reckoning import Left, all_settled, left, made_anew, nothing_lost, nothing_twice
from tests.siege.scene import environment, write_folder
from tests.siege.siege import Siege


@dataclass(frozen=True)
class Camp:
    """One empty home and one empty database; `words` are the programs of the crew, by part."""

    nursery: Nursery
    home: Path
    database: str
    words: Mapping[str, tuple[str, ...]]

    @asynccontextmanager
    async def besieged(self, count: int, *names: str) -> AsyncGenerator[Siege]:
        """Start all parts, or these, for `count` parcels; at the end, settle, reckon and end.

        What is unknown then is settled by a human, who reads the ledger outside.
        """
        port = free_port()
        env = environment(self.home, self.database, port)
        with open_harbour(self.home / "ledger") as harbour:
            write_folder(self.home / "knowledge", harbour.url, count)
            parts = [Part(name, words, self._own(env, name)) for name, words in self.words.items()]
            crew = Crew(self.nursery, parts, self.home)
            async with outside(f"http://127.0.0.1:{port}") as client:
                siege = Siege(
                    crew=crew,
                    harbour=harbour,
                    database=self.database,
                    postman=Postman(client, count, datetime.now(UTC)),
                    approver=Approver(client, self.home),
                    count=count,
                )
                siege.begin(*names)
                try:
                    yield siege
                    siege.postman.release(count)
                    await siege.settled()
                    found = await self._reckoned(siege)
                    await told_by_a_human(siege, found)
                finally:
                    await siege.leave()
            await crew.end()
            ended = await left(self.database, harbour)
            nothing_twice(ended)
            assert ended.keys == found.keys
            code, said = await crew.run(("audit", "verify"), env)
            assert (code, said.startswith("sound")) == (0, True), said
        stood, anew = await made_anew(self.database)
        assert stood == anew

    def _own(self, env: Mapping[str, str], name: str) -> Mapping[str, str]:
        """Return the environment of one part: only the first has the doors, and their port."""
        return env if name == next(iter(self.words)) else {**env, "PORT": "0"}

    async def _reckoned(self, siege: Siege) -> Left:
        found = await left(self.database, siege.harbour)
        sys.stdout.write(f"{figures(siege, found)}\n")
        nothing_lost(found, siege.postman.acknowledged, siege.approver.approved)
        assert len(siege.postman.acknowledged) == siege.count
        nothing_twice(found)
        all_settled(found, siege.count)
        assert siege.statuses <= {503}, siege.statuses
        listed = {one.id for one in await siege.approver.listed("unknown")}
        assert listed == found.unknown().keys()
        siege.found = found
        return found


async def told_by_a_human(siege: Siege, found: Left) -> None:
    """Settle what is unknown by what the ledger outside says; it is never called again."""
    for proposal, attempt in found.unknown().items():
        verdict = "worked" if found.keys[attempt] else "failed"
        said = await siege.approver.say(f"reconcile P-{proposal} {verdict} I read the ledger")
        assert said is not None
        assert said.kind == "done", said.text
    assert await siege.approver.listed("unknown") == []


def figures(siege: Siege, found: Left) -> str:
    """Return one line about what came of it."""
    unknown = found.unknown().values()
    idle = sum(not found.keys[attempt] for attempt in unknown)
    return (
        f"{len(siege.postman.acknowledged)} parcels acknowledged after "
        f"{siege.postman.unanswered} unanswered attempts; {found.keys.total()} actions ran; "
        f"{len(unknown)} unknown, of which {idle} really did not run"
    )
