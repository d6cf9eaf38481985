"""What opening a database of either kind gives: a pool to write through and one to read through."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from sqlalchemy import Engine

READERS = 4
Kind = Literal["sqlite", "postgresql"]


@dataclass(frozen=True, slots=True)
class Engines:
    """The pools of one database.

    Attributes:
        kind: Which database it is.
        write: None when it was opened to read only.
        read: Each of its transactions is one snapshot, and cannot write.
        listen: Where to hear of other processes, if there may be some.
        release: Gives up the lock on the database, if there is one.
    """

    kind: Kind
    write: Engine | None
    read: Engine
    listen: Engine | None
    release: Callable[[], None]

    def close(self) -> None:
        """Close every connection, then release the lock."""
        self.read.dispose()
        if self.write is not None:
            self.write.dispose()
        self.release()
