"""The shop's open doors: its business, its probes, its metrics and queries; none changes it."""

import asyncio
from dataclasses import dataclass

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from bot.demo import shop_query
from bot.demo.shop_metrics import SERVICE, Clock, Metrics
from bot.demo.shop_requests import read_params
from bot.demo.shop_versions import Versions
from bot.errors import InputError

SLOW_FACTOR = 4
"""How much longer a failing checkout takes than a good one."""


@dataclass(frozen=True)
class Doors:
    """What anybody on this machine may ask.

    A good checkout takes `latency_s`; the shop calls itself healthy while its error ratio is
    below `healthy_below`.
    """

    metrics: Metrics
    versions: Versions
    clock: Clock
    latency_s: float
    healthy_below: float

    def routes(self) -> list[Route]:
        """Return the doors of this file."""
        return [
            Route("/checkout", self.checkout),
            Route("/healthz", self.healthz),
            Route("/metrics", self.exposition),
            Route("/state", self.state),
            Route("/api/v1/query", self.query, methods=["GET", "POST"]),
            Route("/api/v1/query_range", self.query_range, methods=["GET", "POST"]),
        ]

    async def checkout(self, request: Request) -> Response:
        """Sell one item: 200, or 500 when a bad version runs and it is this request's turn."""
        began = self.clock()
        version, ok = self.versions.current, self.versions.serve_one()
        await asyncio.sleep(self.latency_s if ok else self.latency_s * SLOW_FACTOR)
        self.metrics.count(ok=ok, latency_s=self.clock() - began)
        if not ok:
            body = {"ok": False, "error": "the order could not be priced", "version": version}
            return JSONResponse(body, 500)
        item = request.query_params.get("item", "tea")
        return JSONResponse({"ok": True, "item": item[:64], "version": version})

    async def healthz(self, _request: Request) -> Response:
        """Say that the process lives; it says nothing about the business."""
        return JSONResponse({"ok": True})

    async def exposition(self, _request: Request) -> Response:
        """Answer a Prometheus scrape."""
        content_type = "text/plain; version=0.0.4; charset=utf-8"
        return Response(self.metrics.exposition(), headers={"Content-Type": content_type})

    async def state(self, _request: Request) -> Response:
        """Say what runs and how it does; `error_ratio` is null while nobody asks."""
        now = self.metrics.now()
        ratio = now.error_ratio
        return JSONResponse(
            {
                "service": SERVICE,
                "version": self.versions.current,
                "previous": self.versions.previous,
                "error_ratio": None if ratio is None else round(ratio, 4),
                "requests_per_s": round(now.request_rate, 1),
                "healthy": ratio is not None and ratio < self.healthy_below,
            }
        )

    async def query(self, request: Request) -> Response:
        """Answer an instant query of a recorded series."""
        try:
            params = await read_params(request)
            answer = shop_query.instant(self.metrics.history(), params, self.clock())
        except InputError as error:
            return JSONResponse(shop_query.refusal(error), 400)
        return JSONResponse(answer)

    async def query_range(self, request: Request) -> Response:
        """Answer a range query of a recorded series."""
        try:
            params = await read_params(request)
            answer = shop_query.over_range(self.metrics.history(), params)
        except InputError as error:
            return JSONResponse(shop_query.refusal(error), 400)
        return JSONResponse(answer)
