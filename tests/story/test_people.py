"""People from the outside: the commands of an admin, the link they print, the token they print."""

import os
import signal
import subprocess
import time
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest

from tests.dialling import ONE_EACH
from tests.peers import free_port
from tests.story.running import POLL_S, READY_WITHIN_S, TRIAGEBOT

PEOPLE = """
people:
  - {name: operator, admin: true}
  - {name: dana, title: Dana, groups: [payments], identities: ["slack:T1/U1"]}
  - {name: sam}
"""
POLICY = """
rules:
  - {name: silences, action: alertmanager_silence, approvers: ["group:payments"]}
"""


class Bot:
    """A running bot, and the terminal of whoever keeps it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.knowledge = folder / "knowledge"
        self.knowledge.mkdir()
        self.knowledge.joinpath("people.yaml").write_text(PEOPLE)
        self.knowledge.joinpath("policy.yaml").write_text(POLICY)
        port = free_port()
        self.url = f"http://127.0.0.1:{port}"
        self.env = {
            "PATH": os.environ["PATH"],
            "PORT": str(port),
            "DATABASE_URL": f"sqlite:///{folder / 'bot.db'}",
            "TRIAGE_RUNBOOKS": str(self.knowledge),
            "TRIAGE_OPERATOR_TOKEN_FILE": str(folder / "operator.token"),
            "TRIAGE_CONSOLE": "0",
        }

    def run(self, *words: str, token: str = "") -> tuple[int, str]:
        """Return the exit code of a command and what it prints."""
        env = self.env | ({"TRIAGE_OPERATOR_TOKEN": token} if token else {})
        done = subprocess.run(
            [TRIAGEBOT, *words],
            cwd=self.folder,
            env=env,
            capture_output=True,
            text=True,
            timeout=READY_WITHIN_S,
            check=False,
        )
        return done.returncode, (done.stdout + done.stderr).strip()

    def browser(self) -> httpx.Client:
        return httpx.Client(
            base_url=self.url, trust_env=False, timeout=READY_WITHIN_S, limits=ONE_EACH
        )

    def sign_in(self, browser: httpx.Client, link: str) -> httpx.Response:
        address, _, token = link.partition("#")
        assert address == f"{self.url}/login"
        return browser.post("/login", data={"token": token}, headers={"origin": self.url})


@contextmanager
def serving(folder: Path) -> Generator[Bot]:
    bot = Bot(folder)
    with folder.joinpath("log").open("wb") as out:
        process = subprocess.Popen(
            [TRIAGEBOT, "serve"], cwd=folder, env=bot.env, stdout=out, stderr=out
        )
    try:
        end = time.monotonic() + READY_WITHIN_S
        while not ready(bot):
            assert process.poll() is None, folder.joinpath("log").read_text()
            assert time.monotonic() < end, folder.joinpath("log").read_text()
            time.sleep(POLL_S)
        yield bot
    finally:
        process.send_signal(signal.SIGTERM)
        try:
            process.wait(READY_WITHIN_S)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def ready(bot: Bot) -> bool:
    try:
        return httpx.get(f"{bot.url}/readyz", trust_env=False, timeout=READY_WITHIN_S).is_success
    except httpx.TransportError:
        return False


@pytest.mark.timeout(300)
def test_an_admin_gives_out_links_and_tokens_and_takes_them_back(tmp_path: Path) -> None:
    with serving(tmp_path) as bot, bot.browser() as dana, bot.browser() as other:
        code, link = bot.run("people", "link", "dana")
        assert code == 0, link
        assert bot.sign_in(dana, link).status_code == 303
        assert bot.sign_in(other, link).status_code == 403
        assert ">dana</a>" in dana.get("/me").text

        code, token = bot.run("people", "token", "dana", "laptop", "--days", "2")
        assert (code, token.startswith("tbt_")) == (0, True), token
        code, who = bot.run("whoami", token=token)
        assert (code, who) == (0, "You are dana (payments), as api:dana.")

        code, listed = bot.run("people", "list")
        assert code == 0
        assert "slack:T1/U1 (people.yaml)" in listed
        assert "token laptop, until" in listed
        assert token not in listed

        assert bot.run("people", "revoke", "dana", "laptop")[0] == 0
        code, said = bot.run("whoami", token=token)
        assert (code, "the token laptop was revoked" in said) == (2, True), said

        refused = {
            ("link", "nobody"): "there is no nobody in people.yaml",
            ("unlink", "slack:T1/U1"): "take it out there instead",
            ("unlink", "slack:T1/U9"): "nobody is linked to slack:T1/U9",
            ("revoke", "dana", "laptop"): "no token laptop that still counts",
            ("token", "dana", "laptop", "--days", "91"): "less than or equal to 90",
        }
        for words, why in refused.items():
            code, said = bot.run("people", *words)
            assert (code, why in said) == (1, True), said

        # Whoever goes from people.yaml is out of the pages within seconds.
        bot.knowledge.joinpath("people.yaml").write_text("people: [{name: sam}]\n")
        end = time.monotonic() + 60
        while dana.get("/me").status_code == 200:
            assert time.monotonic() < end
            time.sleep(POLL_S)
        assert dana.get("/me").headers["location"] == "/login?next=/me"
