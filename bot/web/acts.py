"""What a browser sends: every form becomes one Reply to the inbox, which alone decides."""

import re
from collections.abc import Sequence
from dataclasses import replace
from urllib.parse import quote, urlencode

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from bot.errors import InputError
from bot.ports import Outcome, Reply
from bot.web.desk import Desk, Refused
from bot.web.form import Form, read_form
from bot.web.lookup import incident_named, proposal_named
from bot.web.session import Visitor, digest_of

WITH_TEXT = frozenset({"note", "ask"})
WITH_VALUE = frozenset({"severity", "merge", "judge", "silence", "snooze", "handoff"})
WITH_REASON = frozenset({"close", "judge", "silence", "escalate", "handoff"})
WORDS_OF_INCIDENT = WITH_TEXT | WITH_VALUE | WITH_REASON | {"pause", "resume", "ack"}
WORDS_OF_PROPOSAL = frozenset({"undo", "renew", "reconcile"})
VALUE = re.compile(r"[\w-]{1,40}")
PERSON = re.compile(r"[\w.@+-]{1,100}")
SERVICE = re.compile(r"[\w.@-]{1,100}")
SHOWN = re.compile(r"[0-9a-f]{64}")
TEXT_CHARS = 10_000
CODE_CHARS = 20
UNKEPT = frozenset({"csrf", "code"})
"""Fields that no digest is made of: six digits would be found again by trying."""


class Acts:
    """Checks that a form is one of ours, translates it, and shows what the inbox says."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self._doors = desk.doors

    def routes(self) -> Sequence[Route]:
        """Return the routes that take forms; none of them answers a GET."""
        table = {
            "/incidents": self.start,
            "/incidents/{incident}/command": self.command,
            "/incidents/{incident}/answer": self.answer,
            "/proposals/{proposal}/decision": self.decide,
            "/proposals/{proposal}/command": self.about_proposal,
            "/pause": self.pause,
            "/resume": self.resume,
        }
        return [
            Route(path, self._desk.signed_in(act), methods=["POST"]) for path, act in table.items()
        ]

    async def start(self, request: Request, visitor: Visitor) -> Response:
        """Start an incident by hand."""
        form = await self._form(request, visitor)
        service = form.get("service", "").strip()
        if not SERVICE.fullmatch(service):
            raise InputError("name the service in one word: letters, digits and . @ - _")
        text = f"start {service} {_text(form)}"
        return await self._send(visitor, form, _command(text))

    async def command(self, request: Request, visitor: Visitor) -> Response:
        """Do what one of the forms of an incident asks for."""
        form = await self._form(request, visitor)
        incident, word = incident_named(request), form.get("word", "")
        if word not in WORDS_OF_INCIDENT:
            raise InputError("this page has no such form; open it again")
        parts = [word, incident]
        if word in WITH_VALUE:
            parts.append(_value(form, PERSON if word == "handoff" else VALUE))
        if word in WITH_TEXT or (word in WITH_REASON and form.get("text", "").strip()):
            parts.append(_text(form))
        return await self._send(visitor, form, _command(" ".join(parts)), incident)

    async def answer(self, request: Request, visitor: Visitor) -> Response:
        """Answer the open question."""
        form = await self._form(request, visitor)
        incident = incident_named(request)
        reply = Reply(
            "",
            "web",
            "",
            "answer",
            incident=incident,
            question=form.get("question", "")[:100],
            text=_text(form),
        )
        return await self._send(visitor, form, reply, incident)

    async def decide(self, request: Request, visitor: Visitor) -> Response:
        """Hand a verdict on; the page's own confirmation is checked, nothing else."""
        form = await self._form(request, visitor)
        proposal = request.path_params["proposal"]
        verdict = form.get("verdict", "")
        if verdict not in {"approve", "deny"}:
            raise InputError("choose Approve or Deny")
        if verdict == "approve":
            await self._confirmed(form, proposal)
        revision = form.get("revision", "")
        if not (revision.isdecimal() and len(revision) < 7 and form.get("digest12")):
            raise InputError("this form is incomplete; open the proposal again")
        reply = Reply(
            "",
            "web",
            "",
            "decide",
            proposal=proposal,
            verdict=verdict,
            revision=int(revision),
            digest12=form["digest12"][:64],
            shown=_shown(form),
            reason=form.get("reason", "").strip()[:TEXT_CHARS],
            code=form.get("code", "").strip()[:CODE_CHARS],
        )
        return await self._send(visitor, form, reply)

    async def about_proposal(self, request: Request, visitor: Visitor) -> Response:
        """Ask for an undo or a renewal, or settle an outcome nobody knows."""
        form = await self._form(request, visitor)
        word, proposal = form.get("word", ""), request.path_params["proposal"]
        if word not in WORDS_OF_PROPOSAL or not proposal.isalnum():
            raise InputError("this page has no such form; open it again")
        text = f"{word} P-{proposal}"
        if word == "reconcile":
            text = f"{text} {_value(form)} {_text(form)}"
        return await self._send(visitor, form, _command(text))

    async def pause(self, request: Request, visitor: Visitor) -> Response:
        """Pause the whole bot."""
        form = await self._form(request, visitor)
        return await self._send(visitor, form, _command("pause"))

    async def resume(self, request: Request, visitor: Visitor) -> Response:
        """Let the whole bot go on."""
        form = await self._form(request, visitor)
        return await self._send(visitor, form, _command("resume"))

    async def _form(self, request: Request, visitor: Visitor) -> Form:
        form = await read_form(request)
        self._desk.gate.check(request, form, visitor)
        return form

    async def _confirmed(self, form: Form, proposal: str) -> None:
        """Ask for the tick (medium risk) or the typed target (high risk) that was shown."""
        row = await proposal_named(self._doors.incidents, proposal)
        state = await self._desk.thread(row.incident)
        view = state.incident.proposals.get(row.id)
        if view is None or view.status != "pending":
            return  # the inbox says who decided and when
        if view.proposal.risk == "medium" and form.get("confirm") != "yes":
            raise InputError("tick the box that says you have read every parameter, then approve")
        if view.proposal.risk == "high" and form.get("typed", "").strip() != view.proposal.target:
            raise InputError(f"type the target, {view.proposal.target}, to approve it")

    async def _send(
        self, visitor: Visitor, form: Form, reply: Reply, incident: str = ""
    ) -> Response:
        said = {name: value for name, value in form.items() if name not in UNKEPT}
        digest = digest_of(urlencode(said))
        outcome = await self._doors.inbox.reply(
            replace(reply, actor=visitor.actor, person=visitor.person, payload_digest=digest)
        )
        if outcome.kind not in {"done", "already"}:
            raise Refused(outcome)
        self._desk.say(visitor, outcome)
        return RedirectResponse(_next_page(outcome, reply, incident), 303)


def _command(text: str) -> Reply:
    return Reply("", "web", "", "command", text=text)


def _next_page(outcome: Outcome, reply: Reply, incident: str) -> str:
    if reply.intent == "decide":
        return f"/proposals/{quote(outcome.proposal or reply.proposal, safe='')}"
    name = outcome.incident or incident
    return f"/incidents/{quote(name, safe='')}" if name else "/incidents"


def _value(form: Form, shape: re.Pattern[str] = VALUE) -> str:
    value = form.get("value", "").strip()
    if not shape.fullmatch(value):
        raise InputError("choose one of the values of the form")
    return value


def _shown(form: Form) -> str:
    """Return the digest of the card that the form was drawn with; "" when it names none."""
    shown = form.get("shown", "")
    return shown if SHOWN.fullmatch(shown) else ""


def _text(form: Form) -> str:
    text = form.get("text", "").strip()[:TEXT_CHARS]
    if not text:
        raise InputError("write something first")
    return text
