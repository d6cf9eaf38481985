"""Bytes that somebody rewrote: what is remembered goes on, and what is read afresh shows them."""

from pathlib import Path

from tests.bot.store.attacking import attack
from tests.bot.store.examples import note, open_incident, say
from tests.fakes import FakeClock, open_store

REWRITE = "UPDATE event SET body = replace(body, 'as it was', 'rewritten') WHERE seq = 2"


async def test_e07_what_is_read_afresh_is_what_is_stored(tmp_path: Path) -> None:
    async with open_store(tmp_path, FakeClock()) as store:
        incident = await open_incident(store)
        await say(store, incident, note("as it was"))
        kept = await store.log.state(incident)
        attack(tmp_path, REWRITE)
        assert await store.log.state(incident) is kept
        afresh = await store.log.afresh(incident)
        assert [one.text for one in afresh.incident.said] == ["rewritten"]
        assert await store.log.state(incident) == afresh
        assert [one.text for one in kept.incident.said] == ["as it was"]
