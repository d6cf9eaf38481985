"""The page on which a proposal is edited: the form of its revision, drawn and sent back (E-09)."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from urllib.parse import quote, urlencode

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from bot.errors import InputError
from bot.incident.form import Form, filled_in
from bot.ports import Outcome, Reply
from bot.web.desk import Desk, Refused
from bot.web.form import read_form
from bot.web.lookup import proposal_named
from bot.web.session import Visitor, digest_of

MARK = "at:"
"""Begins the name of every input that stands for an argument."""


class EditPage:
    """Translates a form both ways; the inbox says who may edit, and what becomes of it."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self._inbox = desk.doors.inbox

    def routes(self) -> Sequence[Route]:
        """Return the page and the way its form goes back."""
        path, signed_in = "/proposals/{proposal}/edit", self._desk.signed_in
        return [
            Route(path, signed_in(self.show), methods=["GET"]),
            Route(path, signed_in(self.take), methods=["POST"]),
        ]

    async def show(self, request: Request, visitor: Visitor) -> Response:
        """Show what would run, ready to be changed."""
        form = await self._form(request, visitor)
        return await self._page(
            request, visitor, form, {field.path: field.value for field in form.fields}
        )

    async def take(self, request: Request, visitor: Visitor) -> Response:
        """Hand the changed arguments on; what is not right is said above what was typed."""
        sent = await read_form(request)
        self._desk.gate.check(request, sent, visitor)
        form = await self._form(request, visitor)
        texts = {
            name.removeprefix(MARK): text for name, text in sent.items() if name.startswith(MARK)
        }
        revision = sent.get("revision", "")
        if not (revision.isdecimal() and len(revision) < 7 and sent.get("digest12")):
            raise InputError("this form is incomplete; open the proposal again")
        reply = replace(
            self._reply(request, visitor),
            revision=int(revision),
            digest12=sent["digest12"][:64],
            reason=sent.get("reason", ""),
            payload_digest=digest_of(urlencode({k: v for k, v in sent.items() if k != "csrf"})),
        )
        try:
            current = reply.digest12 == form.digest12
            args = filled_in(form, texts) if current else {}  # else the inbox says that it is old
        except InputError as error:
            return await self._page(request, visitor, form, texts, str(error))
        outcome = await self._inbox.reply(replace(reply, args=args))
        if outcome.kind == "unknown":
            return await self._page(request, visitor, form, texts, outcome.text)
        if outcome.kind not in {"done", "already"}:
            raise Refused(outcome)
        self._desk.say(visitor, outcome)
        return RedirectResponse(f"/proposals/{quote(form.proposal, safe='')}", 303)

    async def _form(self, request: Request, visitor: Visitor) -> Form:
        row = await proposal_named(self._desk.doors.incidents, request.path_params["proposal"])
        said = await self._inbox.form(replace(self._reply(request, visitor), proposal=row.id))
        if isinstance(said, Outcome):
            raise Refused(said)
        return said

    def _reply(self, request: Request, visitor: Visitor) -> Reply:
        name = request.path_params["proposal"]
        return Reply(visitor.actor, "web", "", "edit", person=visitor.person, proposal=name)

    async def _page(
        self,
        request: Request,
        visitor: Visitor,
        form: Form,
        values: Mapping[str, str],
        fault: str = "",
    ) -> Response:
        response = await self._desk.show(
            request, visitor, "edit.html", form=form, values=values, fault=fault, mark=MARK
        )
        response.status_code = 400 if fault else 200
        return response
