"""A duty: work that one process does at a time, told to end by an event."""

import asyncio
from collections.abc import Awaitable, Callable

Duty = Callable[[asyncio.Event], Awaitable[None]]
"""Works until the event is set, and then ends what it began."""
