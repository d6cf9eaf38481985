import asyncio
import json
from pathlib import Path

import pytest

from bot.engine.toolbox import (
    EVIDENCE_BYTES,
    OpenAction,
    OpenRead,
    Toolbox,
    compact,
    parse_args,
    version_of,
)
from bot.errors import RemoteError, ToolError
from bot.incident.model import Observation
from bot.shelf import ToolResult
from tests.bot.engine.making import (
    Acting,
    JobArgs,
    Looking,
    ProbeArgs,
    Shop,
    action_tool,
    opened_read,
    read_tool,
)
from tests.fakes import FakeClock, open_store

ODD = "a\ud800b\0c"


class Saying:
    """A read tool with a fixed answer."""

    def __init__(self, result: ToolResult) -> None:
        self.result = result

    async def run(self, args: ProbeArgs) -> ToolResult:
        return self.result


class Hanging:
    """A read tool that never answers."""

    async def run(self, args: ProbeArgs) -> ToolResult:
        await asyncio.Event().wait()
        return ToolResult("never")


async def kept(folder: Path, result: ToolResult) -> tuple[str, tuple[Observation, ...], bytes]:
    """Return the summary, the facts and the evidence that stay of a result."""
    async with open_store(folder) as store:
        reads = {"http_probe": opened_read(Saying(result))}
        looked = await Toolbox(reads, {}, store.evidence, FakeClock()).look(
            "http_probe", {"service": "checkout"}, "INC-1"
        )
        evidence = await store.evidence.get(looked.evidence)
    assert evidence is not None
    return looked.summary, looked.facts, evidence.body


async def test_a_result_is_kept_under_its_own_name(tmp_path: Path) -> None:
    summary, facts, body = await kept(
        tmp_path, ToolResult("fine", (Observation(name="up", value=1),), {"up": 1})
    )
    assert (summary, facts, body) == ("fine", (Observation(name="up", value=1),), b'{"up":1}')


async def test_f07_secrets_never_reach_the_thread_or_the_evidence(tmp_path: Path) -> None:
    token = "ghp_" + "a1B2c3D4e5F6" * 3
    said = f"token={token}"
    summary, facts, body = await kept(
        tmp_path, ToolResult(said, (Observation(name="env", value=said),), {"log": [said]})
    )
    assert token not in summary
    assert token not in str(facts)
    assert token.encode() not in body


async def test_odd_characters_and_numbers_become_storable(tmp_path: Path) -> None:
    facts = (
        Observation(name=ODD, value=ODD),
        Observation(name="ratio", value=float("nan")),
        Observation(name="limit", value=float("-inf")),
    )
    summary, seen, body = await kept(tmp_path, ToolResult(ODD, facts, {ODD: [ODD, float("inf")]}))
    assert summary == "a?bc"
    assert [(item.name, item.value) for item in seen] == [
        ("a?bc", "a?bc"),
        ("ratio", None),
        ("limit", None),
    ]
    assert json.loads(body) == {"a?bc": ["a?bc", None]}


async def test_a_huge_result_is_cut_and_says_so(tmp_path: Path) -> None:
    summary, _, body = await kept(tmp_path, ToolResult("x" * 9999, body="é" * EVIDENCE_BYTES))
    assert len(summary) == 400
    assert len(body) <= EVIDENCE_BYTES
    assert json.loads(body)["cut_at_bytes"] == EVIDENCE_BYTES


async def test_a_read_that_hangs_is_a_remote_error_that_may_be_retried(tmp_path: Path) -> None:
    async with open_store(tmp_path) as store:
        reads = {"http_probe": OpenRead(read_tool(timeout_s=0.01), Hanging())}
        box = Toolbox(reads, {}, store.evidence, FakeClock())
        with pytest.raises(RemoteError, match=r"no answer within 0\.01 s") as error:
            await box.look("http_probe", {}, "INC-1")
        assert error.value.retryable
        with pytest.raises(ToolError, match="not configured"):
            await box.look("rm", {}, "INC-1")
        with pytest.raises(ToolError, match=r"http_probe refuses its arguments: shell"):
            await box.look("http_probe", {"shell": "x"}, "INC-1")


def test_e08_reads_and_actions_are_offered_apart() -> None:
    shop = Shop()
    reads = {"http_probe": opened_read(Looking(shop))}
    actions = {"job_run": OpenAction(action_tool(), Acting(shop))}
    box = Toolbox(reads, actions, _no_evidence(), FakeClock())
    assert [(offer.name, offer.kind) for offer in box.menu.offers] == [
        ("evidence_read", "read"),
        ("http_probe", "read"),
        ("job_run", "action"),
    ]
    assert box.action("http_probe") is None
    only = Toolbox(reads, {}, _no_evidence(), FakeClock())
    assert box.digest != only.digest


def _no_evidence():
    from bot.ports import Evidence

    class Nowhere:
        async def put(self, evidence: Evidence) -> str:
            return evidence.id

        async def get(self, identifier: str) -> Evidence | None:
            return None

    return Nowhere()


def test_a_version_names_the_declaration_too() -> None:
    acting = Acting(Shop())
    found = OpenAction(action_tool(version="3"), acting)
    assert version_of(found, JobArgs(job="x")) == "3"
    acting.declaration = "ab"
    assert version_of(found, JobArgs(job="x")) == "3+ab"


def test_refused_arguments_name_the_first_three_faults() -> None:
    with pytest.raises(ToolError) as error:
        parse_args(action_tool(), {"a": 1, "b": 2, "c": 3, "d": 4})
    assert str(error.value).count(";") == 2


@pytest.mark.parametrize(
    ("error", "message", "retryable"),
    [
        (ToolError("no such job"), "no such job", False),
        (RemoteError("shop", "is\n away", 503), "shop: is away", True),
        (RemoteError("shop", "gone", 404), "shop: gone", False),
        (KeyError("x"), "KeyError: 'x'", False),
        (TimeoutError(), "TimeoutError: TimeoutError", False),
        (ToolError(ODD), "a?bc", False),
        (ToolError("y" * 999), "y" * 400, False),
    ],
)
def test_an_error_is_compacted_for_the_thread(
    error: Exception, message: str, retryable: bool
) -> None:
    short = compact("shop", error)
    assert (short.message, short.retryable) == (message, retryable)
