from dataclasses import dataclass

from prometheus_client.parser import text_string_to_metric_families

from bot.demo.shop_metrics import Metrics, Sample, steady_clock


@dataclass
class Hand:
    """A clock that a test moves."""

    at: float = 1000.0

    def __call__(self) -> float:
        return self.at


def exposed(metrics: Metrics) -> dict[tuple[str, tuple[tuple[str, str], ...]], float]:
    families = text_string_to_metric_families(metrics.exposition().decode())
    return {
        (sample.name, tuple(sorted(sample.labels.items()))): sample.value
        for family in families
        for sample in family.samples
    }


def test_nothing_asked_is_unknown_and_not_zero() -> None:
    assert Metrics(Hand(), window_s=5).now() == Sample(1000.0, None, 0.0, None)


def test_the_window_holds_the_failed_share_the_rate_and_the_95th_percentile() -> None:
    metrics = Metrics(Hand(), window_s=5)
    for count in range(1, 21):
        metrics.count(ok=count > 5, latency_s=count / 100)
    assert metrics.now() == Sample(1000.0, 0.25, 4.0, 0.19)


def test_one_request_is_its_own_percentile() -> None:
    metrics = Metrics(Hand(), window_s=5)
    metrics.count(ok=True, latency_s=0.5)
    assert metrics.now().latency_p95_s == 0.5


def test_what_is_older_than_the_window_is_forgotten() -> None:
    clock = Hand()
    metrics = Metrics(clock, window_s=5)
    metrics.count(ok=False, latency_s=0.1)
    clock.at += 4
    metrics.count(ok=True, latency_s=0.1)
    assert metrics.now().error_ratio == 0.5
    clock.at += 2
    assert metrics.now().error_ratio == 0.0
    clock.at += 4
    assert metrics.now().error_ratio is None


def test_only_samples_that_were_taken_are_history() -> None:
    clock = Hand()
    metrics = Metrics(clock, window_s=5)
    metrics.now()
    assert metrics.history() == ()
    first = metrics.sample()
    clock.at += 1
    second = metrics.sample()
    assert metrics.history() == (first, second)
    assert (first.at, second.at) == (1000.0, 1001.0)


def test_counts_and_durations_are_exposed_and_never_forgotten() -> None:
    clock = Hand()
    metrics = Metrics(clock, window_s=5)
    metrics.count(ok=True, latency_s=0.02)
    clock.at += 60
    metrics.count(ok=False, latency_s=0.2)
    metrics.count(ok=True, latency_s=0.02)
    values = exposed(metrics)
    service = ("service", "checkout")
    assert values["http_requests_total", (("code", "200"), service)] == 2
    assert values["http_requests_total", (("code", "500"), service)] == 1
    assert values["http_request_duration_seconds_count", (service,)] == 3
    assert values["http_request_duration_seconds_bucket", (("le", "0.025"), service)] == 2


def test_only_the_version_that_runs_is_exposed() -> None:
    metrics = Metrics(Hand(), window_s=5)
    metrics.runs("v41")
    metrics.runs("v42")
    infos = {
        labels: value for (name, labels), value in exposed(metrics).items() if name == "app_info"
    }
    assert infos == {(("service", "checkout"), ("version", "v42")): 1.0}


def test_the_steady_clock_tells_unix_time_and_never_goes_back() -> None:
    clock = steady_clock()
    readings = [clock() for _ in range(100)]
    assert readings == sorted(readings)
    assert readings[0] > 1_700_000_000
