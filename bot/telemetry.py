"""The metrics of the bot (G-10): Prometheus names, base units, small label sets, no ids."""

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest

REGISTRY = CollectorRegistry()
FAST = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5)
SLOW = (0.1, 0.5, 1, 2, 5, 10, 30, 60, 120, 300, 900, 3600, 14400)

alerts_received = Counter(
    "triage_alerts_received_total", "Alerts by source and what became of them.",
    ("source", "outcome"), registry=REGISTRY,
)  # fmt: skip
webhook_duration = Histogram(
    "triage_webhook_duration_seconds", "Webhook, body read to answer written.",
    ("source", "code"), buckets=FAST, registry=REGISTRY,
)  # fmt: skip
incidents_open = Gauge(
    "triage_incidents_open", "Incidents that are open now.", ("severity",), registry=REGISTRY
)
first_message = Histogram(
    "triage_time_to_first_message_seconds", "Incident opened to first card posted.",
    buckets=(*FAST, 10, 30, 60), registry=REGISTRY,
)  # fmt: skip
tool_calls = Counter(
    "triage_tool_calls_total", "Tool calls by outcome.", ("tool", "outcome"), registry=REGISTRY
)
steps = Counter(
    "triage_steps_total", "Steps chosen, by who chose and which kind.",
    ("by", "kind"), registry=REGISTRY,
)  # fmt: skip
proposals = Counter(
    "triage_proposals_total", "Proposals by tool, risk and where they ended.",
    ("tool", "risk", "outcome"), registry=REGISTRY,
)  # fmt: skip
decisions = Counter(
    "triage_decisions_total", "Decisions by channel and verdict.",
    ("channel", "verdict"), registry=REGISTRY,
)  # fmt: skip
approval_wait = Histogram(
    "triage_approval_wait_seconds", "Proposal shown to decided.",
    ("risk",), buckets=SLOW, registry=REGISTRY,
)  # fmt: skip
execution_duration = Histogram(
    "triage_execution_duration_seconds", "Action call.",
    ("tool", "outcome"), buckets=SLOW, registry=REGISTRY,
)  # fmt: skip
channel_send = Counter(
    "triage_channel_send_total", "Messages sent to channels.",
    ("channel", "outcome"), registry=REGISTRY,
)  # fmt: skip
channel_lag = Gauge(
    "triage_channel_lag_seconds", "Age of the oldest event a channel was not told.",
    ("channel",), registry=REGISTRY,
)  # fmt: skip
dedupe_hits = Counter(
    "triage_dedupe_hits_total", "Deliveries and alerts seen before.", ("kind",), registry=REGISTRY
)
redactions = Counter(
    "triage_redactions_total", "Secrets and personal data taken out, by kind.",
    ("kind",), registry=REGISTRY,
)  # fmt: skip
auth_failures = Counter(
    "triage_auth_failures_total", "Requests that were not from who they said.",
    ("surface", "reason"), registry=REGISTRY,
)  # fmt: skip
conclusions = Counter(
    "triage_conclusions_total", "Conclusions by human verdict.", ("verdict",), registry=REGISTRY
)
escalations = Counter(
    "triage_escalations_total", "Runs that gave up, by reason.", ("reason",), registry=REGISTRY
)
conclusion_time = Histogram(
    "triage_time_to_conclusion_seconds", "Incident opened to conclusion.",
    buckets=SLOW, registry=REGISTRY,
)  # fmt: skip
queue_depth = Gauge("triage_queue_depth", "Writes that wait for the log.", registry=REGISTRY)
audit_last_seq = Gauge("triage_audit_last_seq", "Number of the newest event.", registry=REGISTRY)
build_info = Gauge(
    "triage_build_info", "What runs: version, git revision, knowledge revision.",
    ("version", "revision", "knowledge"), registry=REGISTRY,
)  # fmt: skip


def exposition() -> bytes:
    """Return every metric in the Prometheus text format."""
    return generate_latest(REGISTRY)
