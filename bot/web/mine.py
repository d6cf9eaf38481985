"""What is a visitor's own: who they are here, and the account somebody offers them by link."""

import re
from collections.abc import Sequence

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from bot.errors import InputError, NotFoundError
from bot.ports import Outcome
from bot.web.desk import Desk
from bot.web.form import read_form
from bot.web.session import Visitor

SECRET = re.compile(r"[0-9a-f]{20,100}")


class Mine:
    """The page `me` and the page of a link. A GET changes and spends nothing, whoever asks."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self._doors = desk.doors

    def routes(self) -> Sequence[Route]:
        """Return the routes."""
        inside = self._desk.signed_in
        return [
            Route("/me", inside(self.me), methods=["GET"]),
            Route("/me/leave", inside(self.leave), methods=["POST"]),
            Route("/link/{secret}", inside(self.offer), methods=["GET"]),
            Route("/link/{secret}", inside(self.take), methods=["POST"]),
        ]

    async def me(self, request: Request, visitor: Visitor) -> Response:
        """Show who the visitor is: groups, accounts, tokens by name, never by secret."""
        person = self._doors.library.people.get(visitor.person)
        if person is None:
            raise NotFoundError("there is no such page")
        house = await self._doors.house()
        written = list(person.identities)
        linked = sorted(actor for actor, name in house.links.items() if name == person.name)
        return await self._desk.show(
            request,
            visitor,
            "me.html",
            person=person,
            written=written,
            linked=[actor for actor in linked if actor not in written],
            tokens=[token for token in house.keys.of(person.name) if token.revoked_at is None],
        )

    async def leave(self, request: Request, visitor: Visitor) -> Response:
        """End every session of the visitor."""
        self._desk.gate.check(request, await read_form(request), visitor)
        await self._desk.gate.leave_everywhere(visitor)
        response = RedirectResponse("/login", 303)
        self._desk.gate.forget(request, response)
        return response

    async def offer(self, request: Request, visitor: Visitor) -> Response:
        """Ask whether the offered account is the visitor's."""
        link = await self._doors.links.offered(_secret(request), visitor.person)
        channel, _, name = link.actor.partition(":")
        return await self._desk.show(
            request, visitor, "link.html", link=link, channel=channel, account=name
        )

    async def take(self, request: Request, visitor: Visitor) -> Response:
        """Tie the account to the visitor, who ticked that they asked for it."""
        form = await read_form(request)
        self._desk.gate.check(request, form, visitor)
        if form.get("mine") != "yes":
            raise InputError("tick the box that says you asked for this link yourself")
        actor = await self._doors.links.confirm(_secret(request), visitor.person)
        text = f"{actor} is you from now on. Whatever is said there counts as yours."
        self._desk.say(visitor, Outcome(text, "done"))
        return RedirectResponse("/me", 303)


def _secret(request: Request) -> str:
    found = request.path_params["secret"]
    if not SECRET.fullmatch(found):
        raise NotFoundError("there is no such page")
    return found
