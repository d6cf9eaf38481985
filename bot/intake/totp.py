"""Step-up by one-time code (E-24): implements `ports.StepUp` and `ports.Enrolment` by TOTP."""

import base64
from dataclasses import dataclass, replace
from datetime import timedelta

from pyotp.totp import TOTP

from bot.errors import ForbiddenError, InputError
from bot.incident.fact import HOUSE
from bot.incident.facts_house import AccessRefused, StepUpEnrolled
from bot.intake.codes import LOCKED, WRONG_MAX, Judged, judge
from bot.intake.vault import Vault
from bot.ports import Claim, Clock, Draft, Log, NoProof, Offer, Proof, StepUpKey, StepUpKeys
from bot.telemetry import auth_failures

HOW = "totp"
ISSUER = "triagebot"
SECRET_BYTES = 20
OFFER_FOR = timedelta(minutes=10)
NOT_SET_UP = "You have not set up one-time codes yet."


@dataclass(frozen=True, slots=True)
class _Tried:
    """What a confirmation came to; `key` is to be kept, `judged` is about the offered secret."""

    key: StepUpKey
    judged: Judged


class Totp:
    """Codes of an authenticator app. `clock` must be the one that phones agree with.

    A code is judged and spent in one write transaction, so that of any number of tries with the
    same code, through whatever process, one counts.
    """

    def __init__(self, keys: StepUpKeys, log: Log, clock: Clock, vault: Vault) -> None:
        self._keys = keys
        self._log = log
        self._clock = clock
        self._vault = vault

    async def ready(self, person: str) -> bool:
        """True when the person set it up."""
        key = await self._keys.get(person)
        return key is not None and bool(key.secret)

    async def prove(self, claim: Claim, code: str) -> Proof | NoProof:
        """Return the proof the code makes for this claim, or why it makes none."""
        person, judged = claim.person, list[Judged]()

        def spend(key: StepUpKey | None) -> StepUpKey:
            key = key or StepUpKey(person)
            judged[:] = [self._judged(key, key.secret, code)]
            return judged[0].key

        try:
            await self._keys.change(person, spend)
        except ForbiddenError as error:  # sealed under another key: nothing was changed
            return NoProof(str(error))
        await self._tell(person, judged[0])
        return NoProof(judged[0].why) if judged[0].why else Proof(claim, HOW)

    async def offer(self, person: str, session: str) -> Offer:
        """Make a new secret; what is in force so far stays until it is confirmed."""
        secret = base64.b32encode(bytes.fromhex(self._clock.token(SECRET_BYTES))).decode()
        sealed, now = self._vault.seal(person, secret), self._clock.now()

        def offered(key: StepUpKey | None) -> StepUpKey:
            key = key or StepUpKey(person)
            return replace(key, offered=sealed, offered_to=session, offered_at=now)

        await self._keys.change(person, offered)
        return _offer(person, secret)

    async def offered(self, person: str, session: str) -> Offer | None:
        """Return the secret that waits for its first code in this session."""
        key = await self._keys.get(person)
        if key is None or not self._is_offered(key, session):
            return None
        return _offer(person, self._vault.open(person, key.offered))

    async def confirm(self, person: str, session: str, code: str, current: str) -> None:
        """Put the offered secret in force; the log says so before it is."""
        seen = list[_Tried]()

        def check(key: StepUpKey | None) -> StepUpKey:
            if key is None or not self._is_offered(key, session):
                raise InputError("no new secret is offered here any more; start over")
            seen[:] = [self._tried(key, code, current)]
            return seen[0].key

        await self._keys.change(person, check)
        tried = seen[0]
        await self._tell(person, tried.judged)
        if tried.judged.why:
            raise ForbiddenError(tried.judged.why)
        enrolled = StepUpEnrolled(person=person, how=HOW, by=person)
        await self._log.record(HOUSE, lambda _: Draft(f"web:{person}", (enrolled,)))

        def put(key: StepUpKey | None) -> StepUpKey:
            key = key or StepUpKey(person)
            if key.offered != tried.key.offered:  # put already, or taken away meanwhile
                return key
            kept = replace(key, offered=b"", offered_to="", offered_at=None)
            return replace(kept, secret=key.offered, spent=tried.judged.key.spent)

        await self._keys.change(person, put)

    async def take_away(self, person: str, by: str) -> bool:
        """Forget the secret, and say so in the log afterwards: a secret that lingers is worse."""
        if not await self.ready(person):
            return False
        await self._keys.change(person, lambda _: StepUpKey(person))
        gone = StepUpEnrolled(person=person, how=HOW, by=by, taken_away=True)
        await self._log.record(HOUSE, lambda _: Draft(by, (gone,)))
        return True

    def _judged(self, key: StepUpKey, sealed: bytes, code: str) -> Judged:
        if not sealed:
            return Judged(key, NOT_SET_UP)
        return judge(key, self._vault.open(key.person, sealed), code, self._clock.now())

    def _tried(self, key: StepUpKey, code: str, current: str) -> "_Tried":
        """Judge the code of the secret in force, if there is one, then that of the offered one."""
        if key.secret:
            now = self._judged(key, key.secret, current)
            if now.why:
                why = f"The code of what you use so far: {now.why}"
                return _Tried(now.key, replace(now, why=why))
            key = now.key
        fresh = self._judged(replace(key, spent=0), key.offered, code)
        return _Tried(replace(fresh.key, spent=key.spent), fresh)

    def _is_offered(self, key: StepUpKey, session: str) -> bool:
        if not key.offered or key.offered_to != session or key.offered_at is None:
            return False
        return self._clock.now() < key.offered_at + OFFER_FOR

    async def _tell(self, person: str, judged: Judged) -> None:
        """Count a code that was refused; keep it as a fact when it was one too many."""
        if judged.why:
            auth_failures.labels("step_up", "code").inc()
        if not judged.locks:
            return
        minutes = int(LOCKED.total_seconds() // 60)
        why = f"{WRONG_MAX} wrong one-time codes; none is looked at for {minutes} minutes"
        refused = AccessRefused(actor=f"person:{person}", why=why)
        await self._log.record(HOUSE, lambda _: Draft(f"person:{person}", (refused,)))


def _offer(person: str, secret: str) -> Offer:
    return Offer(secret, TOTP(secret).provisioning_uri(name=person, issuer_name=ISSUER))
