"""Who can write the database but has no key comes in by no door: a session, a token, an account."""

import asyncio
import secrets
from datetime import UTC, datetime, timedelta
from pathlib import Path

from bot.incident.events import stamp
from bot.incident.fact import HOUSE, Fact
from bot.incident.facts_house import LinkIssued, TokenIssued
from bot.incident.keys import digest_of
from bot.ports import Draft
from bot.store.store import Store
from tests.fakes import FakeClock
from tests.story.hostile.serving import Server, browser, running_server, same_origin

SECRET = secrets.token_hex(32)
FORGED = "operator"


def insert_session(server: Server, person: str = FORGED) -> None:
    """Write a session whose cookie the attacker knows, as the bot itself would."""
    now = stamp(datetime.now(UTC))
    row = (digest_of(SECRET), person, "c" * 64, now, now)
    with server.database() as connection:
        connection.execute(
            "INSERT INTO session (id, person, csrf, created_at, seen_at) VALUES (?, ?, ?, ?, ?)",
            row,
        )


def append(folder: Path, fact: Fact) -> None:
    """Add a fact to the stream `house`, its hash and all."""

    async def written() -> None:
        async with Store.open(f"sqlite:///{folder / 'hostile.db'}", FakeClock()) as store:
            await store.log.record(HOUSE, lambda _: Draft("api:operator", (fact,)))

    asyncio.run(written())


def test_e25_who_writes_the_database_without_the_key_comes_in_by_no_door(tmp_path: Path) -> None:
    until = datetime.now(UTC) + timedelta(minutes=9)
    with running_server(tmp_path) as server:
        insert_session(server)
        with browser(server.url) as client:
            client.cookies.set("triage_session", SECRET)
            assert client.get("/me").status_code == 303, "a session that somebody wrote signs in"
        token = f"tbt_{SECRET}"
        forged = TokenIssued(
            person=FORGED, name="t", digest=digest_of(token), by=FORGED, expires_at=until
        )
        server.process.kill()  # sqlite has one owner; postgres takes it from beside the bot
        server.process.wait()
        append(tmp_path, forged)
        link = LinkIssued(
            digest=digest_of(SECRET), person=FORGED, actor="", by=FORGED, expires_at=until
        )
        append(tmp_path, link)
        server.killed_and_started()
        bearer = {"authorization": f"Bearer {token}"}
        assert server.http.get("/api/v1/incidents", headers=bearer).status_code == 401
        answer = server.http.post("/login", data={"token": SECRET}, headers=same_origin(server.url))
        assert answer.status_code == 403
        assert server.log.count("SECURITY: ") == 3
        with server.visit() as client:  # the true ones still come in
            assert client.get("/me").status_code == 200


def test_e25_a_session_is_of_the_person_and_the_hour_it_was_opened_for(tmp_path: Path) -> None:
    later = stamp(datetime.now(UTC) + timedelta(hours=1))
    with running_server(tmp_path) as server:
        for change in (
            "UPDATE session SET created_at = ?",
            "UPDATE session SET person = ?",
            "UPDATE session SET csrf = ?",
        ):
            with server.visit() as client:
                assert client.get("/me/step-up").status_code == 200
                with server.database() as connection:
                    connection.execute(change, (later,))
                assert client.get("/me/step-up").status_code == 303
