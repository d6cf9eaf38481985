"""The desk every page is served from: doors, gate, templates, and what was just said."""

import logging
from collections import OrderedDict
from collections.abc import Awaitable, Callable
from urllib.parse import quote

from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response

from bot.errors import BotError, NotFoundError
from bot.incident.reducer import State
from bot.incident.stepup import FOOTER
from bot.logs import correlation
from bot.ports import Outcome
from bot.web.codes import OUTCOME_STATUS, error_status
from bot.web.doors import Doors
from bot.web.render import static_files, templates
from bot.web.session import Gate, Visitor

LIVE_HEADER = "x-live"
"""The page's script sends it when it refreshes parts; such a reading hears no notice."""
NOTICES_KEPT = 500

logger = logging.getLogger(__name__)
Page = Callable[[Request, Visitor], Awaitable[Response]]


class Refused(Exception):  # noqa: N818 - an answer on its way to the page, not a bug
    """A human was told no; the page shows the words with the status of their kind."""

    def __init__(self, outcome: Outcome) -> None:
        super().__init__(outcome.text)
        self.outcome = outcome


class Desk:
    """What pages share. Holds no truth: the log, the sessions and the library do."""

    def __init__(self, doors: Doors, gate: Gate) -> None:
        self.doors = doors
        self.gate = gate
        self.files = static_files()
        self._templates = templates()
        self._notices: OrderedDict[str, Outcome] = OrderedDict()

    async def thread(self, incident: str) -> State:
        """Return the folded thread.

        Raises:
            NotFoundError: There is no such incident.
        """
        state = await self.doors.log.state(incident)
        if not state.exists:
            raise NotFoundError("there is no such page")
        return state

    def say(self, visitor: Visitor, outcome: Outcome) -> None:
        """Keep what a visitor is told until their next page; lost with the process."""
        self._notices[visitor.session] = outcome
        self._notices.move_to_end(visitor.session)
        while len(self._notices) > NOTICES_KEPT:
            self._notices.popitem(last=False)

    async def show(
        self, request: Request, visitor: Visitor, template: str, **values: object
    ) -> Response:
        """Return a page for somebody who is signed in."""
        live = LIVE_HEADER in request.headers
        notice = None if live else self._notices.pop(visitor.session, None)
        pending = await self.doors.incidents.proposals("pending")
        return self.page(
            template,
            200,
            visitor=visitor,
            notice=notice,
            house=await self.doors.house(),
            waiting=len(pending),
            standing=self.doors.standing(),
            now=self.doors.clock.now(),
            path=request.url.path,
            lax=FOOTER if self.doors.library.policy.chat_only_high else "",
            **values,
        )

    def page(self, template: str, status: int = 200, **values: object) -> HTMLResponse:
        """Return a rendered template."""
        return HTMLResponse(self._templates.get_template(template).render(**values), status)

    def signed_in(self, page: Page) -> Callable[[Request], Awaitable[Response]]:
        """Return an endpoint that asks strangers to sign in and words every error.

        Whether something exists is never said before that.
        """

        async def endpoint(request: Request) -> Response:
            visitor: Visitor | None = None
            try:
                visitor = await self.gate.visitor(request)
                if visitor is None:
                    return self._to_login(request)
                return await page(request, visitor)
            except Refused as refused:
                text, status = refused.outcome.text, OUTCOME_STATUS[refused.outcome.kind]
                return self.trouble(visitor, status, text, back=_back(refused.outcome))
            except BotError as error:
                return self.trouble(visitor, error_status(error), str(error))
            except Exception:  # whoever asked gets a page that says so
                logger.exception("page failed")
                return self.trouble(visitor, 500, "Something broke here. Nothing was decided.")

        return endpoint

    def trouble(
        self, visitor: Visitor | None, status: int, text: str, back: str = "/incidents"
    ) -> Response:
        """Return a page that says what is wrong; it reveals nothing else."""
        response = self.page(
            "trouble.html", status,
            visitor=visitor, text=text, code=status, back=back, correlation=correlation.get(),
        )  # fmt: skip
        if status == 503:
            response.headers["retry-after"] = "5"
        return response

    def _to_login(self, request: Request) -> Response:
        if request.method not in {"GET", "HEAD"}:
            return self.trouble(None, 403, "You are signed out. Sign in, then send it again.")
        return RedirectResponse(f"/login?next={quote(request.url.path)}", 303)


def _back(outcome: Outcome) -> str:
    if outcome.proposal:
        return f"/proposals/{quote(outcome.proposal, safe='')}"
    return f"/incidents/{quote(outcome.incident, safe='')}" if outcome.incident else "/incidents"
