"""Somebody who changes what is stored of a proposal, behind the bot's back."""

from pathlib import Path

from sqlalchemy import create_engine, text

from tests.fakes import url_of

ASKED = "SELECT row, body FROM event WHERE type = 'ActionProposed'"
CHANGE = text("UPDATE event SET body = :body WHERE row = :row")
NAMES = "SELECT name FROM sqlite_master WHERE type = 'trigger' AND name LIKE 'event%'"


def tamper(folder: Path, old: bytes, new: bytes) -> int:
    """Change the one stored proposal, whatever guards it; return how many bodies changed."""
    engine = create_engine(url_of(folder))
    with engine.begin() as connection:
        if engine.dialect.name == "postgresql":
            connection.execute(text("SET LOCAL session_replication_role = replica"))
        else:
            for name in connection.scalars(text(NAMES)).all():
                connection.execute(text(f'DROP TRIGGER "{name}"'))
        ((row, body),) = connection.execute(text(ASKED)).all()
        spoilt = bytes(body).replace(old, new, 1)
        connection.execute(CHANGE, {"body": spoilt, "row": row})
    engine.dispose()
    return int(spoilt != bytes(body))
