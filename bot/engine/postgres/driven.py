"""Which incidents this process drives now, known to the writer's thread too."""

from collections.abc import Iterable
from threading import Lock


class Driven:
    """A write to an incident that is driven here needs no job: its loop looks once more.

    If the process dies before it looks, the incident is due, and its job is rescued.
    """

    def __init__(self) -> None:
        self._lock = Lock()
        self._dirty: dict[str, bool] = {}

    def __len__(self) -> int:
        return len(self._dirty)

    def begin(self, incident: str) -> None:
        """It is driven from now on, and whatever is written after this is seen or noted."""
        with self._lock:
            self._dirty[incident] = False

    def again(self, incident: str) -> bool:
        """Return whether it must be driven once more; when not, it is driven no longer."""
        with self._lock:
            if self._dirty.get(incident):
                self._dirty[incident] = False
                return True
            self._dirty.pop(incident, None)
            return False

    def end(self, incident: str) -> None:
        """It is driven no longer, whatever was written."""
        with self._lock:
            self._dirty.pop(incident, None)

    def others(self, written: Iterable[str]) -> list[str]:
        """Note a write that is about to be committed; return what is not driven here."""
        with self._lock:
            for incident in written:
                if incident in self._dirty:
                    self._dirty[incident] = True
            return [incident for incident in written if incident not in self._dirty]
