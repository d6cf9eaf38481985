"""The operator's doors of the shop: deploy and rollback, behind a token, once for each key."""

import hashlib
import hmac
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, JsonValue, SecretStr
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from bot.demo.shop_alerts import rfc3339
from bot.demo.shop_metrics import SERVICE, Clock, Metrics
from bot.demo.shop_requests import flag, parse, read_body, refusal
from bot.demo.shop_traffic import Courier
from bot.demo.shop_versions import Run, Versions
from bot.errors import ConflictError, InputError, SignatureError

KEYS_KEPT = 1000
"""Idempotency keys remembered; the oldest is forgotten first."""

_VERSION = r"^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$"


class Deploy(BaseModel):
    """Body of `POST /deploy`."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    version: str = Field(pattern=_VERSION)
    by: str = Field(default="unknown", min_length=1, max_length=64)


class Rollback(BaseModel):
    """Body of `POST /rollback`."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    service: str = Field(min_length=1, max_length=64)
    version: str = Field(pattern=_VERSION)
    by: str = Field(default="operator job", min_length=1, max_length=64)


@dataclass(frozen=True)
class _Answer:
    digest: str
    status: int
    body: dict[str, JsonValue]


@dataclass
class Jobs:
    """Switches versions for whoever holds `token`, and tells `changes` of every switch.

    `url` is the shop's own address without a slash at its end.
    """

    metrics: Metrics
    versions: Versions
    clock: Clock
    token: SecretStr
    url: str
    changes: Courier | None = None
    _answers: dict[str, _Answer] = field(default_factory=dict[str, _Answer])

    def routes(self) -> list[Route]:
        """Return the doors of this file."""
        return [
            Route("/deploy", self.deploy, methods=["POST"]),
            Route("/rollback", self.rollback, methods=["POST"]),
            Route("/runs/{number:int}", self.run),
        ]

    async def deploy(self, request: Request) -> Response:
        """Switch to any version, good or bad."""
        raw = await self._authentic(request)
        wanted = parse(Deploy, raw)
        return self._once(request, raw, lambda: self._switch("deploy", wanted.version, wanted.by))

    async def rollback(self, request: Request) -> Response:
        """Go back to a version that ran before; `?dry_run=1` only says what would happen."""
        raw = await self._authentic(request)
        wanted = parse(Rollback, raw)
        if flag(request, "dry_run"):
            return JSONResponse(self._preview(wanted))

        def act() -> dict[str, JsonValue]:
            self.versions.check_rollback(wanted.service, wanted.version)
            return self._switch("rollback", wanted.version, wanted.by)

        return self._once(request, raw, act)

    async def run(self, request: Request) -> Response:
        """Show one deploy or rollback: where every `run_url` and `link` leads."""
        run = self.versions.run(int(request.path_params["number"]))
        return JSONResponse({"run": run.number, "job": run.kind, **self._change(run)})

    def _switch(
        self, kind: Literal["deploy", "rollback"], version: str, by: str
    ) -> dict[str, JsonValue]:
        run = self.versions.switch(kind, version, by, self.clock())
        self.metrics.runs(version)
        if self.changes is not None:
            self.changes.send(self._change(run))
        return {
            "ok": True,
            "run_url": self._link(run),
            "version": run.version,
            "previous": run.previous,
        }

    def _preview(self, wanted: Rollback) -> dict[str, JsonValue]:
        self.versions.check_rollback(wanted.service, wanted.version)
        current = self.versions.current
        return {
            "ok": True,
            "dry_run": True,
            "would": f"roll {SERVICE} back from {current} to {wanted.version}",
            "run_url": None,
            "version": wanted.version,
            "previous": current,
        }

    def _change(self, run: Run) -> dict[str, JsonValue]:
        """Return a switch as the change webhook tells it: a rollback deploys too."""
        return {
            "service": SERVICE,
            "version": run.version,
            "previous": run.previous,
            "by": run.by,
            "at": rfc3339(run.at),
            "kind": "deploy",
            "link": self._link(run),
        }

    def _link(self, run: Run) -> str:
        return f"{self.url}/runs/{run.number}"

    async def _authentic(self, request: Request) -> bytes:
        """Return the body of a request that carries the token."""
        given = request.headers.get("authorization", "").encode()
        if not hmac.compare_digest(given, f"Bearer {self.token.get_secret_value()}".encode()):
            raise SignatureError(
                "this needs the deploy token; send it as Authorization: Bearer TOKEN"
            )
        return await read_body(request)

    def _once(
        self, request: Request, raw: bytes, act: Callable[[], dict[str, JsonValue]]
    ) -> Response:
        """Act, or give the answer that the same `Idempotency-Key` got before, refusals too.

        Nothing is awaited here, so two requests with one key cannot both act.
        """
        key = request.headers.get("idempotency-key", "")
        digest = hashlib.sha256(request.url.path.encode() + b"\n" + raw).hexdigest()
        earlier = self._answers.get(key) if key else None
        if earlier is not None:
            if earlier.digest != digest:
                raise ConflictError(
                    "this Idempotency-Key belongs to another request; send a new key"
                )
            return JSONResponse(earlier.body, earlier.status, {"Idempotent-Replayed": "true"})
        try:
            status, body = 200, act()
        except InputError as error:
            status, body = refusal(error)
        if key:
            self._answers[key] = _Answer(digest, status, body)
            if len(self._answers) > KEYS_KEPT:
                del self._answers[next(iter(self._answers))]
        return JSONResponse(body, status)
