"""What a counter stands at."""

from bot.telemetry import REGISTRY


def security_events(kind: str) -> float:
    """Return how many security events of a kind this process has counted."""
    return REGISTRY.get_sample_value("triage_security_events_total", {"kind": kind}) or 0.0
