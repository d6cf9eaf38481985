"""Actions: tools that change something, run only through an approved Proposal; one line each."""

from bot.shelf import Tool, shelf
from tools.write.alertmanager import alertmanager_silence as alertmanager_silence
from tools.write.jobs import job_run as job_run

ACTIONS = shelf(globals(), Tool)
"""Every action by name."""
