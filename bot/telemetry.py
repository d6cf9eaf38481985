"""The metrics of the bot (G-10): Prometheus names, base units, small label sets, no ids."""

from prometheus_client import (
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    ProcessCollector,
    generate_latest,
)

REGISTRY = CollectorRegistry()
ProcessCollector(namespace="triage", registry=REGISTRY)
FAST = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5)
SLOW = (0.1, 0.5, 1, 2, 5, 10, 30, 60, 120, 300, 900, 3600, 14400)
SHARES = (0.05, 0.1, 0.2, 0.3, 0.4, 0.5, 0.75, 1)
RATIOS = (0.5, 0.75, 0.9, 0.95, 1, 1.05, 1.1, 1.25, 1.5, 2, 3)

alerts_received = Counter(
    "triage_alerts_received_total", "Alerts by source and what became of them.",
    ("source", "outcome"), registry=REGISTRY,
)  # fmt: skip
webhook_duration = Histogram(
    "triage_webhook_duration_seconds", "Webhook, body read to answer written.",
    ("source", "code"), buckets=FAST, registry=REGISTRY,
)  # fmt: skip
webhooks = Counter(
    "triage_webhooks_total", "Webhooks by door and what became of them; busy was answered 503.",
    ("source", "route", "outcome"), registry=REGISTRY,
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
    ("risk",), buckets=sorted({*SLOW, 3}), registry=REGISTRY,
)  # fmt: skip
agreement = Gauge(
    "triage_agreement_ratio",
    "Share of the decided proposals of the last four weeks that humans approved.",
    ("action",), registry=REGISTRY,
)  # fmt: skip
second_looks = Gauge(
    "triage_approvers_worth_a_second_look",
    "Persons who approved nearly all of their last 20 within seconds; /trust names them.",
    registry=REGISTRY,
)
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
security_events = Counter(
    "triage_security_events_total",
    "What only tampering, or a bug that looks like it, can bring about, by kind.",
    ("kind",), registry=REGISTRY,
)  # fmt: skip
steps_refused = Counter(
    "triage_steps_refused_total", "Steps that named what is not on the menu, by who chose.",
    ("by",), registry=REGISTRY,
)  # fmt: skip
llm_requests = Counter(
    "triage_llm_requests_total", "Requests to models, by outcome.",
    ("model", "outcome"), registry=REGISTRY,
)  # fmt: skip
llm_request_duration = Histogram(
    "triage_llm_request_duration_seconds", "One request to a model, sent to answered or given up.",
    ("model",), buckets=SLOW, registry=REGISTRY,
)  # fmt: skip
llm_tokens = Counter(
    "triage_llm_tokens_total", "Tokens as models report them: input, cached (of input), output.",
    ("model", "direction"), registry=REGISTRY,
)  # fmt: skip
llm_cost = Counter(
    "triage_llm_cost_usd_total", "Dollars of requests whose price is known.",
    ("model",), registry=REGISTRY,
)  # fmt: skip
llm_repairs = Counter(
    "triage_llm_repairs_total", "Replies sent back with what is wrong with them.",
    ("model",), registry=REGISTRY,
)  # fmt: skip
llm_window_share = Histogram(
    "triage_llm_window_share_ratio", "Share of the model's window a request fills, by estimate.",
    ("model",), buckets=SHARES, registry=REGISTRY,
)  # fmt: skip
llm_estimate = Histogram(
    "triage_llm_estimate_ratio", "Input tokens estimated before sending, of those then reported.",
    ("model",), buckets=RATIOS, registry=REGISTRY,
)  # fmt: skip
llm_fallbacks = Counter(
    "triage_llm_fallbacks_total", "Steps the planner chose instead of the model, by reason.",
    ("reason",), registry=REGISTRY,
)  # fmt: skip
llm_rests = Counter(
    "triage_llm_rests_total", "Times a model that failed was left alone for a while.",
    ("model",), registry=REGISTRY,
)  # fmt: skip
planner_agreement = Counter(
    "triage_planner_agreement_total", "Steps of a model the planner would have chosen too, or not.",
    ("agreed",), registry=REGISTRY,
)  # fmt: skip
claims_dropped = Counter(
    "triage_claims_dropped_total", "Claims of a model that cite nothing that was seen.",
    ("model",), registry=REGISTRY,
)  # fmt: skip
conclusions = Counter(
    "triage_conclusions_total", "Conclusions by human verdict.", ("verdict",), registry=REGISTRY
)
escalations = Counter(
    "triage_escalations_total", "Runs that gave up, by reason.", ("reason",), registry=REGISTRY
)
tool_errors_recovered = Counter(
    "triage_tool_errors_recovered_total", "Reads that answered after they had failed, by tool.",
    ("tool",), registry=REGISTRY,
)  # fmt: skip
questions = Counter(
    "triage_questions_total",
    "Questions to the agent: asked, answered by model or planner, given up, or not taken.",
    ("outcome", "surface"), registry=REGISTRY,
)  # fmt: skip
calls = Counter(
    "triage_calls_total", "Calls of humans that nobody had answered, by level of the ladder.",
    ("level", "about"), registry=REGISTRY,
)  # fmt: skip
ack_time = Histogram(
    "triage_ack_seconds", "Incident opened to first acknowledged (the mean is the MTTA).",
    buckets=SLOW, registry=REGISTRY,
)  # fmt: skip
conclusion_time = Histogram(
    "triage_time_to_conclusion_seconds", "Incident opened to the first conclusion about it.",
    buckets=SLOW, registry=REGISTRY,
)  # fmt: skip
investigations = Gauge(
    "triage_investigations", "Investigations that run, and those that wait for a place.",
    ("state",), registry=REGISTRY,
)  # fmt: skip
queue_depth = Gauge("triage_queue_depth", "Writes that wait for the log.", registry=REGISTRY)
queue_limit = Gauge("triage_queue_limit", "Writes that may wait.", registry=REGISTRY)
commit_duration = Histogram(
    "triage_commit_duration_seconds", "One commit of the writes that waited together.",
    buckets=FAST, registry=REGISTRY,
)  # fmt: skip
due_lag = Gauge(
    "triage_due_lag_seconds", "How long the most overdue incident waits to be looked at.",
    registry=REGISTRY,
)  # fmt: skip
proposals_open = Gauge(
    "triage_proposals_open", "Proposals that are not over, by status.",
    ("status",), registry=REGISTRY,
)  # fmt: skip
proposal_age = Gauge(
    "triage_proposals_oldest_seconds", "Age of the oldest proposal in a status; 0 without one.",
    ("status",), registry=REGISTRY,
)  # fmt: skip
channel_broken = Gauge(
    "triage_channel_broken", "1 while messages to a channel fail.",
    ("channel",), registry=REGISTRY,
)  # fmt: skip
last_heard = Gauge(
    "triage_last_heard_timestamp_seconds",
    "When a door that must speak was last heard; the start of the process when never.",
    ("source", "route"), registry=REGISTRY,
)  # fmt: skip
silent_after = Gauge(
    "triage_silent_after_seconds", "So long a door may be silent.",
    ("source", "route"), registry=REGISTRY,
)  # fmt: skip
check_ok = Gauge(
    "triage_check_ok", "1 while a check of /readyz is well.", ("check",), registry=REGISTRY
)
self_alarms = Gauge(
    "triage_self_alarms", "Alarms the bot raised about itself that stand.",
    ("alertname",), registry=REGISTRY,
)  # fmt: skip
eval_pass_ratio = Gauge(
    "triage_eval_pass_ratio", "Share of the scenarios of TRIAGE_EVALS that passed last.",
    ("model",), registry=REGISTRY,
)  # fmt: skip
last_look = Gauge(
    "triage_last_look_timestamp_seconds", "When the bot last looked at itself.", registry=REGISTRY
)
last_checkpoint = Gauge(
    "triage_audit_last_checkpoint_timestamp_seconds",
    "When the heads of all streams were last recorded; 0 before the first time.",
    registry=REGISTRY,
)
audit_last_seq = Gauge("triage_audit_last_seq", "Number of the newest event.", registry=REGISTRY)
audit_verify_ok = Gauge(
    "triage_audit_verify_ok",
    "0 while the newest events of the log are not what was written; see triagebot audit verify.",
    registry=REGISTRY,
)
checkpoint_signed = Gauge(
    "triage_checkpoint_signed", "1 once this process signed a checkpoint.", registry=REGISTRY
)
build_info = Gauge(
    "triage_build_info", "What runs: version, git revision, knowledge revision.",
    ("version", "revision", "knowledge"), registry=REGISTRY,
)  # fmt: skip


def exposition() -> bytes:
    """Return every metric in the Prometheus text format."""
    return generate_latest(REGISTRY)
