"""The page that shows how approvals go: by action, by channel, by week and by person."""

from starlette.requests import Request
from starlette.responses import Response

from bot.conversation import scoring
from bot.web.desk import Desk
from bot.web.session import Visitor

WEEKS = (1, 4, 8, 26, 52)
WEEKS_SHOWN = 4


class Trust:
    """Reads the scoreboard; only who is signed in sees the names in it."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk

    async def board(self, request: Request, visitor: Visitor) -> Response:
        """Show the scoreboard of as many weeks as the address says, one of `WEEKS`."""
        asked = request.query_params.get("weeks", "")
        weeks = int(asked) if asked in {str(number) for number in WEEKS} else WEEKS_SHOWN
        doors = self._desk.doors
        board = await doors.scores.of_weeks(weeks, doors.clock.now())
        return await self._desk.show(
            request, visitor, "trust.html", board=board, weeks=weeks, choices=WEEKS, say=scoring
        )
