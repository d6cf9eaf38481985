"""What was approved and what runs: bytes changed behind the bot's back never reach the target."""

import re
import sqlite3
from collections.abc import Generator
from contextlib import contextmanager

import pytest

from bot.web.api_models import ProposalSummary, StatusOut
from tests.story.hostile.serving import Server, until

AUDIT = ("audit", "verify")


@pytest.fixture
def asked(server: Server) -> Generator[ProposalSummary]:
    """A proposal that was approved while the bot was paused: it runs with the resume."""
    server.target.runs.clear()
    asked = server.proposal(server.broken())
    server.say("pause").raise_for_status()
    server.decide(asked).raise_for_status()
    assert server.proposal(asked.incident, "approved").id == asked.id
    yield asked
    server.say("resume").raise_for_status()


@contextmanager
def unguarded(server: Server) -> Generator[sqlite3.Connection]:
    """Yield the database without the triggers that guard the log, as whoever owns the file may."""
    with server.database() as connection:
        asked = "SELECT name, sql FROM sqlite_master WHERE type = 'trigger' AND tbl_name = 'event'"
        triggers = connection.execute(asked).fetchall()
        assert {name for name, _ in triggers} == {"event_no_delete", "event_no_update"}
        for name, _ in triggers:
            connection.execute(f"DROP TRIGGER {name}")
        yield connection
        for _, sql in triggers:
            connection.execute(sql)


def change(server: Server, asked: ProposalSummary, old: str, new: str) -> tuple[int, bytes]:
    """Change text in the stored ActionProposed of a proposal; return its seq and what it was."""
    look = "SELECT seq, body FROM event WHERE stream = ? AND type = 'ActionProposed'"
    with server.database() as connection:
        seq, body = connection.execute(look, (asked.incident,)).fetchone()
    before = body if isinstance(body, bytes) else str(body).encode()
    assert old.encode() in before
    store(server, asked, seq, before.replace(old.encode(), new.encode()))
    return int(seq), before


def store(server: Server, asked: ProposalSummary, seq: int, body: bytes) -> None:
    """Write the body of one event behind the bot's back."""
    with unguarded(server) as connection:
        update = "UPDATE event SET body = ? WHERE stream = ? AND seq = ?"
        connection.execute(update, (body, asked.incident, seq))


def test_the_log_refuses_to_be_rewritten(server: Server) -> None:
    for sql in ("UPDATE event SET actor = 'x'", "DELETE FROM event WHERE stream = 'INC-1'"):
        with server.database() as connection, pytest.raises(sqlite3.DatabaseError, match="grows"):
            connection.execute(sql)
    assert server.run(*AUDIT).returncode == 0


def test_the_audit_names_the_event_that_was_changed(server: Server, asked: ProposalSummary) -> None:
    seq, before = change(server, asked, "Restart checkout as v41", "Restart checkout as v4l")
    found = server.run(*AUDIT)
    assert found.returncode == 1
    assert re.search(rf"{asked.incident}\b.*\b{seq}\b", found.stdout.decode())
    store(server, asked, seq, before)
    server.say(f"close {asked.incident} 'nothing to do'").raise_for_status()
    until("it is over", lambda: "ProposalWithdrawn" in server.events(asked.incident))


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ('"version":"v41"', '"version":"v40"'),
        ('"service":"checkout","version"', '"service":"search","version"'),
        ('"risk":"medium"', '"risk":"low"'),
        ("Restart checkout as v41", "Restart checkout as v4l"),
        ('"verify_after_s":[3600]', '"verify_after_s":[3601]'),
    ],
)
def test_e07_one_changed_byte_is_refused(
    server: Server, asked: ProposalSummary, old: str, new: str
) -> None:
    seq, before = change(server, asked, old, new)
    server.say("resume").raise_for_status()
    until("it is refused", lambda: "ProposalSuperseded" in server.events(asked.incident))
    detail = server.detail(asked.incident)
    assert "its bytes are not the ones that were approved" in detail
    assert '"security":true' in detail
    assert "ActionStarted" not in server.events(asked.incident)
    assert server.target.runs == []
    store(server, asked, seq, before)


def test_e07_a_new_digest_beside_the_changed_byte_is_not_what_was_approved(
    server: Server, asked: ProposalSummary
) -> None:
    seq, before = change(server, asked, asked.digest, "0" * 64)
    server.say("resume").raise_for_status()
    server.say(f"note {asked.incident} wake up")
    server.well()
    assert "ActionStarted" not in server.events(asked.incident)
    assert server.target.runs == []
    store(server, asked, seq, before)
    server.say(f"close {asked.incident} 'it was tampered with'").raise_for_status()
    until("it is over", lambda: "ProposalWithdrawn" in server.events(asked.incident))


def test_a_status_written_into_a_derived_table_approves_nothing(server: Server) -> None:
    server.target.runs.clear()
    asked = server.proposal(server.broken())
    with server.database() as connection:
        update = "UPDATE proposal SET status = 'approved' WHERE id = ?"
        connection.execute(update, (asked.id,))
    server.say(f"note {asked.incident} wake up").raise_for_status()
    server.well()
    assert server.target.runs == []
    with server.database() as connection:
        update = "UPDATE proposal SET status = 'pending' WHERE id = ?"
        connection.execute(update, (asked.id,))


@pytest.mark.parametrize(
    ("name", "old", "new", "why"),
    [
        ("jobs.yaml", "/run\n", "/run?elsewhere=1\n", "was changed since it was approved"),
        ("policy.yaml", "person:operator", "person:nobody", "no longer counts"),
    ],
)
def test_what_the_team_changed_since_the_approval_is_not_run(
    server: Server, asked: ProposalSummary, name: str, old: str, new: str, why: str
) -> None:
    file = server.folder / "knowledge" / name
    text = file.read_text()
    assert old in text
    rewrite(server, name, text.replace(old, new, 1))
    server.say("resume").raise_for_status()
    until("it is refused", lambda: "ProposalSuperseded" in server.events(asked.incident))
    assert why in server.detail(asked.incident)
    assert server.target.runs == []
    rewrite(server, name, text)


def rewrite(server: Server, name: str, text: str) -> None:
    """Change a file of the knowledge folder and wait until the bot has read it."""
    before = revision(server)
    server.folder.joinpath("knowledge", name).write_text(text)
    until("it is read again", lambda: revision(server) != before)


def revision(server: Server) -> str:
    return StatusOut.model_validate_json(server.api("status").content).knowledge_revision
