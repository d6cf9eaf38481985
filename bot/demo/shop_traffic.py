"""What the shop sends by itself: its customers' requests, and webhooks that are not lost."""

import asyncio
import logging
from dataclasses import dataclass, field

import httpx
from pydantic import JsonValue, SecretStr

ITEMS = ("tea", "coffee", "cups", "a kettle", "biscuits")
CUSTOMERS = 4
"""How many customers ask at once; one slow answer does not stop the traffic."""

FIRST_RETRY_S = 0.1
LAST_RETRY_S = 2.0

_log = logging.getLogger("shop")


async def shop_around(http: httpx.AsyncClient, *, requests_per_s: float, first: int) -> None:
    """Be one customer: ask `GET /checkout` at a steady rate until cancelled.

    An unanswered request is dropped; a customer who is late does not hurry to catch up.

    Args:
        http: Client whose base URL is the shop.
        requests_per_s: Above 0.
        first: Where in `ITEMS` this customer starts.
    """
    loop = asyncio.get_running_loop()
    due = loop.time()
    number = first
    while True:
        try:
            await http.get("/checkout", params={"item": ITEMS[number % len(ITEMS)]})
        except httpx.HTTPError as error:
            _log.info("a customer got no answer: %s", type(error).__name__)
        number += 1
        due = max(due + 1 / requests_per_s, loop.time() - 1 / requests_per_s)
        await asyncio.sleep(max(0.0, due - loop.time()))


@dataclass
class Courier:
    """Delivers JSON to one address, in order; 5xx and silence are retried for as long as it runs.

    Any other answer than 2xx drops the message and says so in the log, as Alertmanager does.
    """

    url: str
    bearer: SecretStr
    first_retry_s: float = FIRST_RETRY_S
    _waiting: asyncio.Queue[dict[str, JsonValue]] = field(
        default_factory=asyncio.Queue[dict[str, JsonValue]]
    )

    def send(self, message: dict[str, JsonValue]) -> None:
        """Queue one message; returns at once."""
        self._waiting.put_nowait(message)

    async def run(self, http: httpx.AsyncClient) -> None:
        """Deliver what is queued, oldest first, until cancelled."""
        while True:
            message = await self._waiting.get()
            retry_s = self.first_retry_s
            while not await self._delivered(http, message):
                await asyncio.sleep(retry_s)
                retry_s = min(retry_s * 2, LAST_RETRY_S)

    async def _delivered(self, http: httpx.AsyncClient, message: dict[str, JsonValue]) -> bool:
        """Post once; False when the same post may succeed later."""
        headers = {"Authorization": f"Bearer {self.bearer.get_secret_value()}"}
        try:
            answer = await http.post(self.url, json=message, headers=headers)
        except httpx.HTTPError as error:
            _log.warning("no answer from %s (%s): will retry", self.url, type(error).__name__)
            return False
        if answer.is_server_error:
            _log.warning("%s answered %d: will retry", self.url, answer.status_code)
            return False
        if not answer.is_success:
            _log.error(
                "%s answered %d: dropped; check the address and its token",
                self.url,
                answer.status_code,
            )
        return True
