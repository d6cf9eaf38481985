"""The shelf of sources: what each monitoring system's webhook means; one import line a source."""

from bot.intake.sources.alertmanager import ALERTMANAGER
from bot.intake.sources.generic_json import GENERIC_JSON
from bot.shelf import Source, shelf

__all__ = ["ALERTMANAGER", "GENERIC_JSON", "SOURCES"]

SOURCES: dict[str, Source] = shelf(globals(), Source)
"""Every source by the name it has in `/hooks/{source}/…`."""
