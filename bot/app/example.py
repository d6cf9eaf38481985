"""Example deliveries, signed as `hooks.yaml` says; and what a body would be parsed as."""

import base64
import json
from datetime import UTC, datetime
from typing import cast

from pydantic import JsonValue

from bot import signing
from bot.app.routes import routes_of
from bot.errors import ConfigError, NotFoundError
from bot.incident.model import Alert
from bot.intake.hooks import OpenRoute
from bot.intake.payload import read_json
from bot.intake.sources import SOURCES
from bot.settings import Settings, secret
from bot.shelf import Source
from bot.store.folder import Folder

PARSE_BYTES = 32 * 1024 * 1024


def source_named(name: str) -> Source:
    """Return a source.

    Raises:
        NotFoundError: There is none of that name; the message lists those there are.
    """
    found = SOURCES.get(name)
    if found is None:
        raise NotFoundError(f"there is no source {name!r}; there are {', '.join(sorted(SOURCES))}")
    return found


def parse_body(source: str, raw: bytes) -> tuple[Alert, ...]:
    """Return the Alerts a webhook body says; empty for an authentic payload that is no alert.

    Raises:
        InputError: Garbage; the message says what is wrong.
    """
    return source_named(source).parse(read_json(raw, "", PARSE_BYTES), {}).alerts


def example_delivery(
    settings: Settings, source: str, route: str, *, resolved: bool
) -> tuple[bytes, dict[str, str]]:
    """Return an example body and the headers that the route's authentication asks for.

    Raises:
        ConfigError: The route's secret is not set here.
        NotFoundError: There is no such source or route.
    """
    now = datetime.now(UTC)
    payload = source_named(source).example(now)
    if resolved:
        payload = as_resolved(payload, now)
    body = json.dumps(payload).encode()
    knowledge = Folder(settings.runbooks).load()
    routes = routes_of(knowledge, secret, settings.allow_insecure_webhook)
    found = routes.find(source, route)
    return body, {"content-type": "application/json", **signed(found, body, now)}


def signed(route: OpenRoute, body: bytes, now: datetime) -> dict[str, str]:
    """Return the headers that prove the sender to this route.

    Raises:
        ConfigError: The route's secret is not set here.
    """
    if route.auth == "none":
        return {}
    if not route.secrets:
        raise ConfigError(f"the secret of {route.name} is not set here; set it as for the bot")
    key = route.secrets[0]
    if route.auth == "bearer":
        return {"authorization": f"Bearer {key}"}
    if route.auth == "basic":
        return {"authorization": f"Basic {base64.b64encode(key.encode()).decode()}"}
    if not route.timestamp_header:
        return {route.signature_header: signing.sign(key, body)}
    timestamp = str(int(now.timestamp()))
    message = signing.timestamped(timestamp, body)
    return {route.timestamp_header: timestamp, route.signature_header: signing.sign(key, message)}


def as_resolved(payload: JsonValue, now: datetime) -> JsonValue:
    """Return the same payload with every alert resolved at `now`."""
    if isinstance(payload, list):
        return [as_resolved(item, now) for item in payload]
    if not isinstance(payload, dict):
        return payload
    made = {key: as_resolved(value, now) for key, value in payload.items()}
    if "status" in made:
        made["status"] = "resolved"
    if "endsAt" in made:
        made["endsAt"] = now.isoformat()
    return cast("JsonValue", made)
