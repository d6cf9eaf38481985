"""The agent's side reaches no action, and no secret of one (E-08, F-01)."""

import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import AsyncExitStack
from functools import partial
from pathlib import Path
from types import BuiltinFunctionType, FunctionType, MethodType, ModuleType
from typing import Literal

import pytest
import yaml
from pydantic import JsonValue

from bot.app.scope import scoped
from bot.app.toolset import needs, open_tools
from bot.engine.reads import Reader
from bot.engine.toolbox import OpenAction, Toolbox
from bot.errors import ConfigError
from bot.incident.briefing import brief
from bot.incident.model import Value
from bot.knowledge.planner import RunbookPlanner
from bot.shelf import Tool
from bot.store.store import Store
from tests.bot.engine.house import INC, World, open_house
from tests.bot.engine.making import JobArgs, closed
from tests.counting import security_events
from tests.fakes import FakeClock, open_store
from tests.tools.write.examples import TEXT
from tools.read import READ_TOOLS
from tools.write import ACTIONS
from tools.write.alertmanager import Silencing
from tools.write.jobs import Running

CANARY = "canary-of-an-action"
SECRETS = {
    "PROMETHEUS_URL": "http://prometheus.test",
    "PROMETHEUS_TOKEN": "a-token-to-look-with",
    "ALERTMANAGER_URL": "http://alertmanager.test",
    "ALERTMANAGER_READ_TOKEN": "another-token-to-look-with",
    "ALERTMANAGER_TOKEN": f"{CANARY}-1",
    "JOB_ROLLBACK_TOKEN": f"{CANARY}-2",
}
FILES: Mapping[str, JsonValue] = {"jobs.yaml": yaml.safe_load(TEXT)}


class Vault:
    """Where secrets are looked up; whoever holds the look-up holds them all."""

    def __init__(self) -> None:
        self.held = dict(SECRETS)

    def secret(self, name: str) -> str:
        return self.held.get(name, "")


secret = Vault().secret


async def opened(stack: AsyncExitStack, store: Store, clock: FakeClock) -> Toolbox:
    given = needs(lambda name: FILES.get(name, {}), secret, store.changes, clock)
    return await open_tools(stack, given, store.evidence, clock)


def parts(thing: object) -> Iterator[object]:
    """Yield what an object holds: its fields, items, bound self and closure; not its module."""
    match thing:
        case dict():
            yield from thing.keys()
            yield from thing.values()
        case list() | tuple() | set() | frozenset():
            yield from thing
        case MethodType():
            yield thing.__self__
            yield thing.__func__
        case FunctionType():
            for cell in thing.__closure__ or ():
                yield cell.cell_contents
            yield from thing.__defaults__ or ()
            yield from (thing.__kwdefaults__ or {}).values()
        case partial():
            yield from (thing.func, thing.args, thing.keywords)
        case _:
            yield from vars(thing).values() if hasattr(thing, "__dict__") else ()
            for kind in type(thing).__mro__:
                slots = vars(kind).get("__slots__", ())
                for name in (slots,) if isinstance(slots, str) else slots:
                    if hasattr(thing, name):
                        yield getattr(thing, name)


def reachable(roots: list[object], ports: tuple[object, ...]) -> dict[int, object]:
    """Return every object that the roots lead to, but not through the ports to the log."""
    found: dict[int, object] = {}
    stack = list(roots)
    while stack:
        thing = stack.pop()
        leaf = (ModuleType, BuiltinFunctionType, type, int, float, bool, bytes)
        if id(thing) in found or isinstance(thing, leaf) or any(thing is one for one in ports):
            continue
        found[id(thing)] = thing
        if not isinstance(thing, str):
            stack.extend(parts(thing))
    return found


async def test_e08_nothing_of_the_agents_side_leads_to_an_action_or_its_secret(
    tmp_path: Path,
) -> None:
    clock = FakeClock()
    async with AsyncExitStack() as stack, open_house(tmp_path, World()) as house:
        store = house.store
        box = await opened(stack, store, clock)
        await house.alarm()
        await house.drive(INC)
        reader = Reader(store.log, box.reading, clock)
        context = brief(await house.state(), box.menu.offers, 10)
        ports = (store.log, store.evidence, store.changes, clock)
        seen = reachable([box.reading, reader, RunbookPlanner(), context], ports).values()
        whole = reachable([box], ports).values()
    kinds = {type(thing) for thing in seen}
    texts = {thing for thing in seen if isinstance(thing, str)}
    assert not kinds & {OpenAction, Running, Silencing, Toolbox}
    assert not any(CANARY in text for text in texts)
    # The walk does see what is there: from the executor's side, all of it.
    assert any(SECRETS["PROMETHEUS_TOKEN"] in text for text in texts)
    assert {OpenAction, Running, Silencing} <= {type(thing) for thing in whole}
    assert any(isinstance(thing, str) and CANARY in thing for thing in whole)


def tool(kind: Literal["read", "action"], *names: str) -> Tool:
    return Tool(
        name="odd",
        kind=kind,
        version="1",
        description="",
        args=JobArgs,
        open=closed,
        secrets=names,
    )


@pytest.mark.parametrize(
    ("kind", "name", "why"),
    [
        ("read", "JOB_ROLLBACK_TOKEN", "which it does not declare"),
        ("read", "ALERTMANAGER_TOKEN", "the secret of an action"),
        ("read", "PATH", "which it does not declare"),
        ("read", "TRIAGE_SIGNING_KEY", "the bot's own"),
        ("read", "DATABASE_URL", "the bot's own"),
        ("action", "PROMETHEUS_TOKEN", "the secret of a read tool"),
        ("action", "ALERTMANAGER_READ_TOKEN", "the secret of a read tool"),
        ("action", "TRIAGE_OPERATOR_TOKEN", "the bot's own"),
    ],
)
async def test_e08_nobody_is_handed_a_secret_of_the_other_side(
    tmp_path: Path, kind: Literal["read", "action"], name: str, why: str
) -> None:
    before = security_events("secret_scope")
    async with open_store(tmp_path) as store:
        given = needs(lambda _: {}, secret, store.changes, FakeClock())
        asked = scoped(given, tool(kind, "QUEUE_URL"))
        with pytest.raises(ConfigError, match=why):
            asked.secret(name)
    assert security_events("secret_scope") == before + 1


async def test_e08_a_tool_is_handed_its_own(tmp_path: Path) -> None:
    async with open_store(tmp_path) as store:
        given = needs(lambda _: {}, secret, store.changes, FakeClock())
        looks = scoped(given, READ_TOOLS["prometheus_query"])
        acts = scoped(given, ACTIONS["job_run"])
        assert looks.secret("PROMETHEUS_TOKEN") == SECRETS["PROMETHEUS_TOKEN"]
        assert scoped(given, tool("read", "QUEUE_URL")).secret("QUEUE_URL") == ""
        assert acts.secret("JOB_ROLLBACK_TOKEN") == SECRETS["JOB_ROLLBACK_TOKEN"]


async def test_e08_a_job_that_takes_a_read_tools_secret_stops_the_start(tmp_path: Path) -> None:
    files: Mapping[str, JsonValue] = {
        "jobs.yaml": yaml.safe_load(TEXT.replace("JOB_ROLLBACK_TOKEN", "PROMETHEUS_TOKEN"))
    }
    async with AsyncExitStack() as stack, open_store(tmp_path) as store:
        given = needs(lambda name: files.get(name, {}), secret, store.changes, FakeClock())
        with pytest.raises(ConfigError, match="give job_run one of its own"):
            await open_tools(stack, given, store.evidence, FakeClock())


def test_e08_no_variable_is_a_secret_of_both_sides() -> None:
    def hidden(tools: Mapping[str, Tool]) -> set[str]:
        return {
            f"{one.settings.model_config.get('env_prefix', '')}{name}".upper()
            for one in tools.values()
            if one.settings is not None
            for name, field in one.settings.model_fields.items()
            if "Secret" in str(field.annotation)
        }

    assert hidden(READ_TOOLS) >= {"PROMETHEUS_TOKEN"}
    assert hidden(ACTIONS) >= {"ALERTMANAGER_TOKEN"}
    assert not hidden(READ_TOOLS) & hidden(ACTIONS)


def test_f01_what_a_step_model_is_made_of_can_act_on_nothing() -> None:
    """The import graph of everything on the agent's side: no action, no network, no channel."""
    code = (
        "import sys, bot.knowledge.planner, bot.incident.briefing, bot.incident.steps;"
        "print(sorted(name for name in sys.modules if name.split('.')[0] in "
        "{'tools', 'channels', 'httpx', 'sqlalchemy', 'procrastinate'}))"
    )
    told = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert told.stdout == "[]\n"


def test_f01_the_reading_side_imports_no_action() -> None:
    code = (
        "import sys, bot.engine.reads, bot.engine.choosing, tools.read;"
        "print(sorted(name for name in sys.modules if name.startswith("
        "('tools.write', 'bot.engine.execute', 'bot.engine.call', 'bot.engine.grant'))))"
    )
    told = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert told.stdout == "[]\n"


def test_f01_every_tool_on_the_reading_shelf_reads() -> None:
    assert {one.kind for one in READ_TOOLS.values()} == {"read"}
    assert {one.kind for one in ACTIONS.values()} == {"action"}
    assert not READ_TOOLS.keys() & ACTIONS.keys()
    assert all(issubclass(one.args, Value) for one in READ_TOOLS.values())
