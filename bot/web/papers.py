"""Documents about an incident: the postmortem draft as a page, and both as files to take away."""

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from bot.conversation.archive import Archive
from bot.conversation.paper import Bullets, Gap, Passage, Subtitle
from bot.web.desk import Desk
from bot.web.lookup import incident_named
from bot.web.session import Visitor

MARKDOWN = "text/markdown; charset=utf-8"
KINDS: dict[type[object], str] = {
    Passage: "passage",
    Bullets: "bullets",
    Subtitle: "subtitle",
    Gap: "gap",
}


def markdown_file(text: str, incident: str, kind: str) -> Response:
    """Return Markdown as a file named after the incident; a browser saves it and shows nothing."""
    name = f"{incident}-{kind}.md"
    headers = {"content-disposition": f'attachment; filename="{name}"'}
    return Response(text, media_type=MARKDOWN, headers=headers)


class PapersPages:
    """Readable for whoever may read the incident; nothing is kept, all is made of the log."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self._archive = Archive(desk.doors.log, str(desk.doors.settings.public_url or ""))

    def routes(self) -> list[Route]:
        """Return the routes."""
        pages = {
            "/incidents/{incident}/postmortem": self.postmortem,
            "/incidents/{incident}/postmortem.md": self.postmortem_file,
            "/incidents/{incident}/timeline.md": self.timeline_file,
        }
        return [
            Route(path, self._desk.signed_in(page), methods=["GET"]) for path, page in pages.items()
        ]

    async def postmortem(self, request: Request, visitor: Visitor) -> Response:
        """Show the draft, and its Markdown to copy."""
        paper, text = await self._archive.paper(incident_named(request))
        return await self._desk.show(
            request, visitor, "postmortem.html", paper=paper, text=text, kind_of=_kind_of
        )

    async def postmortem_file(self, request: Request, _visitor: Visitor) -> Response:
        """Hand the draft out as a file."""
        name = incident_named(request)
        return markdown_file(await self._archive.postmortem(name), name, "postmortem")

    async def timeline_file(self, request: Request, _visitor: Visitor) -> Response:
        """Hand the timeline out as a file."""
        name = incident_named(request)
        return markdown_file(await self._archive.timeline(name), name, "timeline")


def _kind_of(part: object) -> str:
    return KINDS[type(part)]
