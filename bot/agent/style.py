"""What one specialist is told, whatever happened: the words of the prompt files. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Style:
    """What one specialist is told in every incident.

    `purpose` is one sentence. `system` is the whole system prompt. `digest` is the hex SHA-256 over
    the bytes of the files that make it. `words` are the lines that stand around what happened.
    """

    name: str
    purpose: str
    system: str
    digest: str
    words: Mapping[str, str] = field(default_factory=dict[str, str])
