"""A real process: one-time codes are set up on the page, and taken away by an admin (E-24)."""

import re
import subprocess
import time
from pathlib import Path

import httpx
from pyotp.totp import TOTP

from tests.bot.web.browsing import csrf
from tests.dialling import ONE_EACH
from tests.peers import free_port
from tests.story.running import TRIAGEBOT
from tests.story.test_safekeeping import environment, ready, serve, wait_until

PATH = "/me/step-up"


def post(page: httpx.Client, path: str, **fields: str) -> httpx.Response:
    """Send one of the page's own forms, and return the page it leads to."""
    token = csrf(page.get(PATH).text)
    return page.post(path, data={"csrf": token, **fields}, follow_redirects=True)


def triagebot(folder: Path, port: int, *words: str) -> str:
    done = subprocess.run(
        [TRIAGEBOT, *words], cwd=folder, env=environment(folder, port), capture_output=True,
        text=True, timeout=60, check=False,
    )  # fmt: skip
    return done.stdout + done.stderr


def test_e24_codes_are_set_up_on_the_page_and_taken_away_by_command(tmp_path: Path) -> None:
    port = free_port()
    url = f"http://127.0.0.1:{port}"
    bot = serve(tmp_path, port)
    try:
        wait_until(lambda: ready(url))
        checks = httpx.get(f"{url}/readyz", trust_env=False, timeout=60).json()["checks"]
        assert "one-time code" in checks["high_risk"]["text"]
        with httpx.Client(
            base_url=url, trust_env=False, timeout=60, headers={"origin": url}, limits=ONE_EACH
        ) as page:
            token = tmp_path.joinpath("triagebot.token").read_text().strip()
            page.post("/login", data={"token": token})
            offered = post(page, f"{PATH}/offer").text
            found = re.search(r'<code id="secret">([A-Z2-7 ]+)</code>', offered)
            assert found is not None
            totp = TOTP(found[1].replace(" ", ""))
            code = totp.at(int(time.time()))
            done = post(page, f"{PATH}/confirm", code=code).text
            assert "Your one-time codes are set up" in done
            told = triagebot(tmp_path, port, "stepup", "reset", "operator")
            assert "operator has no one-time codes any more" in told
            assert "They are not set up yet" in page.get(PATH).text
        told = triagebot(tmp_path, port, "stepup", "reset", "operator")
        assert "operator has set up no one-time codes" in told
        log = triagebot(tmp_path, port, "replay", "house")
    finally:
        bot.terminate()
        bot.wait(60)
    assert log.count("StepUpEnrolled") == 2
    assert found[1].replace(" ", "").encode() not in tmp_path.joinpath("bot.db").read_bytes()
