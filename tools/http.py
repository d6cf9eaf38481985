"""How tools speak HTTP: bounded in time and bytes, no redirects, errors of ours, no secret out."""

import asyncio
import json
import logging
import ssl
from collections.abc import AsyncGenerator, Callable, Iterable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from functools import cache
from http.cookiejar import CookieJar, DefaultCookiePolicy
from typing import TypeVar

import httpx
from pydantic import BaseModel, ConfigDict, JsonValue, TypeAdapter, ValidationError

from bot import telemetry
from bot.errors import RemoteError
from bot.shelf import Needs
from tools import address
from tools.credential import Credential

CAP_BYTES = 5 * 1024 * 1024
TIMEOUT_S = 9.0
"""Below the shelf's 10 s, so that the message is ours."""
IDLE_S = 1.0
"""A connection idle for longer is not used again: a server may close it under a request, and then
nobody knows whether an action was done."""

NOT_SENT = (
    httpx.ConnectError,
    httpx.ConnectTimeout,
    httpx.PoolTimeout,
    httpx.UnsupportedProtocol,
)

T = TypeVar("T")
log = logging.getLogger(__name__)


class NotReachableError(Exception):
    """A client was asked to speak to a server that nobody configured; the message names it."""


class Shape(BaseModel):
    """Part of a remote answer we read; what else stands there is left out."""

    model_config = ConfigDict(frozen=True, extra="ignore")


@dataclass(frozen=True, slots=True)
class Call:
    """One request. `form` is sent as a form, else `body` (unless None) as JSON."""

    method: str
    path: str = ""
    query: tuple[tuple[str, str], ...] = ()
    form: Mapping[str, str] | None = None
    body: JsonValue = None
    headers: Mapping[str, str] = field(default_factory=dict[str, str])


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back. `raw` holds at most the cap; `complete` False: there was more.

    Header names are lower case.
    """

    system: str
    status: int
    headers: Mapping[str, str]
    raw: bytes
    complete: bool
    credential: Credential

    @property
    def ok(self) -> bool:
        """True for 2xx."""
        return 200 <= self.status < 300

    @property
    def refused(self) -> bool:
        """True when the system said no before it did anything: 4xx, but not its own time-out."""
        return 400 <= self.status < 500 and self.status != 408

    def text(self, limit: int = 300) -> str:
        """Return the body as one line of at most `limit` characters, for a message."""
        head = self.raw[: 8 * limit].decode("utf-8", "replace")
        return " ".join(self.credential.scrub(head).replace("\0", "").split())[:limit]

    def json(self) -> JsonValue:
        """Return the body as JSON that can be stored.

        Raises:
            RemoteError: It is too large, or no JSON; not retryable.
        """
        if not self.complete:
            raise self._odd(f"answered more than {len(self.raw)} bytes; ask for less")
        try:
            return self.credential.plain(json.loads(self.raw, parse_constant=lambda _: None))
        except (ValueError, RecursionError):
            raise self._odd("did not answer with JSON; is this its address?") from None

    def parse(self, shape: TypeAdapter[T]) -> T:
        """Return the body as `shape`.

        Raises:
            RemoteError: As `json`, or the JSON has another shape.
        """
        try:
            return shape.validate_python(self.json())
        except ValidationError:
            raise self._odd("answered in an unknown shape; is this its address?") from None

    def refusal(self, said: str = "") -> RemoteError:
        """Return the error of a status that is not 2xx; `said` is the system's own message."""
        after = self.headers.get("retry-after", "")
        words = _status_words(self.status, self.credential.name)
        return RemoteError(
            self.system,
            f"{words}: {said[:300]}" if said else words,
            self.status,
            retry_after_s=float(after) if after.isdecimal() and len(after) < 6 else None,
        )

    def _odd(self, message: str) -> RemoteError:
        return RemoteError(self.system, message, self.status)


@dataclass(frozen=True, slots=True)
class Remote:
    """One system at `url`; calls share the client's connections, never its cookies."""

    client: httpx.AsyncClient
    system: str
    url: str = ""
    credential: Credential = field(default_factory=Credential)
    timeout_s: float = TIMEOUT_S

    async def send(self, call: Call, cap_bytes: int = CAP_BYTES) -> Answer:
        """Return the answer, whatever its status; at most `cap_bytes` of its body are read.

        Raises:
            RemoteError: No answer in time, a redirect, or a compressed body. `sent` is False
                only when no connection was made.
        """
        try:
            async with asyncio.timeout(self.timeout_s):
                return await self._send(call, cap_bytes)
        except (TimeoutError, httpx.TimeoutException) as error:
            sent = not isinstance(error, NOT_SENT)
            words = f"no answer within {self.timeout_s:g} s"
            raise RemoteError(self.system, words, sent=sent) from None
        except NotReachableError as error:
            words = f"{error} is not an address that was configured; nothing was sent"
            raise RemoteError(self.system, words, sent=False) from None
        except NOT_SENT:
            words = "cannot connect; is it running, and reachable from here?"
            raise RemoteError(self.system, words, sent=False) from None
        except (httpx.HTTPError, httpx.InvalidURL, UnicodeError):
            raise RemoteError(self.system, "the connection broke before an answer") from None

    async def get(self, call: Call, cap_bytes: int = CAP_BYTES) -> Answer:
        """As `send`, and a status that is not 2xx is an error too."""
        answer = await self.send(call, cap_bytes)
        if not answer.ok:
            raise answer.refusal()
        return answer

    async def _send(self, call: Call, cap_bytes: int) -> Answer:
        headers = dict(call.headers)
        if self.credential.header:
            headers["authorization"] = self.credential.header
        request = self.client.build_request(
            call.method,
            httpx.URL(self.url + call.path).copy_merge_params(call.query),
            data=call.form,
            json=call.body,
            headers=headers,
            timeout=httpx.Timeout(self.timeout_s, connect=self.timeout_s / 2),
        )
        response = await self.client.send(request, stream=True)
        try:
            self._check(response)
            raw, complete = await _read(response, cap_bytes)
        finally:
            await response.aclose()
        headers = {name.lower(): value for name, value in response.headers.items()}
        return Answer(self.system, response.status_code, headers, raw, complete, self.credential)

    def _check(self, response: httpx.Response) -> None:
        status = response.status_code
        if 300 <= status < 400:
            words = "answered with a redirect, which is not followed; configure the final address"
            raise RemoteError(self.system, words, status)
        if response.headers.get("content-encoding", "identity") != "identity":
            words = "answered compressed although asked not to; switch that off for this client"
            raise RemoteError(self.system, words, status)


@asynccontextmanager
async def client(
    needs: Needs, reach: Callable[[], Iterable[str]]
) -> AsyncGenerator[httpx.AsyncClient]:
    """Yield a client without redirects, cookies, proxies of the environment, or compression.

    It reaches the servers of the addresses that `reach` returns at each request, and nothing else
    (F-02): whoever configured an address is who lets it be asked.
    """

    async def only_there(request: httpx.Request) -> None:
        url = str(request.url)
        if not any(one and address.same_origin(one, url) for one in reach()):
            telemetry.security_events.labels("egress").inc()
            log.error("SECURITY: a tool asked for %s, which nobody configured", address.shown(url))
            raise NotReachableError(address.shown(url))

    async with httpx.AsyncClient(
        verify=trusted(),
        follow_redirects=False,
        trust_env=False,
        cookies=CookieJar(DefaultCookiePolicy(allowed_domains=[])),
        headers={"user-agent": "triagebot", "accept-encoding": "identity"},
        limits=httpx.Limits(
            max_connections=8, max_keepalive_connections=2, keepalive_expiry=IDLE_S
        ),
        transport=needs.transport,
        event_hooks={"request": [only_there]},
    ) as opened:
        yield opened


@cache
def trusted() -> ssl.SSLContext:
    """Return the certificates every client trusts; reading them is slow, so it is done once."""
    return httpx.create_ssl_context(trust_env=False)


def unsent(error: RemoteError) -> RemoteError:
    """Return the error of a look that failed before anything was changed."""
    said = str(error).removeprefix(f"{error.system}: ")
    return RemoteError(
        error.system,
        f"{said} (while looking; nothing was changed)",
        error.status,
        retry_after_s=error.retry_after_s,
        sent=False,
    )


async def _read(response: httpx.Response, cap_bytes: int) -> tuple[bytes, bool]:
    raw = bytearray()
    async for chunk in response.aiter_raw():
        raw += chunk
        if len(raw) > cap_bytes:
            return bytes(raw[:cap_bytes]), False
    return bytes(raw), True


def _status_words(status: int, secret: str) -> str:
    match status:
        case 401 | 403:
            asked = f"check {secret}" if secret else "it wants a credential"
            return f"does not let us in (HTTP {status}); {asked}"
        case 429:
            return "asks us to slow down (HTTP 429)"
        case _ if status >= 500:
            return f"failed (HTTP {status})"
        case _:
            return f"refused (HTTP {status})"
