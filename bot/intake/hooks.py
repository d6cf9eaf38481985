"""`hooks.yaml` as typed routes: which doors are open, to whom, and what still keeps one closed."""

from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Literal

from pydantic import Field, JsonValue, ValidationError

from bot.errors import ConfigError, NotFoundError, SignatureError
from bot.incident.model import Value
from bot.knowledge.document import fault_words
from bot.signing import check_age, check_basic, check_bearer, check_hmac, timestamped

FILE = "hooks.yaml"
CHANGE = "change"
"""The reserved source whose routes take Changes."""
HEARTBEAT = "heartbeat"
"""The reserved source whose routes take signs of life; a beat opens no incident."""
INSECURE = "TRIAGE_ALLOW_INSECURE_WEBHOOK"

FieldName = Literal[
    "title", "status", "severity", "service", "fingerprint", "group", "starts_at", "ends_at",
    "description", "link", "message_id",
]  # fmt: skip
POINTED = frozenset({"generic_json"})
"""Sources whose fields a route may point to."""

Word = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9_.-]{0,63}$")]
Variable = Annotated[str, Field(pattern=r"^[A-Z][A-Z0-9_]{0,99}$")]
HeaderName = Annotated[str, Field(pattern=r"^[A-Za-z][A-Za-z0-9-]{0,63}$")]
Pointer = Annotated[str, Field(pattern=r"^(/([^~/]|~[01])*)+$", max_length=200)]


Silence = Annotated[int, Field(ge=1, le=604800)]
"""Seconds without a word after which a door is silent."""


class ChangeRoute(Value):
    """One door for changes. `secrets` are names of environment variables; any of them fits."""

    route: Word
    auth: Literal["bearer", "basic", "hmac", "none"]
    secrets: tuple[Variable, ...] = ()
    signature_header: HeaderName = "X-Triage-Signature"
    timestamp_header: HeaderName | Literal[""] = ""


class HookRoute(ChangeRoute):
    """One door for alerts. `fields` are JSON pointers (RFC 6901) into one alert.

    `silent_after_s` expects a delivery at least that often, 0 none at all. `watchdog` names an
    alert that always fires: only it counts as a word then, and it opens no incident.
    """

    source: Word
    fields: dict[FieldName, Pointer] = Field(default_factory=dict[FieldName, Pointer])
    silent_after_s: Silence | Literal[0] = 0
    watchdog: str = Field(default="", max_length=200)


class HeartbeatRoute(ChangeRoute):
    """One door for signs of life, expected at least every `silent_after_s`.

    Any request that proves its sender is a beat. With `reads`, a source, only a message of it in
    which an alert fires is one: Prometheus' Watchdog that resolved is none.
    """

    silent_after_s: Silence
    reads: Word | Literal[""] = ""


class HooksFile(Value):
    """The shape of `hooks.yaml`."""

    routes: tuple[HookRoute, ...] = ()
    changes: tuple[ChangeRoute, ...] = ()
    heartbeats: tuple[HeartbeatRoute, ...] = ()


@dataclass(frozen=True, slots=True)
class OpenRoute:
    """A route with the secrets that are set; header names in lower case.

    `silent_after_s` is 0 when nobody expects to hear of it.
    """

    source: str
    route: str
    auth: str
    secrets: tuple[str, ...]
    signature_header: str
    timestamp_header: str
    fields: Mapping[str, str]
    silent_after_s: int = 0
    watchdog: str = ""
    reads: str = ""

    @property
    def name(self) -> str:
        """Return `source/route`, as it stands after `/hooks/`."""
        return f"{self.source}/{self.route}"

    @property
    def closed(self) -> bool:
        """Return whether it takes nothing, for want of a secret."""
        return self.auth != "none" and not self.secrets

    def verify(self, headers: Mapping[str, str], body: bytes, now: datetime) -> str:
        """Return the timestamp that was signed with the body, "" when the route signs none.

        Args:
            headers: Names in lower case.
            body: The raw bytes, as sent.
            now: Our time.

        Raises:
            SignatureError: The sender did not prove who it is, or no secret of the route is set.
        """
        if self.auth == "none":
            return ""
        if self.closed:
            raise SignatureError(f"{self.name} takes nothing before its secret is set")
        if self.auth == "bearer":
            check_bearer(headers.get("authorization", ""), self.secrets)
            return ""
        if self.auth == "basic":
            check_basic(headers.get("authorization", ""), self.secrets)
            return ""
        signature = headers.get(self.signature_header, "")
        if not self.timestamp_header:
            check_hmac(signature, body, self.secrets)
            return ""
        timestamp = headers.get(self.timestamp_header, "")
        check_age(timestamp, now)
        check_hmac(signature, timestamped(timestamp, body), self.secrets)
        return timestamp.strip()


class Routes:
    """Every route of `hooks.yaml`, with its secrets."""

    def __init__(self, file: HooksFile, secret: Callable[[str], str]) -> None:
        self._file = file
        self._open = {
            (source, route.route): OpenRoute(
                source=source,
                route=route.route,
                auth=route.auth,
                secrets=tuple(filter(None, map(secret, route.secrets))),
                signature_header=route.signature_header.lower(),
                timestamp_header=route.timestamp_header.lower(),
                fields=dict[str, str](getattr(route, "fields", {})),
                silent_after_s=int(getattr(route, "silent_after_s", 0)),
                watchdog=str(getattr(route, "watchdog", "")),
                reads=str(getattr(route, "reads", "")),
            )
            for source, route in declared(file)
        }

    def find(self, source: str, route: str) -> OpenRoute:
        """Return a route; `change` has those of changes, `heartbeat` those of signs of life.

        Raises:
            NotFoundError: There is no such route.
        """
        found = self._open.get((source, route))
        if found is None:
            raise NotFoundError(f"there is no such door; {FILE} declares them, see triagebot check")
        return found

    def all(self) -> tuple[OpenRoute, ...]:
        """Return every route in the file's order; those of alerts, of changes, of heartbeats."""
        return tuple(self._open.values())

    def expected(self) -> tuple[OpenRoute, ...]:
        """Return the routes that somebody must be heard on; one closed for want of a secret not."""
        return tuple(
            route for route in self._open.values() if route.silent_after_s and not route.closed
        )

    def problems(self) -> list[str]:
        """Return which routes are closed for want of a secret, each with its mend."""
        faults: list[str] = []
        for source, route in declared(self._file):
            names = " or ".join(route.secrets)
            if names and not self._open[source, route.route].secrets:
                where = f"{FILE}: {source}/{route.route}"
                faults.append(f"{where} is closed: {names} is not set; set it, or remove the route")
        return faults

    def variables(self) -> frozenset[str]:
        """Return the name of every environment variable the file mentions."""
        return frozenset(name for _, route in declared(self._file) for name in route.secrets)


def read_routes(
    value: JsonValue, sources: Collection[str], secret: Callable[[str], str], insecure: str = ""
) -> Routes:
    """Return the routes that `hooks.yaml` declares.

    Args:
        value: The file, already loaded; null or {} declares none.
        sources: The sources there are.
        secret: Returns a secret by its variable's name, "" when it is not set.
        insecure: `TRIAGE_ALLOW_INSECURE_WEBHOOK`: the `source/route` names that may go unsigned,
            divided by commas.

    Raises:
        ConfigError: Every fault, one a line, with its place and mend; also a route that takes
            unsigned messages and is not named in `insecure` (D-02).
    """
    try:
        file = HooksFile.model_validate({} if value is None else value)
    except ValidationError as error:
        faults = error.errors(include_url=False, include_input=False)
        raise ConfigError(
            "\n".join(
                f"{FILE}: {fault_words(fault['loc'], fault['type'], fault['msg'])}"
                for fault in faults
            )
        ) from None
    allowed = {name.strip() for name in insecure.split(",")}
    faults = list(_faults(file, sources, allowed))
    if faults:
        raise ConfigError("\n".join(f"{FILE}: {fault}" for fault in faults))
    return Routes(file, secret)


def declared(file: HooksFile) -> Iterator[tuple[str, ChangeRoute]]:
    """Yield every route with its source: those of alerts, of changes, of heartbeats."""
    yield from ((route.source, route) for route in file.routes)
    yield from ((CHANGE, route) for route in file.changes)
    yield from ((HEARTBEAT, route) for route in file.heartbeats)


def _faults(file: HooksFile, sources: Collection[str], insecure: set[str]) -> Iterator[str]:
    seen: set[tuple[str, str]] = set()
    for source, route in declared(file):
        name = f"{source}/{route.route}"
        if (source, route.route) in seen:
            yield f"{name} stands there twice; rename or remove one"
        seen.add((source, route.route))
        read = source if isinstance(route, HookRoute) else getattr(route, "reads", "")
        if read and read not in sources:
            yield f"{name}: there is no source {read!r}; there are {', '.join(sorted(sources))}"
        if isinstance(route, HookRoute) and route.watchdog and not route.silent_after_s:
            yield f"{name}: says watchdog; say in silent_after_s how often it must be heard"
        if isinstance(route, HookRoute) and route.fields and source not in POINTED:
            yield f"{name}: only {', '.join(sorted(POINTED))} has fields; remove them"
        if route.auth != "none" and not route.secrets:
            yield f"{name}: name the environment variable of its secret in secrets"
        if route.auth == "none" and route.secrets:
            yield f"{name}: says auth: none and names secrets; keep one of the two"
        if route.auth == "none" and name not in insecure:
            mend = f"give it auth and secrets, or list it in {INSECURE}"
            yield f"{name} takes unsigned messages; {mend}"
