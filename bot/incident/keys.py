"""What was given out to come in by: single-use links and API tokens, each by its digest only."""

import hashlib
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from bot.incident.events import Event
from bot.incident.facts_house import LinkIssued, SessionOpened, TokenIssued, TokenRevoked

REMEMBERED = timedelta(days=30)
"""What ran out is known that much longer, so that whoever uses it is told why it fails."""


def digest_of(secret: str) -> str:
    """Return the hex SHA-256 of a secret: what is stored and compared instead of it."""
    return hashlib.sha256(secret.encode()).hexdigest()


@dataclass(frozen=True, slots=True)
class IssuedLink:
    """A single-use link: it signs `person` in, or offers `actor` to whoever is signed in."""

    person: str
    actor: str
    by: str
    issued_at: datetime
    expires_at: datetime


@dataclass(frozen=True, slots=True)
class IssuedToken:
    """An API token of a person; `revoked_at` is None while it was not taken back."""

    person: str
    name: str
    expires_at: datetime
    revoked_at: datetime | None = None

    def good(self, now: datetime) -> bool:
        """True while it counts, as far as the token itself goes."""
        return self.revoked_at is None and now < self.expires_at


@dataclass(slots=True)
class Keys:
    """Links and tokens by the SHA-256 (hex) of their secret; `sign_ins` counts sessions by how."""

    links: dict[str, IssuedLink] = field(default_factory=dict[str, IssuedLink])
    tokens: dict[str, IssuedToken] = field(default_factory=dict[str, IssuedToken])
    sign_ins: dict[str, int] = field(default_factory=dict[str, int])

    def of(self, person: str) -> list[IssuedToken]:
        """Return the tokens of a person, the one that runs out first first."""
        mine = [token for token in self.tokens.values() if token.person == person]
        return sorted(mine, key=lambda token: (token.expires_at, token.name))


def extend_keys(keys: Keys, event: Event) -> None:
    """Add one event of the stream `house`."""
    match event.body:
        case LinkIssued() as fact:
            _forget(keys, event.at)
            keys.links[fact.digest] = IssuedLink(
                fact.person, fact.actor, fact.by, event.at, fact.expires_at
            )
        case TokenIssued() as fact:
            _forget(keys, event.at)
            keys.tokens[fact.digest] = IssuedToken(fact.person, fact.name, fact.expires_at)
        case TokenRevoked(person=person, name=name):
            for digest, token in keys.tokens.items():
                if (token.person, token.name) == (person, name) and token.revoked_at is None:
                    keys.tokens[digest] = replace(token, revoked_at=event.at)
        case SessionOpened(how=how):
            keys.sign_ins[how] = keys.sign_ins.get(how, 0) + 1
        case _:
            pass


def _forget(keys: Keys, now: datetime) -> None:
    """Drop what ran out long ago, so that the state does not grow with the years."""
    for kept in (keys.links, keys.tokens):
        for digest in [d for d, one in kept.items() if one.expires_at + REMEMBERED < now]:
            del kept[digest]
