"""Who is outside: monitoring that sends parcels until each is acknowledged, and an approver.

What they got an answer to is theirs to keep; what was not answered they send again.
"""

import asyncio
from collections import Counter
from datetime import datetime
from pathlib import Path

import httpx
from pydantic import BaseModel

from bot.web.api_models import OutcomeOut, ProposalList, ProposalSummary
from tests.siege.scene import HOOK, SECRET, TOKEN_FILE, parcel

LINES = 8
HANDS = 4
PAUSE_S = 0.05
ANSWER_S = 15.0
PAGE = 200
HEADERS = {"authorization": f"Bearer {SECRET}", "content-type": "application/json"}


def outside(url: str) -> httpx.AsyncClient:
    """Return the connections that people use."""
    limits = httpx.Limits(max_connections=2 * (LINES + HANDS), keepalive_expiry=5)
    return httpx.AsyncClient(base_url=url, timeout=ANSWER_S, trust_env=False, limits=limits)


class Acknowledged(BaseModel):
    """The answer to a webhook."""

    incidents: list[str]
    duplicate: bool


class Postman:
    """Delivers `count` parcels, in order, over a few lines; never more than were released."""

    def __init__(self, client: httpx.AsyncClient, count: int, start: datetime) -> None:
        self._client = client
        self._start = start
        self._count = count
        self._next = 0
        self._released = 0
        self._more = asyncio.Event()
        self.acknowledged: dict[int, Acknowledged] = {}
        self.refused: Counter[int] = Counter()
        self.unanswered = 0

    def release(self, upto: int) -> None:
        """Let parcels go out until there are `upto` of them."""
        self._released = min(upto, self._count)
        self._more.set()

    async def run(self) -> None:
        """Deliver until every parcel is acknowledged."""
        await asyncio.gather(*(self._line() for _ in range(LINES)))

    async def _line(self) -> None:
        while self._next < self._count:
            if self._next >= self._released:
                self._more.clear()
                await self._more.wait()
                continue
            number, self._next = self._next, self._next + 1
            await self._deliver(number)
        self._more.set()

    async def _deliver(self, number: int) -> None:
        body = parcel(number, self._start)
        while True:
            try:
                answer = await self._client.post(HOOK, content=body, headers=HEADERS)
            except httpx.TransportError:
                self.unanswered += 1
            else:
                if answer.is_success:
                    said = Acknowledged.model_validate_json(answer.content)
                    self.acknowledged[number] = said
                    return
                self.refused[answer.status_code] += 1
            await asyncio.sleep(PAUSE_S)


class Approver:
    """Approves whatever is pending, over the API, with the operator's token."""

    def __init__(self, client: httpx.AsyncClient, home: Path) -> None:
        self._client = client
        self._token = home / TOKEN_FILE
        self.approved: set[str] = set()
        self.refused: Counter[int] = Counter()
        self.unanswered = 0

    async def run(self) -> None:
        """Approve until cancelled."""
        while True:
            pending = await self.listed("pending")
            for first in range(0, len(pending), HANDS):
                await asyncio.gather(*map(self._approve, pending[first : first + HANDS]))
            await asyncio.sleep(PAUSE_S)

    async def is_ready(self) -> bool:
        """Tell whether the doors say that they take work."""
        try:
            return (await self._client.get("/readyz")).is_success
        except httpx.TransportError:
            return False

    async def listed(self, status: str) -> list[ProposalSummary]:
        """Return the proposals that the API lists in this status; none while nobody answers."""
        raw = await self._ask("GET", f"proposals?status={status}&limit={PAGE}", None)
        return ProposalList.model_validate_json(raw).proposals if raw else []

    async def say(self, words: str) -> OutcomeOut | None:
        """Say a command as the operator; None while nobody answers."""
        raw = await self._ask("POST", "commands", {"text": words})
        return OutcomeOut.model_validate_json(raw) if raw else None

    async def _approve(self, proposal: ProposalSummary) -> None:
        verdict = {
            "verdict": "approve",
            "digest": proposal.digest,
            "revision": proposal.revision,
        }
        raw = await self._ask("POST", f"proposals/{proposal.id}/decision", verdict)
        if raw and OutcomeOut.model_validate_json(raw).kind in {"done", "already"}:
            self.approved.add(proposal.id)

    async def _ask(self, method: str, path: str, body: object) -> bytes:
        if not self._token.exists():
            return b""
        headers = {"authorization": f"Bearer {self._token.read_text().strip()}"}
        try:
            answer = await self._client.request(
                method, f"/api/v1/{path}", json=body, headers=headers
            )
        except httpx.TransportError:
            self.unanswered += 1
            return b""
        if not answer.is_success:
            self.refused[answer.status_code] += 1
            return b""
        return answer.content
