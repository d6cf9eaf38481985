"""API tokens: each is one person's, has a name, runs out, and can be taken back (E-25)."""

import re
from datetime import timedelta

from bot.errors import ConflictError, InputError, NotFoundError, SignatureError
from bot.incident.fact import Fact
from bot.incident.facts_house import TokenIssued, TokenRevoked
from bot.incident.house import House
from bot.incident.keys import digest_of
from bot.intake.house_pen import HousePen
from bot.intake.linking import SECRET_BYTES, Given
from bot.knowledge.people import OPERATOR
from bot.ports import Clock

PREFIX = "tbt_"
"""Every token begins so: what does not is turned away without a look at the database."""
DAYS = (1, 90)
UNKNOWN = (
    "send a token: Authorization: Bearer …; the operator's is in its file, and "
    "triagebot people token NAME TOKEN makes one for a person"
)
NAME = re.compile(r"[\w.@+-]{1,50}", re.ASCII)


class ApiTokens:
    """Gives tokens out, takes them back, and says whose one is."""

    def __init__(self, pen: HousePen, clock: Clock) -> None:
        self._pen = pen
        self._clock = clock

    async def issue(self, name: str, token: str, days: int, by: str, actor: str) -> Given:
        """Make a token called `token` for the person `name`; its secret is told only here.

        Raises:
            InputError: The name or the number of days will not do.
            NotFoundError: people.yaml has no such active person.
            ConflictError: The person has a good one of that name.
        """
        if not NAME.fullmatch(token):
            raise InputError("name the token in up to 50 letters, digits and . @ + - _")
        if not DAYS[0] <= days <= DAYS[1]:
            raise InputError(f"a token lasts {DAYS[0]} to {DAYS[1]} days")
        person = await self._pen.person(name)
        if person.name == OPERATOR.name:
            raise InputError("the operator has a token already, in its file; name a person")
        now = self._clock.now()
        given = Given(f"{PREFIX}{self._clock.token(SECRET_BYTES)}", now + timedelta(days=days))

        def made(house: House) -> Fact:
            if any(one.name == token and one.good(now) for one in house.keys.of(person.name)):
                raise ConflictError(
                    f"{person.name} has a token {token}; revoke it first, or choose another name"
                )
            return TokenIssued(
                person=person.name,
                name=token,
                digest=digest_of(given.secret),
                by=by,
                expires_at=given.expires_at,
            )

        await self._pen.write(actor, made)
        return given

    async def revoke(self, name: str, token: str, by: str, actor: str) -> None:
        """Take a token back; it counts no more on any process.

        Raises:
            NotFoundError: The person has no good token of that name.
        """

        def made(house: House) -> Fact:
            now = self._clock.now()
            if not any(one.name == token and one.good(now) for one in house.keys.of(name)):
                raise NotFoundError(f"{name[:100]} has no token {token[:50]} that still counts")
            return TokenRevoked(person=name, name=token, by=by)

        await self._pen.write(actor, made)

    async def owner(self, secret: str) -> str:
        """Return the person whose token this is, as everything stands now.

        Raises:
            SignatureError: It does not count; says why, and what to do.
        """
        if not secret.startswith(PREFIX):
            raise SignatureError(UNKNOWN)
        house = await self._pen.house()
        token = house.keys.tokens.get(digest_of(secret))
        if token is None:
            raise SignatureError("this token is not known here; is it whole, and of this bot?")
        ask = f"ask an admin for another: triagebot people token {token.person} NAME"
        if token.revoked_at is not None:
            raise SignatureError(f"the token {token.name} was revoked; {ask}")
        if not token.good(self._clock.now()):
            at = token.expires_at
            raise SignatureError(f"the token {token.name} ran out on {at:%Y-%m-%d}; {ask}")
        try:
            self._pen.known(token.person)
        except NotFoundError as error:
            raise SignatureError(f"the token {token.name} does not count: {error}") from None
        return token.person
