"""Adapters through which humans are reached and answer; they translate and decide nothing.

A new one is one file and one import line here.
"""

from bot.shelf import ChannelDeclaration, shelf
from channels.console import console as console
from channels.web import web as web

CHANNELS = shelf(globals(), ChannelDeclaration)
"""Every channel by name."""
