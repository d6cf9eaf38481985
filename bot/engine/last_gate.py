"""The last gate before a call: only what one sealed, fresh, unused grant names gets through."""

import hashlib
import hmac
import secrets
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from bot.incident.model import Value
from bot.incident.proposal import Grant, Proposal, digest, grant_bytes
from bot.ports import Clock

GRANT_S = 60
PROBED_S = 30
"""Preconditions were read at most so long before the call (E-30)."""
KEY_BYTES = 32
Mac = Callable[[bytes], str]


class Revoked(Exception):  # noqa: N818 - not a failure of the program: the approval lapsed
    """The proposal may not run (any more); the message says why.

    `security` names in one word what only tampering, or a bug that looks like it, can bring
    about; "" when it is neither.
    """

    def __init__(self, why: str, *, security: str = "") -> None:
        super().__init__(why)
        self.security = security


@dataclass(frozen=True, slots=True)
class Sending:
    """What is about to be sent, and by which right: the very object that the tool is given."""

    grant: Grant
    proposal: Proposal
    args: Value
    probed_at: datetime


class LastGate:
    """Issues grants under a key that never leaves the process, and lets each through once."""

    def __init__(self, clock: Clock, mac: Mac | None = None) -> None:
        self._clock = clock
        self._mac = mac or _mac_of(secrets.token_bytes(KEY_BYTES))
        self._used: dict[str, datetime] = {}

    def issue(self, proposal: Proposal, approved: str, decisions: tuple[str, ...]) -> Grant:
        """Return a grant to run what was `approved`, for `GRANT_S` seconds from now."""
        grant = Grant(
            proposal=proposal.id,
            revision=proposal.revision,
            digest=approved,
            decisions=decisions,
            nonce=self._clock.token(16),
            not_after=self._clock.now() + timedelta(seconds=GRANT_S),
        )
        return grant.model_copy(update={"mac": self._mac(grant_bytes(grant))})

    def let_through(self, sending: Sending) -> None:
        """Return if exactly this may be sent, now; the same grant never again (E-07, E-30).

        Raises:
            Revoked: It may not.
        """
        grant, now = sending.grant, self._clock.now()
        if not hmac.compare_digest(self._mac(grant_bytes(grant)), grant.mac):
            raise Revoked("the grant was not made by this executor", security="grant_forged")
        if grant.nonce in self._used:
            raise Revoked("the grant was used already", security="grant_reused")
        if now >= grant.not_after:
            raise Revoked("the grant ran out before the call")
        age = now - sending.probed_at
        if age > timedelta(seconds=PROBED_S):
            raise Revoked(
                f"its preconditions were read {age.total_seconds():.0f} s before the call, "
                f"more than {PROBED_S} s"
            )
        check_bytes(sending.proposal, sending.args, grant)
        self._use(grant, now)

    def give_back(self, grant: Grant) -> None:
        """Let a grant be used after all: what it let through was certainly never sent (E-12)."""
        self._used.pop(grant.nonce, None)

    def _use(self, grant: Grant, now: datetime) -> None:
        self._used = {nonce: until for nonce, until in self._used.items() if now < until}
        self._used[grant.nonce] = grant.not_after


def check_bytes(proposal: Proposal, args: Value, grant: Grant) -> None:
    """Recompute the digest from the arguments about to be sent, and compare in constant time.

    Raises:
        Revoked: One byte differs.
    """
    sending = proposal.model_copy(update={"args": args.model_dump(mode="json")})
    try:
        found = digest(sending)
    except ValueError:
        found = "there is no canonical form"
    same = hmac.compare_digest(found, grant.digest)
    if not same or (proposal.id, proposal.revision) != (grant.proposal, grant.revision):
        raise Revoked(
            "what would be sent is not what the grant allows", security="arguments_changed"
        )


def _mac_of(key: bytes) -> Mac:
    return lambda message: hmac.new(key, message, hashlib.sha256).hexdigest()
