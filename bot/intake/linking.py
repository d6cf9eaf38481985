"""Single-use links: one signs a person in to the pages, one ties a channel's account to a person.

No secret is ever stored: facts and the table of spent tokens hold digests (E-25).
"""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from bot.errors import ConflictError, ForbiddenError, NotFoundError
from bot.incident.commands import Command
from bot.incident.fact import Fact
from bot.incident.facts_house import LinkIssued, PersonLinked, PersonUnlinked
from bot.incident.house import House
from bot.incident.keys import IssuedLink, digest_of
from bot.intake.house_pen import HousePen
from bot.intake.person import STANDINGS
from bot.intake.wording import clock_time
from bot.knowledge.people import OPERATOR, is_identity
from bot.ports import Clock, Outcome, Reply, Sessions

LASTS = timedelta(minutes=10)
SECRET_BYTES = 24
OPEN_PER_ACTOR = 3
OPEN_IN_ALL = 60
"""So many links that offer an account may be open, so that nobody fills the log by asking."""
TOO_MANY = "Too many links are open. Use one you have, or wait ten minutes."
USED = "This link was used already; it works once."


@dataclass(frozen=True, slots=True)
class Given:
    """A secret that is shown once, and until when it counts."""

    secret: str
    expires_at: datetime


class Links:
    """Gives links out and takes them in; people.yaml goes before every link."""

    def __init__(
        self, pen: HousePen, sessions: Sessions, clock: Clock, base_url: Callable[[], str]
    ) -> None:
        self._pen = pen
        self._sessions = sessions
        self._clock = clock
        self._base_url = base_url

    def verbs(self) -> dict[str, Callable[[Reply, Command], Awaitable[Outcome]]]:
        """Return the verbs by word."""
        return {"link": self.ask}

    async def ask(self, reply: Reply, _command: Command) -> Outcome:
        """Answer `link`: where to confirm, signed in, that this account is one's own.

        The address says nothing and does nothing for whoever is not signed in as a person.
        """
        if reply.person:
            text = f"You are {reply.person} here already. Say link where you want to be known."
            return Outcome(text, "already")
        if reply.standing != "member":
            return Outcome(STANDINGS[reply.standing], "refused")
        if not is_identity(reply.actor):
            return Outcome("This channel does not say which account you have.", "refused")
        house = await self._pen.house()
        taken = self._owner(house, reply.actor)
        if taken:
            return Outcome(f"You are {taken} here already, as {reply.actor}.", "already")
        given = await self._give(reply.actor, "", reply.actor)
        text = (
            f"Open {self._base_url()}/link/{given.secret} and confirm there that {reply.actor} is "
            f"you. It works once, until {clock_time(given.expires_at)}; pass it on to nobody."
        )
        return Outcome(text, "done")

    async def sign_in_link(self, name: str, by: str, actor: str) -> tuple[str, datetime]:
        """Return an address that signs this person in, once, and until when it does.

        Raises:
            NotFoundError: people.yaml has no such active person.
            UnreadableError: It cannot be read as it stands now.
        """
        person = await self._pen.person(name)
        given = await self._give(actor, person.name, by)
        return f"{self._base_url()}/login#{given.secret}", given.expires_at

    async def enter(self, secret: str) -> str:
        """Spend the link of a sign-in; return who it is for, "" when this is no such link.

        Raises:
            ForbiddenError: It ran out, was used, or its person may not come in any more.
            UnreadableError: people.yaml cannot be read as it stands now.
        """
        digest = digest_of(secret)
        link = (await self._pen.house()).keys.links.get(digest)
        if link is None or not link.person:
            return ""
        again = f"For another: triagebot people link {link.person}"
        if self._clock.now() >= link.expires_at:
            ran_out = clock_time(link.expires_at)
            raise ForbiddenError(f"This link ran out at {ran_out}; it lasts ten minutes. {again}")
        try:
            await self._pen.person(link.person)
        except NotFoundError as error:
            raise ForbiddenError(f"Nobody comes in by this link: {error}.") from None
        if not await self._sessions.spend(digest, self._clock.now()):
            raise ForbiddenError(f"{USED} {again}")
        return link.person

    async def offered(self, secret: str, person: str) -> IssuedLink:
        """Return the link by which an account is offered, if `person` may take it now.

        Nothing is spent by looking.

        Raises:
            NotFoundError: It is no such link.
            ForbiddenError: It ran out, the account belongs to somebody, or it is no person who
                asks; the message says what to do.
        """
        house = await self._pen.house()
        link = house.keys.links.get(digest_of(secret))
        if link is None or not link.actor:
            raise NotFoundError("there is no such page")
        if self._clock.now() >= link.expires_at:
            ran_out = clock_time(link.expires_at)
            raise ForbiddenError(
                f"This link ran out at {ran_out}; it lasts ten minutes. Say link there again."
            )
        if person == OPERATOR.name:
            raise ForbiddenError(
                "The operator's token is no person, so no account can be tied to it. Sign in as "
                "yourself: triagebot people link NAME"
            )
        self._free(house, link.actor, person)
        return link

    async def confirm(self, secret: str, person: str) -> str:
        """Tie the offered account to `person`, who is signed in and says so; return the account.

        Raises:
            NotFoundError, ForbiddenError: As `offered`; or it was used.
            ConflictError: The account was tied to somebody meanwhile.
        """
        link = await self.offered(secret, person)
        known = await self._pen.person(person)
        if not await self._sessions.spend(digest_of(secret), self._clock.now()):
            raise ForbiddenError(f"{USED} Say link there again.")

        def made(house: House) -> Fact:
            self._free(house, link.actor, person)
            return PersonLinked(person=known.name, actor=link.actor, by=person)

        await self._pen.write(f"web:{person}", made)
        return link.actor

    async def unlink(self, account: str, by: str, actor: str) -> str:
        """Take an account from its person, whose sessions on the pages end too; return the person.

        Raises:
            NotFoundError: Nobody has it.
            ConflictError: people.yaml says so, and only there it can be changed.
        """
        owner = self._linked(await self._pen.house(), account)
        await self._sessions.close_all(owner)

        def made(house: House) -> Fact:
            return PersonUnlinked(person=self._linked(house, account), actor=account, by=by)

        await self._pen.write(actor, made)
        return owner

    async def _give(self, actor: str, person: str, by: str) -> Given:
        given = Given(self._clock.token(SECRET_BYTES), self._clock.now() + LASTS)
        fact = LinkIssued(
            digest=digest_of(given.secret),
            person=person,
            actor="" if person else actor,
            by=by,
            expires_at=given.expires_at,
        )

        def made(house: House) -> Fact:
            if fact.actor and self._too_many(house, fact.actor):
                raise ForbiddenError(TOO_MANY)
            return fact

        await self._pen.write(actor, made)
        return given

    def _owner(self, house: House, actor: str) -> str:
        return self._pen.named(actor) or house.links.get(actor, "")

    def _free(self, house: House, actor: str, person: str) -> None:
        owner = self._owner(house, actor)
        if owner == person:
            raise ConflictError(f"{actor} is tied to you already.")
        if owner:
            where = "people.yaml says so" if self._pen.named(actor) else "it was confirmed by link"
            raise ForbiddenError(
                f"{actor} belongs to {owner} ({where}), so it was not tied to you. If that is "
                f"wrong, ask an admin."
            )

    def _linked(self, house: House, account: str) -> str:
        linked = house.links.get(account, "")
        if linked:
            return linked
        named = self._pen.named(account)
        if named:
            raise ConflictError(
                f"people.yaml says that {account} is {named}; take it out there instead"
            )
        raise NotFoundError(f"nobody is linked to {account[:200]}")

    def _too_many(self, house: House, actor: str) -> bool:
        now = self._clock.now()
        still = [link.actor for link in house.keys.links.values() if link.expires_at > now]
        asked = [one for one in still if one]
        return asked.count(actor) >= OPEN_PER_ACTOR or len(asked) >= OPEN_IN_ALL
