"""`triagebot audit export`: asks the running bot for the log, or reads the database without it."""

import asyncio
import json
from collections.abc import Callable
from datetime import UTC, datetime

from pydantic import BaseModel, JsonValue, ValidationError

from bot.app.clock import SystemClock
from bot.app.database import reading
from bot.app.export_file import Trailer
from bot.app.exporting import hand_out
from bot.app.key import known_key
from bot.app.token import known_token
from bot.errors import BotError, ConfigError, InputError
from bot.ports import Excerpt
from bot.settings import Settings

CONNECT_S = 20.0
Write = Callable[[bytes], object]


class _Said(BaseModel):
    detail: JsonValue


def ask_for_export(settings: Settings, base: str, incident: str, since: str, write: Write) -> None:
    """Write what the running bot at `base` hands out.

    Raises:
        ConfigError: The bot does not answer, or the token is not its own.
        BotError: It hands nothing out, or not all of it; the message says why.
    """
    import httpx

    asked = {"incident": incident} | ({"since": _time(since).isoformat()} if since else {})
    headers = {"authorization": f"Bearer {known_token(settings)}"}
    timeout = httpx.Timeout(CONNECT_S, read=None)  # all is read once before the first byte
    try:
        with httpx.stream(
            "POST", f"{base}/api/v1/audit/export", params=asked, headers=headers, timeout=timeout
        ) as answer:
            if not answer.is_success:
                answer.read()
                raise BotError(f"the bot at {base} hands nothing out: {_why(answer.text)}")
            for piece in answer.iter_bytes():
                write(piece)
    except httpx.ConnectError as error:
        raise ConfigError(
            f"no bot answers at {base} ({error}); start it, or read the database with --offline"
        ) from None
    except httpx.HTTPError as error:
        raise BotError(f"the export broke off ({error}); what was written is not whole") from None


def read_export(settings: Settings, incident: str, since: str, write: Write) -> None:
    """Write what the database holds; signed where the bot's key is at hand. Records nothing.

    Raises:
        ConfigError: There is no database, or the key will not do.
        NotFoundError: There is no such incident.
    """
    excerpt = Excerpt(incident, _time(since) if since else None)
    key = known_key(settings)

    async def run() -> None:
        async with reading(settings, SystemClock()) as store:
            async for piece in await hand_out(store.excerpts, key, excerpt, _unrecorded):
                write(piece)

    asyncio.run(run())


async def _unrecorded(_trailer: Trailer) -> None:
    """Record nothing: the database is open to read only."""


def _time(text: str) -> datetime:
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        mend = "write a day as 2026-11-30, or a time as 2026-11-30T12:00"
        raise InputError(f"--from {text[:40]}: {mend}") from None
    return found if found.tzinfo is not None else found.replace(tzinfo=UTC)


def _why(text: str) -> str:
    """Return the words of an answer that says no; the answer itself where it has no such words."""
    try:
        said = _Said.model_validate_json(text).detail
    except ValidationError:
        return text[:400]
    return (said if isinstance(said, str) else json.dumps(said))[:400]
