"""Many processes on one database: web A and B, workers that die, that stand still, that end."""

import os
import signal
import time
from pathlib import Path

import pytest

from tests.databases import running_server
from tests.story.crewing import TOKEN, Hand, crew_of

G02_S = 25


def look(hand: Hand, session: str) -> int:
    """Return how a page answers a browser that holds this session's cookie, and no token."""
    cookie = {"cookie": session, "authorization": ""}
    return hand.client.get("/incidents", headers=cookie).status_code


def sign_in(hand: Hand) -> str:
    headers = {"origin": hand.url, "authorization": ""}
    answer = hand.client.post("/login", data={"token": TOKEN}, headers=headers)
    assert answer.status_code == 303, answer.text
    return answer.headers["set-cookie"].partition(";")[0]


def what_one_knows_all_know(web: Hand, other: Hand, worker: Hand) -> None:
    """A session and the kill switch."""
    session = sign_in(web)
    assert look(other, "") == 303
    assert look(other, session) == 200
    web.say("pause")
    for hand in (other, worker):
        hand.until(lambda hand=hand: not hand.checks()["switch"]["ok"])
    other.say("resume")
    for hand in (web, worker):
        hand.until(lambda hand=hand: hand.checks()["switch"]["ok"])


@pytest.mark.timeout(600)
def test_g03_workers_die_and_stand_still_and_nothing_is_lost_or_done_twice(
    tmp_path: Path, postgresql_url: str
) -> None:
    with crew_of(tmp_path, postgresql_url) as (crew, target):
        web, other, first = crew.hire("web"), crew.hire("web"), crew.hire("worker")
        for hand in (web, other, first):
            hand.ready()

        what_one_knows_all_know(web, other, first)

        # A worker is killed while it looks; another one goes on.
        target.hold_probes()
        crew.deploy(web)
        crew.alert(other, "firing")
        assert target.probed.wait(60), first.said()
        first.send(signal.SIGKILL)  # at once: a look that is held up for long has failed
        second = crew.hire("worker").ready()
        target.open.set()
        web.until(lambda: web.proposal()[1] == "pending")

        # A worker stands still just before it acts; another one acts; the first does nothing more.
        target.hold_probes()
        name, _ = web.proposal()
        other.say(f"approve P-{name}")
        assert target.probed.wait(60), second.said()
        second.send(signal.SIGSTOP)
        third = crew.hire("worker").ready()
        target.open.set()
        web.until(lambda: web.proposal()[1] == "succeeded")
        second.send(signal.SIGCONT)
        second.until(lambda: "taken for dead" in second.said())
        assert sum(target.calls.values()) == 1
        assert web.events().count("ActionStarted") == 1
        assert web.events().count("ActionFinished") == 1

        # It goes on with new work, alone: the others end without a loss.
        assert third.end() == 0
        crew.alert(web, "resolved")
        web.until(lambda: web.thread()["incident"]["status"] == "closed")
        assert [hand.end() for hand in (second, web, other)] == [0, 0, 0]
        assert len(set(target.calls)) == 1


@pytest.mark.timeout(300)
def test_g02_a_worker_ends_in_time_without_its_database(tmp_path: Path) -> None:
    with running_server() as server:
        url = server.url(server.migrated())
        with crew_of(tmp_path, url) as (crew, target):
            web, worker = crew.hire("web").ready(), crew.hire("worker").ready()
            target.hold_probes()
            crew.deploy(web)
            crew.alert(web, "firing")
            assert target.probed.wait(60), worker.said()
            os.kill(server.process, signal.SIGQUIT)
            begun = time.monotonic()
            assert [hand.end() for hand in (worker, web)] == [0, 0]
            assert time.monotonic() - begun < 2 * G02_S
