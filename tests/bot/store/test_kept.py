"""Evidence, conversations, posts, sessions and tokens: kept beside the log."""

import asyncio
import dataclasses
from datetime import timedelta
from pathlib import Path

import pytest

from bot.errors import InputError
from bot.incident.facts_alerts import ConversationOpened, IncidentResolved
from bot.ports import Before, Body, ConversationRow, Post, SessionRow
from tests.bot.store.examples import (
    alert,
    close_incident,
    closed,
    delivery,
    evidence,
    group,
    note,
    open_incident,
    say,
)
from tests.fakes import T0, open_store

pytestmark = pytest.mark.usefixtures("each_database")

LATER = T0 + timedelta(minutes=5)
SESSION = SessionRow("s1", "dana", "c1", T0, T0)


async def test_evidence_put_twice_is_once(tmp_path: Path) -> None:
    async with open_store(tmp_path) as store:
        first = evidence()
        elsewhere = evidence(incident="INC-2")
        assert await store.evidence.put(first) == await store.evidence.put(elsewhere) == first.id
        assert await store.evidence.get(first.id) == first
        assert await store.evidence.get("0" * 16) is None


async def test_evidence_must_be_named_after_its_body(tmp_path: Path) -> None:
    async with open_store(tmp_path) as store:
        for wrong in ({"body": b"43"}, {"id": "0" * 16}, {"digest": "0" * 64}):
            with pytest.raises(InputError, match="named after its body"):
                await store.evidence.put(dataclasses.replace(evidence(), **wrong))


async def test_deleted_evidence_leaves_a_stub_until_a_tool_answers_the_same_again(
    tmp_path: Path,
) -> None:
    async with open_store(tmp_path) as store:
        kept = evidence()
        body = Body("evidence", kept.id, kept.at, len(kept.body))
        later = Before(None, LATER)
        await close_incident(store, await open_incident(store))
        await store.evidence.put(kept)
        assert await store.bodies.delete([body], later, LATER) == 1
        assert await store.bodies.delete([body], later, LATER + timedelta(hours=1)) == 0
        stub = await store.evidence.get(kept.id)
        assert stub == dataclasses.replace(kept, body=b"", deleted_at=LATER)
        await store.evidence.put(kept)
        assert await store.evidence.get(kept.id) == kept


async def test_a_channel_is_behind_until_it_was_told(tmp_path: Path) -> None:
    async with open_store(tmp_path) as store:
        incident = await open_incident(store)
        assert await store.posts.behind("web", T0) == [incident]
        await store.posts.save(ConversationRow(incident, "web", "here", 1, None))
        assert await store.posts.behind("web", T0) == []
        assert await store.posts.behind("slack", T0) == [incident]
        await say(store, incident, note())
        assert await store.posts.behind("web", T0) == [incident]
        await store.posts.save(ConversationRow(incident, "web", "here", 1, LATER, 3))
        assert await store.posts.behind("web", T0) == []
        assert await store.posts.behind("web", LATER) == [incident]
        await store.posts.save(ConversationRow(incident, "web", "here", 2, None))
        assert await store.posts.behind("web", LATER) == []


async def test_alerts_that_join_leave_channels_behind(tmp_path: Path) -> None:
    async with open_store(tmp_path) as store:
        await store.deliveries.accept(delivery("d1"), [group(alert("a"))])
        await store.posts.save(ConversationRow("INC-1", "web", "here", 2, None))
        await store.deliveries.accept(delivery("d2"), [group(alert("b"))])
        assert await store.posts.behind("web", T0) == ["INC-1"]


async def test_what_is_over_is_told_where_it_was_begun_and_nowhere_new(tmp_path: Path) -> None:
    async with open_store(tmp_path) as store:
        over = closed()
        incident = await open_incident(store)
        await store.posts.save(ConversationRow(incident, "web", "here", 1, None))
        await say(store, incident, IncidentResolved(reason="quiet"), over)
        assert await store.posts.behind("web", T0) == [incident]
        assert await store.posts.behind("slack", T0) == []


async def test_the_oldest_incident_is_told_first(tmp_path: Path) -> None:
    async with open_store(tmp_path) as store:
        for number in range(1, 12):
            await open_incident(store)
            if number % 2:
                row = ConversationRow(f"INC-{number}", "web", "here", 0, None)
                await store.posts.save(row)
        assert await store.posts.behind("web", T0) == [f"INC-{n}" for n in range(1, 12)]
        assert await store.posts.behind("web", T0, limit=2) == ["INC-1", "INC-2"]


async def test_an_opened_conversation_has_its_address_and_a_cursor_from_the_start(
    tmp_path: Path,
) -> None:
    async with open_store(tmp_path) as store:
        incident = await open_incident(store)
        assert await store.posts.conversation(incident, "slack") is None
        await say(store, incident, ConversationOpened(channel="slack", address="C1/1.2"))
        row = ConversationRow(incident, "slack", "C1/1.2", 0, None)
        assert await store.posts.conversation(incident, "slack") == row
        await store.posts.save(dataclasses.replace(row, cursor=2, wake_at=LATER, failures=1))
        await say(store, incident, ConversationOpened(channel="slack", address="C2/3.4"))
        assert await store.posts.conversation(incident, "slack") == dataclasses.replace(
            row, address="C2/3.4", cursor=2, wake_at=LATER, failures=1
        )


async def test_posts_are_found_by_key_and_replaced(tmp_path: Path) -> None:
    async with open_store(tmp_path) as store:
        assert await store.posts.posts("INC-1", "web") == {}
        await store.posts.save_post("INC-1", "web", Post("root", "", "v1"))
        await store.posts.save_post("INC-1", "web", Post("finding-1", "m2", "v1"))
        await store.posts.save_post("INC-1", "slack", Post("root", "m9", "v1"))
        await store.posts.save_post("INC-1", "web", Post("root", "m1", "v2"))
        assert await store.posts.posts("INC-1", "web") == {
            "root": Post("root", "m1", "v2"),
            "finding-1": Post("finding-1", "m2", "v1"),
        }


async def test_a_session_lives_until_it_is_closed(tmp_path: Path) -> None:
    async with open_store(tmp_path) as store:
        await store.sessions.open(SESSION)
        assert await store.sessions.get("s1") == SESSION
        await store.sessions.touch("s1", LATER)
        assert await store.sessions.get("s1") == dataclasses.replace(SESSION, seen_at=LATER)
    async with open_store(tmp_path) as store:
        await store.sessions.close("s1")
        await store.sessions.close("s1")
        assert await store.sessions.get("s1") is None


async def test_all_sessions_of_one_person_end_together(tmp_path: Path) -> None:
    async with open_store(tmp_path) as store:
        for name, person in (("s1", "dana"), ("s2", "dana"), ("s3", "sam")):
            await store.sessions.open(dataclasses.replace(SESSION, id=name, person=person))
        assert await store.sessions.close_all("dana") == 2
        assert await store.sessions.close_all("dana") == 0
        found = [await store.sessions.get(name) for name in ("s1", "s2", "s3")]
    assert [row is not None for row in found] == [False, False, True]


async def test_a_token_is_spent_once_however_many_try(tmp_path: Path) -> None:
    async with open_store(tmp_path) as store:
        tries = (store.sessions.spend("t", T0) for _ in range(20))
        assert sorted(await asyncio.gather(*tries)) == [False] * 19 + [True]
        assert await store.sessions.spend("other", T0)
