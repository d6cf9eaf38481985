"""The audit log of a real process: its key, its checkpoints, taking it out, and a forger."""

import json
import re
from collections.abc import Generator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from bot.incident.facts_action import DecisionMade, ProposalApproved
from bot.web.api_models import ProposalSummary
from tests import fakes
from tests.bot.engine.forging import forge
from tests.fakes import T0
from tests.story.hostile.serving import Server, running_server, until

CHECKPOINTS = "checkpoints.jsonl"
WAKES = """UPDATE incident SET seq = (SELECT max(seq) FROM event WHERE stream = :stream),
wake_at = '2020-01-01T00:00:00.000000Z' WHERE id = :stream"""
APPROVED = "UPDATE proposal SET status = 'approved' WHERE incident = :stream"


@pytest.fixture
def server(tmp_path: Path) -> Generator[Server]:
    with running_server(tmp_path, {"TRIAGE_CHECKPOINTS": str(tmp_path / CHECKPOINTS)}) as running:
        yield running


def said(server: Server, *words: str, code: int = 0) -> str:
    done = server.run("audit", *words)
    output = done.stdout.decode() + done.stderr.decode()
    assert done.returncode == code, output
    return output


def restarted(server: Server) -> None:
    """End the process as an operator does, and start it anew."""
    server.process.terminate()
    assert server.process.wait(60) == 0
    server.killed_and_started()


def test_e43_a_bot_that_ends_signs_a_checkpoint_that_another_verifies(
    server: Server, tmp_path: Path
) -> None:
    key = tmp_path / "triagebot.key"
    assert key.stat().st_mode & 0o777 == 0o600
    public = tmp_path / "public.pem"
    public.write_text(said(server, "key"))
    assert "PRIVATE" not in public.read_text()
    incident = server.broken()
    restarted(server)
    for also in ([], ["--public-key", str(public)], ["--checkpoints", CHECKPOINTS]):
        text = said(server, "verify", *also)
        assert re.match(r"sound: \d+ streams, \d+ events, every hash fits", text)
        assert "1 signed checkpoints, the newest is house event" in text
    assert "sound: 1 stream" in said(server, "verify", "--stream", incident, "--from", "3")
    assert "checkpoint: house" in server.log
    assert key.read_text().strip() not in server.log + server.console
    line = json.loads(tmp_path.joinpath(CHECKPOINTS).read_text().splitlines()[-1])
    tmp_path.joinpath(CHECKPOINTS).write_text(json.dumps({**line, "events": 1}) + "\n")
    text = said(server, "verify", "--checkpoints", CHECKPOINTS, code=1)
    assert "line 1: its signature is not that of what it says" in text


def test_e42_the_log_is_taken_out_of_the_running_bot_which_records_it(
    server: Server, tmp_path: Path
) -> None:
    incident = server.broken()
    out, alone = tmp_path / "log.jsonl", tmp_path / "one.jsonl"
    assert "check-export" in said(server, "export", "--out", str(out))
    assert "AuditExported" in said_of_house(server)
    assert "every hash fits" in said(server, "check-export", str(out))
    said(server, "export", "--incident", incident, "--out", str(alone))
    assert f"sound: {incident}, 1 streams" in said(server, "check-export", str(alone))
    assert "name a new file" in said(server, "export", "--out", str(out), code=2)
    assert "write a day as" in said(server, "export", "--from", "monday", code=1)
    assert "hands nothing out" in said(server, "export", "--incident", "INC-999", code=1)
    before = said_of_house(server)
    offline = said(server, "export", "--offline", "--incident", incident)
    assert "not recorded" in offline
    assert said_of_house(server) == before
    out.write_bytes(out.read_bytes().replace(b"INC-1", b"INC-9", 1))
    assert "not" in said(server, "check-export", str(out), code=1)


def said_of_house(server: Server) -> str:
    return server.run("replay", "house").stdout.decode()


def decision(asked: ProposalSummary, seal: str) -> DecisionMade:
    return DecisionMade(
        proposal=asked.id,
        revision=1,
        digest=asked.digest,
        person="operator",
        actor="api:operator",
        verdict="approve",
        reason="",
        rule="restart",
        policy_digest="1" * 64,
        groups_as_of=T0,
        seal=seal,
    )


@pytest.mark.parametrize("seal", ["", "0" * 64], ids=["none", "guessed"])
def test_e42_an_approval_written_into_the_database_runs_nothing(
    server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, seal: str
) -> None:
    asked = server.proposal(server.broken())
    server.process.kill()
    server.process.wait()
    monkeypatch.setitem(fakes.DATABASES, tmp_path, f"sqlite:///{tmp_path}/hostile.db")
    now = datetime.now(UTC)
    reached = ProposalApproved(proposal=asked.id, digest=asked.digest)
    forge(tmp_path, asked.incident, (decision(asked, seal), reached), APPROVED, WAKES, at=now)
    assert said(server, "verify").startswith("sound"), "no hash tells"
    server.killed_and_started()
    until("it is refused", lambda: "ProposalSuperseded" in server.events(asked.incident))
    detail = server.detail(asked.incident)
    assert "bears no seal of this bot's key" in detail
    assert '"security":true' in detail
    assert "ActionStarted" not in server.events(asked.incident)
    assert server.target.runs == []
