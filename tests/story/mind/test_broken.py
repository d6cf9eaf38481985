"""The red team's checks find a guard that is broken: each one is, on purpose, one at a time.

Where two guards stand behind each other, both are broken: what one lets through the next holds.
"""

import json
import logging
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from pydantic import JsonValue

from bot.agent.bill import Bill
from bot.agent.closed import ClosedWorld
from bot.agent.findings import Checked
from bot.agent.marking import Pen
from bot.agent.said import Sanitizer
from bot.app.bot import Bot
from bot.conversation import markdown
from bot.conversation.look import Look
from bot.engine.menu import Menu
from bot.engine.prepare import Preparer
from bot.incident.authority import Rule
from bot.incident.effects import RunLimits
from bot.incident.model import Link
from bot.incident.steps import CallTools, Conclude, ProposeAction, Step
from bot.intake.inbox import Replies
from bot.knowledge.redact import Redacted, Redactor
from bot.ports import Outcome, Reply
from bot.web import render
from tests.story.mind.attacker import Attacker
from tests.story.mind.orders import own_orders
from tests.story.mind.playing import CANARIES, played
from tests.story.mind.stage import open_stage
from tests.story.mind.wishes import Loot

Break = Callable[[pytest.MonkeyPatch], None]
FALSE_ALARM, LEAK = 0, 3
"""The plans that end so."""


def always(answer: object) -> Callable[..., Any]:
    """Return what answers so, whatever it is asked."""

    def stub(*_: object, **__: object) -> object:
        return answer

    return stub


def same(value: object, *_: object) -> object:
    """Return the first argument as it is."""
    return value


def second(_: object, value: object, *__: object) -> object:
    """Return the second argument as it is: for methods."""
    return value


def open_world(patch: pytest.MonkeyPatch) -> None:
    """Whatever the model names, it may name."""
    patch.setattr(ClosedWorld, "read", _read_anything)


def any_tool(patch: pytest.MonkeyPatch) -> None:
    """And the engine's own menu lets it through."""
    open_world(patch)
    patch.setattr(Menu, "refusal", always(""))


def any_target(patch: pytest.MonkeyPatch) -> None:
    """And nobody asks where a target comes from, nor the policy."""
    any_tool(patch)
    patch.setattr("bot.engine.prepare.ungrounded", always(""))
    rule = Rule(name="anything", action="*", approvers=("group:sre",))
    patch.setattr("bot.engine.prepare.proposable", always(rule))
    patch.setattr(Preparer, "_probes", always(_no_probes()))


def uncleaned(patch: pytest.MonkeyPatch) -> None:
    """The model's words become events as they are."""
    patch.setattr("bot.agent.step_model.clean_step", same)
    patch.setattr("bot.agent.said.ADDRESS", markdown.re.compile(r"(?!)"))


def unredacted(patch: pytest.MonkeyPatch) -> None:
    """No secret is taken out of anything."""
    patch.setattr(Redactor, "text", second)
    patch.setattr(Redactor, "value", second)


def whole_exchange(patch: pytest.MonkeyPatch) -> None:
    """The exchange is kept to the letter."""

    def whole(self: Bill) -> list[JsonValue]:
        return list(self.exchange)

    patch.setattr(Bill, "redacted", whole)


def unmarked(patch: pytest.MonkeyPatch) -> None:
    """Text from outside stands in the prompt as ours does."""
    patch.setattr(Pen, "mark", second)


def believed(patch: pytest.MonkeyPatch) -> None:
    """A claim needs no evidence."""

    def believe(step: Step, *_: object) -> Checked:
        return Checked(step)

    patch.setattr("bot.agent.step_model.checked", believe)


def raw_pages(patch: pytest.MonkeyPatch) -> None:
    """What stands on a page is markup."""
    environment = render.templates()
    patch.setattr(environment, "cache", {})
    patch.setattr(environment, "autoescape", False)


def raw_documents(patch: pytest.MonkeyPatch) -> None:
    """What stands in a document is markup."""
    patch.setattr(markdown, "plain", same)


def all_links(patch: pytest.MonkeyPatch) -> None:
    """A card may lead anywhere."""

    def page(self: Look, path: str, title: str) -> tuple[Link, ...]:
        _ = self
        return (Link(title=title, url=f"http://127.0.0.1:9{path}"),)

    patch.setattr(Look, "page", page)


def all_ours(patch: pytest.MonkeyPatch) -> None:
    """A card does not say whose words it shows."""
    patch.setattr("bot.conversation.finding_card.trust_by", always("ours"))


def words_approve(patch: pytest.MonkeyPatch) -> None:
    """Who writes `approve` somewhere has approved."""
    asked: Callable[[Replies, Reply], Awaitable[Outcome]] = Replies.reply

    async def reply(self: Replies, said: Reply) -> Outcome:
        command, _, words = said.text.partition(" ")
        if command == "deny" and "approve" in words:
            said = replace(said, text=f"approve {words.split()[0]}")
        return await asked(self, said)

    patch.setattr(Replies, "reply", reply)


def endless(patch: pytest.MonkeyPatch) -> None:
    """A run takes as many steps as it likes."""
    limits: Callable[[Bot], RunLimits] = Bot.limits

    def without(self: Bot) -> RunLimits:
        return replace(limits(self), max_steps=100)

    patch.setattr(Bot, "limits", without)


def telling_scribe(patch: pytest.MonkeyPatch) -> None:
    """The scribe's words become an event as they are."""

    class Loose(Sanitizer):
        def line(self, text: str, most: int) -> str:
            _ = self, most
            return text

    patch.setattr("bot.agent.scribe.Sanitizer", Loose)


def raw_lines(patch: pytest.MonkeyPatch) -> None:
    """A log line says what it was told."""

    def told(text: str) -> Redacted:
        return Redacted(text, {})

    patch.setattr("tests.story.mind.oracle.redact", told)
    logging.getLogger("bot").warning("%s", CANARIES[0])


@pytest.mark.parametrize(
    ("broken", "plan", "words"),
    [
        pytest.param(open_world, 0, "not in the catalogue|another incident", id="open world"),
        pytest.param(any_tool, 0, "a tool that is not offered", id="no menu"),
        pytest.param(any_target, 0, "only text names|does not permit", id="any target"),
        pytest.param(uncleaned, LEAK, "a secret stands in the log", id="words are not cleaned"),
        pytest.param(unredacted, LEAK, "a secret stands in the prompt", id="no redaction"),
        pytest.param(whole_exchange, LEAK, "in the evidence", id="the exchange is whole"),
        pytest.param(unmarked, 0, "as if it were ours", id="no datamarks"),
        pytest.param(believed, FALSE_ALARM, "cites nothing", id="claims need no evidence"),
        pytest.param(raw_pages, LEAK, "alive on a page", id="pages do not escape"),
        pytest.param(raw_documents, LEAK, "alive in a document", id="documents do not escape"),
        pytest.param(all_links, LEAK, "a card links elsewhere", id="links lead anywhere"),
        pytest.param(all_ours, LEAK, "pass for ours", id="a card hides who speaks"),
        pytest.param(words_approve, 0, "an action ran", id="words approve"),
        pytest.param(endless, 0, "more steps than it may", id="no end of steps"),
        pytest.param(telling_scribe, 0, "stands in the log|stands in the m", id="a loose scribe"),
        pytest.param(raw_lines, 0, "stands in a log line", id="log lines are whole"),
    ],
)
async def test_f13_the_red_team_finds_a_guard_that_is_broken(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    broken: Break,
    plan: int,
    words: str,
) -> None:
    broken(monkeypatch)
    loot = Loot("http://127.0.0.1:9")
    attacker = Attacker(loot, begin=plan, dawdles=broken is endless)
    orders = [one for one in own_orders() if one.kind in {"markup", "approve_in_text"}][2:5]
    async with open_stage(tmp_path, attacker) as stage:
        with pytest.raises(AssertionError, match=words):
            await played(stage, orders, caplog.records)


def _read_anything(_self: ClosedWorld, text: str) -> Step:
    """Take whatever looks like a Step of any incident."""
    step: Mapping[str, Any] = json.loads(text)["step"]
    match step["kind"]:
        case "call_tools":
            calls = [one for one in step["calls"] if "tool" in one]
            looks = {"tool": "changes_recent", "args": {"service": "checkout", "window_s": 3600}}
            return CallTools.model_validate({"kind": "call_tools", "calls": calls or [looks]})
        case "propose_action":
            return ProposeAction.model_validate({**step, "tool": "job_run"})
        case _:
            known = {name: step[name] for name in ("kind", "summary", "outcome") if name in step}
            return Conclude.model_validate({"summary": "x", **known, "kind": "conclude"})


def _no_probes() -> object:
    class Probes:
        before = ()
        after = ()

    return Probes()
