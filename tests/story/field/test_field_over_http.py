"""Some of these bugs on a real server: killed, started anew, and asked by anybody."""

from pathlib import Path

import pytest

from tests.story.hostile.serving import running_server, until


@pytest.mark.timeout(300)
def test_field_17_and_27_and_28_a_click_after_a_kill_runs_the_action_once_and_only_for_who_may(
    tmp_path: Path,
) -> None:
    with running_server(tmp_path) as server:
        incident = server.broken()
        asked = server.proposal(incident)
        server.killed_and_started()

        verdict = {"verdict": "approve", "digest": asked.digest, "revision": asked.revision}
        path = f"/api/v1/proposals/{asked.id}/decision"
        stranger = server.http.post(path, json=verdict)
        forged = server.http.post(path, json=verdict, headers={"authorization": "Bearer guess"})
        form = server.http.post(f"/proposals/{asked.id}/decision", data={"verdict": "approve"})
        assert (stranger.status_code, forged.status_code) == (401, 401)
        assert form.status_code in {303, 401, 403}
        assert server.proposal(incident).id == asked.id  # it still waits

        answer = server.decide(asked)
        assert (answer.status_code, answer.json()["kind"]) == (200, "done")
        until("the action ended", lambda: "ActionFinished" in server.events(incident), 60)
        server.killed_and_started()
        again = server.decide(asked)
        assert again.json()["kind"] == "already"
        assert server.events(incident).count("ActionStarted") == 1
        assert len(server.target.runs) == 1
