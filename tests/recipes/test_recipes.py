"""Each "add a …" of the README adds one file and at most one line, and then it works."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.recipes.adding import House, Recipe, recipes

RECIPES = recipes()
Made = Callable[[str], House]

LOOKS = """
import asyncio
from tests.tools.fixtures import Server, facts, needs, reading
from tools.read import READ_TOOLS

async def look():
    server = Server()
    server.says("GET /queues/mail", {"waiting": 12})
    given = needs(server, secrets={"QUEUE_URL": "http://queue"})
    async with reading(READ_TOOLS["queue_depth"], given) as queue_depth:
        print(facts(await queue_depth(queue="mail")))
    async with READ_TOOLS["queue_depth"].open(needs()) as opened:
        print(opened)

asyncio.run(look())
"""

ACTS = """
import asyncio
from bot.errors import RemoteError, ToolError
from tests.tools.fixtures import ONCE, Server, acting, needs
from tools.write import ACTIONS

async def act():
    server, tool = Server(), ACTIONS["cache_purge"]
    server.says("POST /purge/shop", {})
    server.says("POST /purge/blog", {}, 503)
    shop, blog = (tool.args.model_validate({"site": site}) for site in ("shop", "blog"))
    async with acting(tool, needs(server, secrets={"CACHE_URL": "http://cache"})) as purge:
        plan = await purge.plan(shop)
        print(plan.action, plan.title, len(server.asked))
        print((await purge.run(shop, ONCE)).ok, server.asked[0].headers["idempotency-key"])
        try:
            await purge.run(blog, ONCE)
        except RemoteError as error:
            print(error.sent, await purge.read_back(blog, "k1"))
        del server.answers["POST /purge/blog"]
        try:
            await purge.run(blog, ONCE)
        except ToolError as error:
            print(type(error).__name__)

asyncio.run(act())
"""

CONTRACT = """
from pathlib import Path

import pytest

from channels import CHANNELS
from channels.notebook import Notebook
from tests.channels.contract import ChannelContract, ShowsCards, Subject


class TestNotebook(ChannelContract):
    @pytest.fixture
    def subject(self, tmp_path: Path) -> Subject:
        return Subject(Notebook(tmp_path / "notebook"))


def test_it_is_on_the_shelf() -> None:
    assert "notebook" in CHANNELS
"""

MATCHES = """
from pathlib import Path
from bot.knowledge.match import choose_runbook
from bot.store.folder import Folder
from tests.bot.incident.making import alert

knowledge = Folder(Path("runbooks")).load()
backlog = alert().model_copy(update={"labels": {"alertname": "QueueBacklog"}})
found, why = choose_runbook(knowledge.runbooks, [backlog], None)
print(found.name)
"""


@pytest.fixture
def made(tmp_path: Path) -> Made:
    """Return a copy of the project to which one recipe was added, exactly as it says."""

    def add(name: str) -> House:
        house, recipe = House.copied(tmp_path), RECIPES[name]
        house.add(recipe)
        line = [f"+ {recipe.line}"] if recipe.line else []
        assert house.changes() == ([recipe.place], line)
        return house

    return add


def said(house: House, *words: str, **env: str) -> list[str]:
    done = house.run(*words, **env)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout.splitlines()


def test_there_are_five() -> None:
    assert {name: recipe.package for name, recipe in RECIPES.items() if recipe.line} == {
        "heartbeat.py": "bot/intake/sources/__init__.py",
        "queue_depth.py": "tools/read/__init__.py",
        "purge.py": "tools/write/__init__.py",
        "notebook.py": "channels/__init__.py",
    }
    assert RECIPES["queue-backlog.md"] == Recipe(
        "tests/recipes/queue-backlog.md",
        "runbooks/queue-backlog.md",
        package="runbooks/__init__.py",
    )


def test_s3_64_a_source_is_one_file_and_one_line(made: Made) -> None:
    house = made("heartbeat.py")
    body = house.root / "body.json"
    body.write_text(json.dumps({"job": "backup", "alive": False}))
    done = house.triagebot("parse", "heartbeat", str(body))
    assert done.returncode == 0, done.stderr
    (alert,) = json.loads(done.stdout)
    assert (alert["source"], alert["service"], alert["status"]) == ("heartbeat", "backup", "firing")
    body.write_text('{"job": 7}')
    done = house.triagebot("parse", "heartbeat", str(body))
    assert (done.returncode, done.stdout) == (2, "")
    assert "names its `job`" in done.stderr


def test_s3_64_a_read_tool_is_one_file_and_one_line(made: Made) -> None:
    house = made("queue_depth.py")
    assert said(house, "-c", LOOKS) == ["{'waiting': 12}", "None"]
    configured = house.triagebot("check", QUEUE_URL="http://127.0.0.1:9").stdout
    assert "tools configured: changes_recent, http_probe, job_run, queue_depth" in configured


def test_s3_64_an_action_is_one_file_and_one_line(made: Made) -> None:
    house = made("purge.py")
    assert said(house, "-c", ACTS) == [
        "cache_purge Empty the cache of shop 0",
        "True k1",
        "True None",
        "ToolError",
    ]
    rule = "rules: [{name: sre may, action: cache_purge, approvers: [person:operator]}]"
    house.root.joinpath("runbooks/policy.yaml").write_text(rule)
    checked = house.triagebot("check", CACHE_URL="http://127.0.0.1:9")
    assert checked.returncode == 0, checked.stdout
    assert "READ-ONLY" not in checked.stdout


def test_s3_64_a_channel_is_one_file_and_one_line_and_keeps_the_contract(made: Made) -> None:
    house = made("notebook.py")
    house.root.joinpath("tests/channels/test_notebook.py").write_text(CONTRACT)
    quiet = ("-q", "-p", "no:cacheprovider", "-p", "no:cov")
    told = said(house, "-m", "pytest", *quiet, "tests/channels/test_notebook.py")
    assert " passed" in told[-1]


def test_s3_64_a_runbook_is_one_file_and_no_line(made: Made) -> None:
    house = made("queue-backlog.md")
    lint = house.triagebot("runbook", "lint", "runbooks")
    assert (lint.returncode, lint.stdout) == (0, "runbooks: every runbook fits the tools\n")
    assert said(house, "-c", MATCHES) == ["queue-backlog"]


@pytest.mark.parametrize("name", [name for name in RECIPES if name.endswith(".py")])
def test_what_a_recipe_adds_is_as_the_linter_wants_it(made: Made, name: str) -> None:
    house, recipe = made(name), RECIPES[name]
    changed = (recipe.place, recipe.package)
    said(house, "-m", "ruff", "format", "--no-cache", "--check", *changed)
    said(house, "-m", "ruff", "check", "--no-cache", *changed)
