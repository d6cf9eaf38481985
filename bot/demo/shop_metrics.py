"""What the shop counts: each checkout, a sliding window, a ring of samples; it judges nothing."""

import time
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest

SERVICE = "checkout"
"""The one service of the shop."""

SAMPLES_KEPT = 3600
"""Samples in the ring: an hour at the default of one a second."""

Clock = Callable[[], float]
"""Answers Unix seconds and never goes back."""


def steady_clock() -> Clock:
    """Return a clock in Unix seconds that no adjustment of the system's clock turns back."""
    offset = time.time() - time.monotonic()
    return lambda: time.monotonic() + offset


@dataclass(frozen=True)
class Sample:
    """What the window said at one moment.

    `at` is in Unix seconds, `request_rate` in requests a second. A ratio (0 to 1) and a latency
    (seconds) are None when no request came in the window: nothing is known, which is not zero.
    """

    at: float
    error_ratio: float | None
    request_rate: float
    latency_p95_s: float | None


@dataclass(frozen=True)
class _Served:
    at: float
    ok: bool
    latency_s: float


class Metrics:
    """Counts of real requests, as Prometheus text, as a window, and as a ring of samples."""

    def __init__(self, clock: Clock, *, window_s: float) -> None:
        self._clock = clock
        self._window_s = window_s
        self._window: deque[_Served] = deque()
        self._ring: deque[Sample] = deque(maxlen=SAMPLES_KEPT)
        self._version = ""
        self._registry = CollectorRegistry()
        self._requests = Counter(
            "http_requests_total",
            "Checkout requests by answer.",
            ["service", "code"],
            registry=self._registry,
        )
        self._duration = Histogram(
            "http_request_duration_seconds",
            "Time to answer a checkout request.",
            ["service"],
            registry=self._registry,
            buckets=(0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5),
        )
        self._info = Gauge(
            "app_info", "The version that runs.", ["service", "version"], registry=self._registry
        )

    def count(self, *, ok: bool, latency_s: float) -> None:
        """Count one answered checkout."""
        self._window.append(_Served(self._clock(), ok, latency_s))
        self._forget()
        self._requests.labels(SERVICE, "200" if ok else "500").inc()
        self._duration.labels(SERVICE).observe(latency_s)

    def runs(self, version: str) -> None:
        """Say which version runs from now on; the old one leaves `app_info`."""
        if self._version:
            self._info.remove(SERVICE, self._version)
        self._version = version
        self._info.labels(SERVICE, version).set(1)

    def now(self) -> Sample:
        """Return what the window says at this moment."""
        self._forget()
        total = len(self._window)
        if not total:
            return Sample(self._clock(), None, 0.0, None)
        failed = sum(not served.ok for served in self._window)
        latencies = sorted(served.latency_s for served in self._window)
        return Sample(
            at=self._clock(),
            error_ratio=failed / total,
            request_rate=total / self._window_s,
            latency_p95_s=latencies[-(-total * 95 // 100) - 1],
        )

    def sample(self) -> Sample:
        """Put what the window says now into the ring, and return it."""
        sample = self.now()
        self._ring.append(sample)
        return sample

    def history(self) -> Sequence[Sample]:
        """Return the kept samples, oldest first; empty before the first one."""
        return tuple(self._ring)

    def exposition(self) -> bytes:
        """Return every count in the Prometheus text format."""
        return generate_latest(self._registry)

    def _forget(self) -> None:
        oldest = self._clock() - self._window_s
        while self._window and self._window[0].at < oldest:
            self._window.popleft()
