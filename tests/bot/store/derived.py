"""Every row of every derived table, to compare before and after a rebuild."""

from sqlalchemy import Connection, text

from bot.store.search import INDEXES
from bot.store.store import Store

TABLES = {
    "incident": "SELECT * FROM incident ORDER BY id",
    "open_group": "SELECT * FROM open_group ORDER BY source, route, group_key",
    "alert_seen": "SELECT key, status FROM alert_seen ORDER BY key",
    "proposal": "SELECT * FROM proposal ORDER BY id",
    "decision": "SELECT proposal, revision, person, verdict, at FROM decision ORDER BY 1, 2, 3",
    "grant_used": "SELECT * FROM grant_used ORDER BY nonce",
    "conversation": "SELECT * FROM conversation ORDER BY incident, channel",
    "change": "SELECT * FROM change ORDER BY source, id",
    "person_link": "SELECT * FROM person_link ORDER BY actor",
    "incident_fts": "SELECT {key}, title, service, labels FROM incident_fts ORDER BY {key}",
}


async def derived(store: Store) -> dict[str, list[dict[str, object]]]:
    """Return every derived row; alarms are set by driving, so they are not compared."""

    def read(connection: Connection) -> dict[str, list[dict[str, object]]]:
        key = INDEXES[store.database.kind].key
        rows = {
            name: [dict(row) for row in connection.execute(text(asked.format(key=key))).mappings()]
            for name, asked in TABLES.items()
        }
        for row in rows["incident"]:
            del row["wake_at"]
        return rows

    return await store.database.ask(read)
