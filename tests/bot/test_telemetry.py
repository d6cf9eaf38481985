import re
from pathlib import Path

import pytest
from prometheus_client.metrics import MetricWrapperBase

from bot import telemetry
from bot.telemetry import REGISTRY, exposition

NAMES = re.compile(r"^triage_[a-z_]+$")
ROOMS = [Path(__file__).parents[2] / room for room in ("bot", "channels", "tools")]
CODE = "\n".join(
    path.read_text() for room in ROOMS for path in room.rglob("*.py") if path.name != "telemetry.py"
)
METRICS = [name for name, one in vars(telemetry).items() if isinstance(one, MetricWrapperBase)]
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


@pytest.mark.parametrize("name", METRICS)
def test_g10_every_metric_is_given_a_value_somewhere(name: str) -> None:
    """Most are where they are named; some are handed to whoever counts, or looked up but once."""
    used = rf"\b{name}(\.labels\([^\n]*\))?\.(inc|set|set_function|observe|time)\("
    handed = rf"\.count\({name}\)|@cache\n[^@]*return {name}\.labels\("
    assert re.search(used, CODE) or re.search(handed, CODE)
