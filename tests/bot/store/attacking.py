"""Somebody with the database's file and another program than ours."""

import sqlite3
from pathlib import Path

from bot.store.store import Store
from tests.bot.store.examples import note, open_incident, say

TRIGGERS = ("event_no_update", "event_no_delete")


def attack(folder: Path, script: str, other: str = ":memory:") -> None:
    """Somebody with the file and another program, who knows how to drop a trigger."""
    connection = sqlite3.connect(folder / "bot.db")
    connection.execute("ATTACH ? AS other", (other,))
    for trigger in TRIGGERS:
        connection.execute(f"DROP TRIGGER IF EXISTS {trigger}")
    connection.executescript(script)
    connection.close()


async def notes(store: Store, count: int = 4) -> str:
    incident = await open_incident(store)
    for number in range(2, 2 + count):
        await say(store, incident, note(f"note {number}"))
    return incident
