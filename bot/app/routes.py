"""The webhook doors as `hooks.yaml` declares them now, with their secrets."""

from collections.abc import Callable

from bot.app.library import FolderLibrary
from bot.errors import ConfigError
from bot.intake.hooks import Routes, read_routes
from bot.intake.sources import SOURCES
from bot.knowledge.library import Knowledge


def routes_of(knowledge: Knowledge, secret: Callable[[str], str], insecure: str) -> Routes:
    """Return the routes of one state of the folder.

    Args:
        knowledge: Its `hooks.yaml` declares them.
        secret: Returns a secret by its variable's name, "" when it is not set.
        insecure: `TRIAGE_ALLOW_INSECURE_WEBHOOK`.

    Raises:
        ConfigError: Every fault, one a line, with its place and mend.
    """
    return read_routes(knowledge.hooks, frozenset(SOURCES), secret, insecure)


class RouteShelf:
    """The routes in force: read anew when the knowledge folder was reloaded.

    A reload whose `hooks.yaml` will not do keeps the routes that were good, and says so in
    `problem`.
    """

    def __init__(self, library: FolderLibrary, secret: Callable[[str], str], insecure: str) -> None:
        self._library = library
        self._secret = secret
        self._insecure = insecure
        self.problem = ""
        self._revision, self._routes = self._read()

    def __call__(self) -> Routes:
        """Return the routes as of now."""
        if self._library.revision != self._revision:
            try:
                self._revision, self._routes = self._read()
                self.problem = ""
            except ConfigError as error:
                self._revision = self._library.revision
                self.problem = str(error)
        return self._routes

    def _read(self) -> tuple[str, Routes]:
        revision = self._library.revision
        return revision, routes_of(self._library.knowledge, self._secret, self._insecure)
