"""Live pages: a stream begins where the reader stopped, and ends when the process does."""

import asyncio
from collections.abc import AsyncIterator

import httpx

from bot.web import live
from bot.web.live import beats
from tests.bot.web import stories
from tests.bot.web.browsing import client, signed_in
from tests.bot.web.world import World


async def _events(browser: httpx.AsyncClient, path: str, headers: dict[str, str]) -> list[str]:
    answer = await asyncio.wait_for(browser.get(path, headers=headers), 60)
    assert answer.headers["content-type"].startswith("text/event-stream")
    assert answer.headers["cache-control"] == "no-store"
    return [line for line in answer.text.splitlines() if line.startswith(("id:", "event:"))]


async def test_a_stream_resumes_from_the_last_event_id(world: World) -> None:
    async with signed_in(world) as browser:
        world.log.end()
        last = (await world.log.load("INC-7"))[-1].seq
        told = await _events(browser, "/incidents/INC-7/events", {"last-event-id": "3"})
        assert told == [f"id: {last}", "event: changed"]
        known = await _events(browser, "/incidents/INC-7/events", {"last-event-id": str(last)})
        asked = await _events(browser, "/incidents/INC-7/events?after=3", {})
    assert known == []
    assert asked == told


async def test_a_made_up_event_id_cannot_run_ahead(world: World) -> None:
    async with signed_in(world) as browser:
        world.log.end()
        for made_up in ("999999", "-1", "x", "9" * 40):
            headers = {"last-event-id": made_up}
            assert await _events(browser, "/incidents/INC-7/events", headers) == []


async def test_a_commit_is_told_and_stopping_ends_the_stream(world: World) -> None:
    async with signed_in(world) as browser:
        reading = asyncio.create_task(_events(browser, "/incidents/INC-7/events", {}))
        await world.log.listening.wait()
        world.log.listening.clear()
        story = stories.bad_deploy("INC-7")
        last = story[-1].seq
        note = story[7]
        world.log.add(type(note)("INC-7", last + 1, note.at, note.actor, note.body))
        await world.log.listening.wait()
        world.log.end()
        assert await reading == [f"id: {last + 1}", "event: changed"]


async def test_the_lists_are_told_of_any_commit(world: World) -> None:
    async with signed_in(world) as browser:
        world.log.end()
        newest = await world.log.changed()
        told = await _events(browser, "/events", {"last-event-id": "1"})
    assert told == [f"id: {newest}", "event: changed"]


async def test_only_who_is_signed_in_may_listen(world: World) -> None:
    async with client(world) as browser:
        assert (await browser.get("/incidents/INC-7/events")).status_code == 303
    async with signed_in(world) as browser:
        assert (await browser.get("/incidents/INC-999/events")).status_code == 404


async def test_signing_out_ends_the_stream() -> None:
    async def silent() -> AsyncIterator[int]:
        await asyncio.Event().wait()
        yield 0

    async def newest(after: int) -> int:
        return after

    answers = [True, False]

    async def still() -> bool:
        return answers.pop(0)

    beat, live.BEAT_S = live.BEAT_S, 0.001
    try:
        lines = [line async for line in beats(silent(), newest, 0, still)]
    finally:
        live.BEAT_S = beat
    assert lines == [f"retry: {live.RETRY_MS}\n\n", ": still here\n\n"]
