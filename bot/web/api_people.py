"""What an admin does about people over the API: sign-in links, accounts, tokens."""

from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Depends, Path, Request
from pydantic import Field

from bot.intake.tokens import DAYS
from bot.web.api_gate import admin_of, caller_of
from bot.web.api_models import Shape
from bot.web.doors import Doors

Name = Annotated[str, Path(pattern=r"^[\w.@+-]{1,100}$")]
TokenName = Annotated[str, Path(pattern=r"^[A-Za-z0-9_.@+-]{1,50}$")]


class LinkOut(Shape):
    """An address that signs one person in, once."""

    url: str
    expires_at: datetime


class TokenIn(Shape):
    """A token to make."""

    name: str = Field(pattern=r"^[A-Za-z0-9_.@+-]{1,50}$")
    days: int = Field(default=30, ge=DAYS[0], le=DAYS[1])


class TokenOut(Shape):
    """A token; its secret is told here and never again."""

    person: str
    name: str
    token: str
    expires_at: datetime


class AccountIn(Shape):
    """An account of a channel, as `channel:id`."""

    actor: str = Field(min_length=3, max_length=300)


class PersonOut(Shape):
    """Whom it was about."""

    person: str


class ApiPeople:
    """Endpoints for admins; everybody else is refused."""

    def __init__(self, doors: Doors) -> None:
        self._doors = doors

    def router(self) -> APIRouter:
        """Return the routes."""
        router = APIRouter(dependencies=[Depends(self._admin)])
        router.add_api_route("/people/{person}/link", self.link, methods=["POST"])
        router.add_api_route("/people/unlink", self.unlink, methods=["POST"])
        router.add_api_route("/people/{person}/tokens", self.issue, methods=["POST"])
        router.add_api_route("/people/{person}/tokens/{token}", self.revoke, methods=["DELETE"])
        return router

    async def link(self, request: Request, person: Name) -> LinkOut:
        """Make an address that signs this person in to the pages, once, within ten minutes."""
        by = caller_of(request)
        url, until = await self._doors.links.sign_in_link(person, by, f"api:{by}")
        return LinkOut(url=url, expires_at=until)

    async def unlink(self, request: Request, body: AccountIn) -> PersonOut:
        """Take an account from its person; it counts no more, and their sessions end."""
        by = caller_of(request)
        person = await self._doors.links.unlink(body.actor, by, f"api:{by}")
        return PersonOut(person=person)

    async def issue(self, request: Request, person: Name, body: TokenIn) -> TokenOut:
        """Make an API token for this person."""
        by = caller_of(request)
        given = await self._doors.tokens.issue(person, body.name, body.days, by, f"api:{by}")
        return TokenOut(
            person=person, name=body.name, token=given.secret, expires_at=given.expires_at
        )

    async def revoke(self, request: Request, person: Name, token: TokenName) -> PersonOut:
        """Take an API token back."""
        by = caller_of(request)
        await self._doors.tokens.revoke(person, token, by, f"api:{by}")
        return PersonOut(person=person)

    async def _admin(self, request: Request) -> None:
        """Refuse whoever is no admin, as people.yaml says right now."""
        await admin_of(request, self._doors)
