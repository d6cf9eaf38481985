import re

from bot.telemetry import REGISTRY, exposition

NAMES = re.compile(r"^triage_[a-z_]+$")
FORBIDDEN_LABELS = {"incident", "person", "email", "url", "proposal", "actor"}


def test_g10_names_have_one_prefix_and_base_units() -> None:
    for family in REGISTRY.collect():
        assert NAMES.match(family.name), family.name
        assert family.documentation
        assert not family.name.endswith(("_ms", "_minutes", "_kb"))


def test_g10_no_label_is_an_id_an_address_or_a_person() -> None:
    for family in REGISTRY.collect():
        for sample in family.samples:
            assert not FORBIDDEN_LABELS & set(sample.labels)


def test_g10_the_core_set_that_exists_here_is_exposed() -> None:
    text = exposition().decode()
    for name in (
        "triage_alerts_received_total",
        "triage_webhook_duration_seconds",
        "triage_incidents_open",
        "triage_time_to_first_message_seconds",
        "triage_tool_calls_total",
        "triage_proposals_total",
        "triage_approval_wait_seconds",
        "triage_execution_duration_seconds",
        "triage_channel_send_total",
        "triage_channel_lag_seconds",
        "triage_dedupe_hits_total",
        "triage_redactions_total",
        "triage_auth_failures_total",
        "triage_audit_last_seq",
        "triage_queue_depth",
        "triage_build_info",
    ):
        assert f"# TYPE {name.removesuffix('_total')}" in text or f"# TYPE {name}" in text, name
