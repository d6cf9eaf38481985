"""Content-addressed tool results; a stub remains when the body was deleted."""

import hashlib
import json

from pydantic import JsonValue, TypeAdapter
from sqlalchemy import insert, select, update

from bot.errors import InputError
from bot.incident.events import stamp, unstamp
from bot.ports import Evidence
from bot.store.db import Database
from bot.store.kept import EVIDENCE
from bot.store.tx import Tx
from bot.store.writer import Writer

ID_CHARS = 16
USE = (
    "INSERT INTO evidence_use (evidence, incident, at) VALUES (?, ?, ?) "
    "ON CONFLICT (evidence, incident) DO UPDATE SET at = excluded.at"
)
ARGS = TypeAdapter(dict[str, JsonValue])


class EvidenceShelf:
    """The `EvidenceStore` port."""

    def __init__(self, database: Database, writer: Writer) -> None:
        self._database = database
        self._writer = writer

    async def put(self, evidence: Evidence) -> str:
        """Store (already redacted) evidence; return its id. Twice is once.

        A body that comes back after its deletion is there again: it is an answer of today.

        Raises:
            InputError: `id` and `digest` are not those of the body.
            BusyError: The queue is full or the database is away.
        """
        digest = hashlib.sha256(evidence.body).hexdigest()
        if (evidence.digest, evidence.id) != (digest, digest[:ID_CHARS]):
            raise InputError(f"evidence {evidence.id} is not named after its body; nothing stored")
        row = {
            "id": evidence.id,
            "digest": evidence.digest,
            "incident": evidence.incident,
            "tool": evidence.tool,
            "args": json.dumps(dict(evidence.args)),
            "at": stamp(evidence.at),
            "media_type": evidence.media_type,
            "body": evidence.body,
        }

        def work(tx: Tx) -> None:
            here = EVIDENCE.c.id == evidence.id
            known = tx.connection.execute(select(EVIDENCE.c.deleted_at).where(here)).one_or_none()
            if known is None:
                tx.connection.execute(insert(EVIDENCE).values(row))
            elif known.deleted_at is not None:
                again = update(EVIDENCE).where(here).values(body=evidence.body, deleted_at=None)
                tx.connection.execute(again)
            tx.run(USE, (evidence.id, evidence.incident, row["at"]))

        await self._writer.submit(work)
        return evidence.id

    async def get(self, identifier: str) -> Evidence | None:
        """Return evidence by id, or None."""
        asked = select(EVIDENCE).where(EVIDENCE.c.id == identifier)
        row = await self._database.ask(lambda connection: connection.execute(asked).one_or_none())
        if row is None:
            return None
        return Evidence(
            id=row.id,
            digest=row.digest,
            incident=row.incident,
            tool=row.tool,
            args=ARGS.validate_json(row.args),
            at=unstamp(row.at),
            media_type=row.media_type,
            body=bytes(row.body),
            deleted_at=None if row.deleted_at is None else unstamp(row.deleted_at),
        )
