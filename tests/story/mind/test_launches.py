"""Factors 11 and 12: launched from anywhere alike, and a state that is a function of its events.

Launches from chat and mail come with those channels.
"""

import asyncio
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.cli import remote
from bot.incident.decide import decide
from bot.incident.effects import RunLimits
from bot.incident.events import Event, decode, encode
from bot.incident.fact import Fact
from bot.incident.facts_run import ConclusionReached, StepChosen, ToolReturned
from bot.incident.reducer import fold
from bot.knowledge.people import OPERATOR, People
from bot.ports import Reply
from tests.bot.engine.house import INC, House, World, open_house
from tests.bot.engine.making import DANA, RUNBOOK, Team
from tests.bot.engine.playing import play
from tests.bot.web.browsing import ORIGIN, client, send, signed_in
from tests.bot.web.world import OPERATOR_TOKEN
from tests.bot.web.world import World as WebWorld

SEEN = "CheckoutErrorRateHigh"
BY_SERVICE = RUNBOOK.model_copy(update={"match": (), "service": "checkout"})


async def of_page(web: WebWorld) -> None:
    async with signed_in(web) as browser:
        await send(browser, "/incidents", {"service": "checkout", "text": SEEN})


async def of_api(web: WebWorld, path: str = "incidents", body: object = None) -> None:
    async with client(web, f"{ORIGIN}/api/v1") as api:
        api.headers["authorization"] = f"Bearer {OPERATOR_TOKEN}"
        sent = body or {"service": "checkout", "text": SEEN}
        assert (await api.post(f"/{path}", json=sent)).status_code == 200


async def of_command_line(web: WebWorld, monkeypatch: pytest.MonkeyPatch) -> None:
    """What `triagebot start` sends, and to where, reaches the same API."""
    sent: list[tuple[str, Any]] = []

    def request(_method: str, url: str, **given: Any) -> httpx.Response:  # noqa: ANN401 - httpx's
        sent.append((url, given["json"]))
        return httpx.Response(200, json={"text": "INC-1 is open."})

    monkeypatch.setattr(httpx, "request", request)
    monkeypatch.setenv("TRIAGE_OPERATOR_TOKEN", OPERATOR_TOKEN)
    assert remote.command(f"start checkout {SEEN}", "http://127.0.0.1:1") == 0
    ((url, body),) = sent
    await of_api(web, url.partition("/api/v1/")[2], body)


async def started(folder: Path, begin: Callable[[House], Any]) -> list[tuple[str, object]]:
    """Launch, let the loop run until it waits, and return what came after the launch itself."""
    team = Team(runbooks=(BY_SERVICE,), people=People((DANA, OPERATOR)))
    async with open_house(folder, World(team=team)) as house:
        await begin(house)
        await house.drive(INC)
        events = await house.events()
    assert events[0].type == "IncidentOpened"
    return [(event.type, _core(event)) for event in events[2:]]


def _core(event: Event) -> object:
    body = event.body
    if isinstance(body, StepChosen):
        return body.step
    if isinstance(body, ToolReturned):
        return body.facts
    return body if isinstance(body, ConclusionReached) else None


async def test_factor_11_webhook_page_api_and_command_line_start_the_same_investigation(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    webs = [WebWorld(), WebWorld(), WebWorld()]
    await of_page(webs[0])
    await of_api(webs[1])
    await of_command_line(webs[2], monkeypatch)
    replies = [reply for web in webs for reply in web.inbox.replies]
    assert [one.channel for one in replies] == ["web", "api", "api"]

    def by(reply: Reply) -> Callable[[House], Any]:
        async def begin(house: House) -> None:
            assert (await house.replies.reply(reply)).incident == INC

        return begin

    begins: list[Callable[[House], Any]] = [House.alarm, *map(by, replies)]
    logs: list[list[tuple[str, object]]] = []
    for number, begin in enumerate(begins):
        folder = tmp_path / str(number)
        folder.mkdir()
        logs.append(await started(folder, begin))
    assert all(log == logs[0] for log in logs)
    assert [name for name, _ in logs[0]][:4] == [
        "ContextLoaded", "StepChosen", "ToolReturned", "StepChosen",
    ]  # fmt: skip
    assert "ActionProposed" in dict(logs[0])


@pytest.fixture(name="way", scope="module")
def way_fixture(tmp_path_factory: pytest.TempPathFactory) -> list[Event]:
    """The thread of a whole incident, from its alert to its close."""

    async def live() -> list[Event]:
        async with open_house(tmp_path_factory.mktemp("way"), World()) as house:
            await house.alarm()
            await play(house)
            return await house.events()

    return asyncio.run(live())


def stored(event: Event) -> Event:
    """What another process reads of it."""
    assert isinstance(event.body, Fact)
    return replace(event, body=decode(event.type, type(event.body).v, encode(event.body)))


@settings(max_examples=60)
@given(cut=st.integers(1, 40), later_s=st.floats(0, 1e5))
def test_factor_12_the_state_and_what_comes_next_are_functions_of_the_events(
    way: list[Event], cut: int, later_s: float
) -> None:
    """Two replicas that read the same bytes agree on the state and the next effect."""
    thread = way[:cut]
    before = [repr(event) for event in thread]
    one, other = fold(thread), fold([stored(event) for event in thread])
    assert one == other
    now = thread[-1].at + timedelta(seconds=later_s)
    limits = RunLimits(debounce_s=0, max_steps=10, close_after_s=60)
    assert decide(one, now, limits) == decide(other, now, limits) == decide(one, now, limits)
    assert [repr(event) for event in thread] == before
    assert fold(thread) == one
