"""What a card needs besides the state: addresses, the version, and who may decide what."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from bot.incident.model import Link
from bot.incident.state import State
from bot.incident.stepup import FOOTER

CORRELATION_CHARS = 12


@dataclass(frozen=True, slots=True)
class Terms:
    """Who may approve a proposal, in words, and how many distinct persons must.

    `on_call` are those of them who were on call when it was posted and are called by name, `quiet`
    those who have quiet hours.
    """

    approvers: str
    needed: int = 1
    on_call: tuple[str, ...] = ()
    quiet: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Look:
    """How the bot stands while a card is drawn; made by whoever draws, never by a card.

    `base_url` has no slash at its end and may be empty (then there are no links). `read_only` and
    `paused_by` say why no action starts. `terms` maps a proposal's id. Links that came from outside
    are clickable only when their host is in `hosts`. `queued` says what an investigation that has
    no place yet waits for. `chat_only_high` is said at the foot of every card (E-24). `actors` maps
    a person's name to their accounts.
    """

    base_url: str = ""
    version: str = ""
    read_only: bool = False
    paused_by: str = ""
    terms: Mapping[str, Terms] = field(default_factory=dict[str, Terms])
    hosts: frozenset[str] = frozenset()
    queued: str = ""
    chat_only_high: bool = False
    actors: Mapping[str, tuple[str, ...]] = field(default_factory=dict[str, tuple[str, ...]])

    def actors_of(self, persons: tuple[str, ...]) -> tuple[str, ...]:
        """Return the accounts of these persons, in order; who has none is named in words only."""
        return tuple(actor for name in persons for actor in self.actors.get(name, ()))

    def page(self, path: str, title: str) -> tuple[Link, ...]:
        """Return the link to one of our pages; empty when nobody can reach us."""
        return (Link(title=title, url=f"{self.base_url}{path}"),) if self.base_url else ()

    def evidence(self, identifiers: tuple[str, ...]) -> tuple[Link, ...]:
        """Return permalinks of stored results, each once, in order; ids that are none are left."""
        return tuple(
            link
            for name in dict.fromkeys(identifiers)
            if name and name.isascii() and name.isalnum()
            for link in self.page(f"/e/{name}", f"evidence {name[:6]}")
        )

    def outside(self, url: str, title: str) -> tuple[Link, ...]:
        """Return a link that came from outside, if its host is allowed (D-10)."""
        try:
            parts = urlsplit(url)
            host = parts.hostname or ""
        except ValueError:
            return ()
        allowed = parts.scheme in {"http", "https"} and host in self.hosts and "@" not in url
        return (Link(title=title, url=url),) if allowed else ()


def correlation_of(state: State) -> str:
    """Return the id that ties an incident's cards, pages and log lines together (G-12)."""
    opened = state.incident.opened_at
    seed = f"{state.stream} {opened.isoformat() if opened else ''}"
    return hashlib.sha256(seed.encode()).hexdigest()[:CORRELATION_CHARS]


def footer_line(state: State, look: Look) -> str:
    """Return the last line of every card: the version, the incident, its seq, the correlation.

    That high risk is accepted from chat alone stands first, where nothing cuts it off.
    """
    lax = FOOTER if look.chat_only_high else ""
    parts = (lax, look.version, state.stream, f"seq {state.seq}", correlation_of(state))
    return " · ".join(part for part in parts if part)
