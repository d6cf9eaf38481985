"""Asks a service how it is, at an address the catalogue names; no other address can be asked."""

import re
import time
from collections.abc import AsyncGenerator, Callable, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

from httpx import AsyncClient
from pydantic import Field, JsonValue, TypeAdapter, ValidationError

from bot.errors import ConfigError, RemoteError, ToolError
from bot.incident.model import Observation, Value
from bot.shelf import NOTHING_FITS, Needs, Tool, ToolResult, of_inventory
from tools import address
from tools.http import Answer, Call, Remote, Shape, client
from tools.words import bounded, line

CAP_BYTES = 1024 * 1024
MAX_FACTS = 20
FACT_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_-]{0,63}")
TEXT_CHARS = 200


class HttpProbe(Value):
    """The probe `probe` of the service `service`, as `services.yaml` names both."""

    service: str = Field(
        min_length=1,
        max_length=200,
        description="A service's name.",
        json_schema_extra=of_inventory("services"),
    )
    probe: str = Field(
        min_length=1,
        max_length=64,
        description="A probe of that service.",
        json_schema_extra=of_inventory("probes"),
    )


class Entry(Shape):
    """What a probe needs of a service; the catalogue checks the rest."""

    name: str
    probes: dict[str, str] = Field(default_factory=dict)


class Catalogue(Shape):
    """`services.yaml`, as far as probes go."""

    services: tuple[Entry, ...] = ()


CATALOGUE = TypeAdapter(Catalogue)


@dataclass(frozen=True, slots=True)
class Probing:
    """`http_probe`, opened."""

    client: AsyncClient
    folder: Callable[[str], JsonValue]

    async def run(self, args: HttpProbe) -> ToolResult:
        """Ask. No answer at all is an answer: `ok` is false and `status` is missing."""
        url = self._url(args)
        asked = f"{args.service} {args.probe}"
        begun = time.perf_counter()
        try:
            answer = await Remote(self.client, "http_probe", url).send(Call("GET"), CAP_BYTES)
        except RemoteError as error:
            if error.status is not None:
                raise
            facts = (Observation(name="ok", value=False), _latency(begun))
            told = str(error).removeprefix("http_probe: ")
            return ToolResult(line(f"{asked}: {told}"), facts, {"error": told})
        facts = (
            Observation(name="status", value=answer.status),
            Observation(name="ok", value=answer.ok),
            _latency(begun),
        )
        read = _json(answer)
        own = tuple(_scalars(read, {fact.name for fact in facts}))
        told = ", ".join(f"{fact.name}={fact.value}" for fact in own)
        summary = f"{asked}: HTTP {answer.status} in {facts[2].value} ms"
        body = bounded({"asked": address.shown(url), "status": answer.status, "json": read})
        return ToolResult(line(f"{summary}; {told}" if told else summary), facts + own, body)

    def _url(self, args: HttpProbe) -> str:
        try:
            services = _services(self.folder("services.yaml"))
        except ConfigError as error:
            raise ToolError(str(error)) from None
        service = next((one for one in services if one.name == args.service), None)
        if service is None or args.probe not in service.probes:
            known = sorted(service.probes) if service else []
            named = f"it has {', '.join(known)}" if known else "it has none"
            raise ToolError(
                f"services.yaml names no probe {args.probe!r} of {args.service!r}; {named}"
            )
        try:
            return address.checked(service.probes[args.probe])
        except ValueError as error:
            raise ToolError(f"services.yaml, {args.service}, {args.probe}: {error}") from None


def args_schema(needs: Needs) -> dict[str, JsonValue]:
    """Return the JSON schema of `HttpProbe` closed over the catalogue.

    One variant for each set of probes: the services that have exactly these share it.

    Raises:
        ConfigError: `services.yaml` cannot be used.
    """
    alike: dict[tuple[str, ...], list[JsonValue]] = {}
    for service in _services(needs.folder("services.yaml")):
        if service.probes:
            alike.setdefault(tuple(service.probes), []).append(service.name)
    variants: list[JsonValue] = [
        {
            "type": "object",
            "properties": {
                "service": {"type": "string", "enum": names, **of_inventory("services")},
                "probe": {"type": "string", "enum": list[JsonValue](probes)},
            },
            "required": ["service", "probe"],
            "additionalProperties": False,
        }
        for probes, names in alike.items()
    ]
    return {"anyOf": variants} if variants else NOTHING_FITS


@asynccontextmanager
async def open_probe(needs: Needs) -> AsyncGenerator[Probing]:
    """Yield the probe; the catalogue is read at each look, so a reload counts at once."""
    folder = needs.folder  # what stays open holds no way to a secret

    def reach() -> Iterator[str]:
        for service in _services(folder("services.yaml")):
            yield from map(address.link, service.probes.values())

    async with client(needs, reach) as http:
        yield Probing(http, folder)


def _services(document: JsonValue) -> tuple[Entry, ...]:
    try:
        return CATALOGUE.validate_python(document or {}).services
    except ValidationError:
        raise ConfigError("services.yaml cannot be read; run triagebot check") from None


def _latency(begun: float) -> Observation:
    return Observation(
        name="latency_ms", value=round((time.perf_counter() - begun) * 1000), unit="ms"
    )


def _json(answer: Answer) -> JsonValue:
    """Return the body where it is whole and JSON; other bodies are not facts."""
    try:
        return answer.json()
    except RemoteError:
        return None


def _scalars(body: JsonValue, taken: set[str]) -> Iterator[Observation]:
    """Yield at most `MAX_FACTS` scalars of an object, without those `taken`."""
    left = MAX_FACTS
    for name, value in body.items() if isinstance(body, dict) else ():
        if name in taken or not FACT_NAME.fullmatch(name) or isinstance(value, dict | list):
            continue
        if not left:
            return
        left -= 1
        yield Observation(
            name=name, value=line(value, TEXT_CHARS) if isinstance(value, str) else value
        )


http_probe = Tool(
    name="http_probe",
    kind="read",
    version="1",
    description=(
        "Ask a service how it is, at a probe the catalogue names. Facts: status, ok (answered "
        "2xx), latency_ms, and every top-level scalar of a JSON answer under its own name."
    ),
    args=HttpProbe,
    open=open_probe,
    facts=("*",),
    schema=args_schema,
)
