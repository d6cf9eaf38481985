"""How a victim arranges its own death: at a commit, or at the action's call. No hook in the bot."""

import json
import os
import signal
from collections import Counter
from pathlib import Path
from typing import Literal
from unittest import mock

from pydantic import BaseModel, ConfigDict
from sqlalchemy import NullPool, create_engine, inspect, make_url
from sqlalchemy.engine.default import DefaultDialect
from sqlalchemy.engine.interfaces import DBAPICursor
from sqlalchemy.pool import PoolProxiedConnection

from bot.shelf import ActionCall, ToolResult
from tools.write.jobs import JobRun, Running

COMMITS = "commits"
INCIDENT = "INC-1"
When = Literal["before", "after"]
IS_READING = {"sqlite": "PRAGMA query_only", "postgresql": "SHOW transaction_read_only"}
HAS_LOG = {
    "sqlite": "SELECT count(*) FROM sqlite_master WHERE name = 'event'",
    "postgresql": "SELECT count(to_regclass('event'))",
}
EVENTS = "SELECT row, stream, type, body FROM event ORDER BY row"


class Death(BaseModel):
    """Where to die: at the commit `commit` names, at the `number`-th commit, or at the call."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    when: When
    commit: str = ""
    number: int = 0
    call: bool = False

    def __str__(self) -> str:
        what = self.commit or (f"commit {self.number}" if self.number else "the call")
        return f"{self.when} {what}"


def die() -> None:
    """End this process as the kernel or an operator would."""
    os.kill(os.getpid(), signal.SIGKILL)


def has_log(url: str) -> bool:
    """Tell whether a database is there whose first commit was made."""
    parsed = make_url(url)
    if parsed.get_backend_name() == "sqlite":
        if not Path(parsed.database or "").exists():
            return False
        url = f"sqlite:///file:{parsed.database}?mode=ro&uri=true"
    with create_engine(url, poolclass=NullPool).connect() as connection:
        return inspect(connection).has_table("event")


def arm(death: Death | None, folder: Path, url: str) -> None:
    """Wrap every write commit and the action's run; list the commits in `folder`/commits."""
    commit, run = DefaultDialect.do_commit, Running.run
    commits = Commits(is_new=not has_log(url))

    def do_commit(self: DefaultDialect, connection: PoolProxiedConnection) -> None:
        name = commits.name(self.name, connection)
        fatal = death is not None and bool(name) and commits.is_one(death, name)
        if fatal and death is not None and death.when == "before":
            die()
        commit(self, connection)
        if name:
            with folder.joinpath(COMMITS).open("a") as book:
                book.write(f"{name}\n")
        if fatal:
            die()

    async def run_job(self: Running, args: JobRun, call: ActionCall) -> ToolResult:
        fatal = death is not None and death.call
        if fatal and death is not None and death.when == "before":
            die()
        result = await run(self, args, call)
        if fatal:
            die()
        return result

    mock.patch.object(DefaultDialect, "do_commit", do_commit).start()
    mock.patch.object(Running, "run", run_job).start()


class Commits:
    """Names each write commit by what it adds; "" for one that adds nothing, and for reads.

    Events give their types. Evidence and alarms have none, so they are named by the event that
    came before: `alarm after ActionProposed`. A name that comes again in one life is numbered.
    """

    def __init__(self, *, is_new: bool) -> None:
        self._is_new = is_new
        self._begun = False
        self._row = 0
        self._evidence = 0
        self._alarms = ""
        self._number = 0
        self._times: Counter[str] = Counter()

    def is_one(self, death: Death, name: str) -> bool:
        """Count this commit, and tell whether it is the one to die at."""
        self._number += 1
        return name == death.commit or self._number == death.number

    def name(self, kind: str, connection: PoolProxiedConnection) -> str:
        """Return the name of the commit that `connection` is about to make."""
        cursor = connection.cursor()
        try:
            if _value(cursor, IS_READING[kind]) or not _value(cursor, HAS_LOG[kind]):
                return ""
            name = self._added(cursor)
        finally:
            cursor.close()
        self._times[name] += 1
        again = self._times[name]
        return f"{name} #{again}" if name and again > 1 else name

    def _added(self, cursor: DBAPICursor) -> str:
        row, evidence, alarms = self._row, self._evidence, self._alarms
        cursor.execute(EVENTS)
        events = cursor.fetchall()
        self._row = int(events[-1][0]) if events else 0
        self._evidence = _value(cursor, "SELECT count(*) FROM evidence")
        cursor.execute("SELECT id, wake_at FROM incident ORDER BY id")
        self._alarms = json.dumps(cursor.fetchall())
        if not self._begun:  # the look at the schema, or its creation
            self._begun = True
            return "the schema" if self._is_new else ""
        types = [_type(str(one[2]), bytes(one[3])) for one in events if one[0] > row]
        if types:
            return " + ".join(types)
        kind = "evidence" if self._evidence > evidence else "alarm"
        if kind == "alarm" and self._alarms == alarms:
            return ""
        told = [_type(str(one[2]), bytes(one[3])) for one in events if one[1] == INCIDENT]
        return f"{kind} after {told[-1] if told else 'nothing'}"


def _value(cursor: DBAPICursor, sql: str) -> int:
    """Return a number; `on` is 1."""
    cursor.execute(sql)
    row = cursor.fetchone()
    found = row[0] if row else 0
    return int(found == "on") if isinstance(found, str) else int(found)


def _type(kind: str, body: bytes) -> str:
    """Return an event's type; of a Step also its kind, since a run chooses several."""
    return f"{kind}({json.loads(body)['step']['kind']})" if kind == "StepChosen" else kind
