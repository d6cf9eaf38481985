"""Tools that look and change nothing; a new one is one file and one import line here."""

from bot.shelf import Tool, shelf
from tools.read.alertmanager import alertmanager_silences as alertmanager_silences
from tools.read.changes import changes_recent as changes_recent
from tools.read.http_probe import http_probe as http_probe
from tools.read.prometheus import prometheus_query as prometheus_query
from tools.read.prometheus import prometheus_range as prometheus_range

READ_TOOLS = shelf(globals(), Tool)
"""Every read tool by name."""
