"""Everything people, the world and death can do to an approval, in any order (hypothesis)."""

import asyncio
from collections.abc import Coroutine
from typing import Any, Literal

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from bot.incident.facts_action import DecisionMade, DecisionRefused
from bot.incident.views import ProposalView
from bot.ports import Reply
from tests.bot.engine.house import INC
from tests.bot.store.derived import derived
from tests.story.trust.moves import (
    BY,
    DEATHS,
    EDITOR,
    FORGED,
    INTERRUPTIONS,
    JOB,
    MEANWHILE,
    VERSION,
    WHICH,
    Death,
    Forgery,
    Meanwhile,
)
from tests.story.trust.oracle import violations
from tests.story.trust.scene import ACTORS, MEMBERS, PERSON_OF, Interruption, Scene


class Core(RuleBasedStateMachine):
    """What everybody wants, and clicks that no card sends, with all that may come between."""

    def __init__(self) -> None:
        super().__init__()
        self.runner = asyncio.Runner()
        self.scene = Scene()
        self.last: Reply | None = None
        self.checked = 0

    def run(self, work: Coroutine[Any, Any, object]) -> None:
        """Let the event loop do the work."""
        self.runner.run(work)

    @initialize()
    def fires(self) -> None:
        """An alert opens the incident; the planner looks, and proposes a rollback."""

        async def first() -> None:
            await self.scene.begin()
            assert await self.scene.house.alarm() == INC
            await self.scene.drive()

        self.run(first())

    @rule(
        job=JOB,
        version=VERSION,
        by=BY,
        editor=EDITOR,
        meanwhile=MEANWHILE,
        interruption=INTERRUPTIONS,
        dies=st.sampled_from(DEATHS),
    )
    def all_want_it(  # noqa: PLR0913 - every one is drawn by itself
        self, *, job: str, version: str, by: str, editor: str,
        meanwhile: Meanwhile, interruption: Interruption | None, dies: Death,
    ) -> None:  # fmt: skip
        """An alert, an action, perhaps an edit, all approve; anything may happen meanwhile."""
        self.run(self._all_want_it(job, version, by, editor))
        self.run(self._meanwhile(meanwhile))
        self.scene.dies = dies
        self.run(self.scene.drive(interruption))

    @rule(
        which=WHICH,
        actor=st.sampled_from(ACTORS),
        how=st.sampled_from(
            ["digest", "short digest", "revision", "stranger", "tenant", "name", "nobody",
             "other card"]
        ),
    )  # fmt: skip
    def forges(self, which: int, actor: str, how: Forgery) -> None:
        """A click that no card of ours sends: it decides nothing, and the attempt is kept."""
        self.run(self._forges(which, actor, how))

    @invariant()
    def nothing_ran_that_should_not(self) -> None:
        """Ask the oracle, whenever something new was started or called."""
        calls = len(self.scene.known.calls) + len(self.scene.known.granted)
        if calls != self.checked:
            self.checked = calls
            self.run(self._check())

    def teardown(self) -> None:
        """Ask the oracle a last time, and make every list anew from the log."""
        try:
            self.run(self._last_check())
        finally:
            self.run(self.scene.end())
            self.runner.close()

    async def _view(self, which: int) -> ProposalView | None:
        views = await self.scene.views()
        views = [view for view in views if view.status == "pending"] or views
        return views[which % len(views)] if views else None

    async def _decides(self, which: int, actor: str, verdict: str) -> None:
        view = await self._view(which)
        if view is not None:
            self.last = await self.scene.click(view, actor, verdict)
            await self.scene.house.replies.reply(self.last)

    async def _all_want_it(self, job: str, version: str, by: str, editor: str) -> None:
        self.scene.world.paused = False
        self.scene.set_members(set(MEMBERS))
        self._people_file(readable=True)
        await self._alerts("firing")
        await self.scene.propose(job, version, by)
        await self.scene.drive()
        if editor:
            await self._edits(-1, editor, "v40" if version == "v41" else "v41")
            await self.scene.drive()
        for view in await self.scene.views("pending"):
            for actor in ("web:dana", "web:eve", "web:bob"):
                await self.scene.house.replies.reply(await self.scene.click(view, actor, "approve"))

    def _people_file(self, *, readable: bool) -> None:
        self.scene.world.team.unreadable = "" if readable else "people.yaml: bad indentation"

    async def _meanwhile(self, what: Meanwhile) -> None:
        scene = self.scene
        match what:
            case "people":
                scene.set_members({"bob"})
            case "job":
                scene.redeclare()
            case "deploy":
                scene.shop.version = "v44"
            case "pause":
                scene.world.paused = True
            case "resolve":
                await self._alerts("resolved")
            case "die":
                await scene.begin()
            case "long" | "longer":
                scene.world.clock.advance(599 if what == "long" else 601)
            case "away":
                self._people_file(readable=False)
            case "":
                pass

    async def _forges(self, which: int, actor: str, how: Forgery) -> None:
        if not await self.scene.views("pending"):
            await self._alerts("firing")
            await self.scene.propose("rollback", "v41", "")
            await self.scene.drive()
        view = await self._view(which)
        if view is None:
            return
        digest = view.asked.digest[:12]
        forged: dict[str, dict[str, object]] = {
            "digest": {"digest12": digest[:-1] + "10"[digest[-1] == "1"]},
            "short digest": {"digest12": digest[:6]},
            "revision": {"revision": view.proposal.revision + 1},
            "other card": {"digest12": "0123456789ab"},
        }
        speaker = {**FORGED, "nobody": "web:mallory"}.get(how, actor)
        reply = await self.scene.click(view, speaker, "approve", **forged.get(how, {}))
        before = await self.scene.house.events()
        outcome = await self.scene.house.replies.reply(reply)
        new = (await self.scene.house.events())[len(before) :]
        assert not [e for e in new if isinstance(e.body, DecisionMade)], f"{how} was believed"
        decided = {made.person for _, made in view.decisions if made.verdict == "approve"}
        if outcome.kind == "already" and PERSON_OF.get(speaker) in decided:
            return  # they had decided so: nothing is told twice (E-11)
        (refused,) = (e.body for e in new if isinstance(e.body, DecisionRefused))
        assert refused.actor == speaker
        assert refused.why

    async def _again(self) -> None:
        if self.last is None:
            return
        before = await self.scene.house.events()
        await self.scene.house.replies.reply(self.last)
        await self.scene.house.replies.reply(self.last)
        new = (await self.scene.house.events())[len(before) :]
        made = [e.body for e in new if isinstance(e.body, DecisionMade)]
        assert len(made) <= 1, "one click decided twice (E-11)"

    async def _edits(self, which: int, actor: str, version: str) -> None:
        view = await self._view(which)
        if view:
            await self.scene.edit(view, actor, version)

    async def _settles(self, actor: str, saw: str) -> None:
        for view in await self.scene.views("unknown"):
            words = f"reconcile P-{view.proposal.id} {saw} I looked at the shop"
            await self.scene.house.say(words, actor)

    async def _alerts(self, status: Literal["firing", "resolved"]) -> None:
        self.scene.world.clock.advance(1)
        assert await self.scene.house.alarm(status) == INC

    async def _check(self) -> None:
        assert not (found := violations(await self.scene.house.events(), self.scene.known)), found

    async def _last_check(self) -> None:
        await self._check()
        live = await derived(store := self.scene.house.store)
        await store.rebuild()
        assert await derived(store) == live
        assert await store.verify() == []


class Approvals(Core):
    """One incident; every rule leaves it in a state that the oracle finds nothing wrong with."""

    @rule(job=JOB, version=VERSION, by=BY)
    def proposes(self, job: str, version: str, by: str) -> None:
        """Somebody, or the bot, wants an action."""
        self.run(self.scene.propose(job, version, by))
        self.run(self.scene.drive())

    @rule(interruption=INTERRUPTIONS)
    def drives(self, interruption: Interruption | None) -> None:
        """The loop runs, and something may happen at one of its writes."""
        self.run(self.scene.drive(interruption))

    @rule(which=WHICH, actor=st.sampled_from(ACTORS), deny=st.integers(0, 5), drive=st.booleans())
    def decides(self, which: int, actor: str, deny: int, *, drive: bool) -> None:
        """A person presses a button on some card, be it old."""
        self.run(self._decides(which, actor, "approve" if deny else "deny"))
        if drive:
            self.run(self.scene.drive())

    @precondition(lambda self: self.last is not None)
    @rule()
    def clicks_twice(self) -> None:
        """The last click comes again: nothing is decided anew."""
        self.run(self._again())

    @rule(which=WHICH, actor=st.sampled_from(ACTORS), version=VERSION)
    def edits(self, which: int, actor: str, version: str) -> None:
        """A person changes the arguments of what waits; where this version can."""
        self.run(self._edits(which, actor, version))
        self.run(self.scene.drive())

    @rule(seconds=st.sampled_from([1, 20, 40, 301, 901]))
    def time_passes(self, seconds: int) -> None:
        """Grants, approvals and proposals run out."""
        self.scene.world.clock.advance(seconds)

    @rule(status=st.sampled_from(["firing", "firing", "resolved"]), drive=st.booleans())
    def alert(self, status: Literal["firing", "resolved"], *, drive: bool) -> None:
        """The alert resolves, or fires again."""
        self.run(self._alerts(status))
        if drive:
            self.run(self.scene.drive())

    @rule(paused=st.sampled_from([False, False, False, True]))
    def kill_switch(self, *, paused: bool) -> None:
        """Somebody pauses or resumes the bot."""
        self.scene.world.paused = paused

    @rule(names=st.sets(st.sampled_from(MEMBERS), min_size=1))
    def people_change(self, names: set[str]) -> None:
        """Approvers are taken out of people.yaml, and put back."""
        self.scene.set_members(names)

    @rule(readable=st.sampled_from([True, True, False]))
    def people_file(self, *, readable: bool) -> None:
        """Who may decide cannot be looked up, or can be again (E-26)."""
        self._people_file(readable=readable)

    @rule(what=st.sampled_from(["job", "deploy", "worse", "better", "silent"]))
    def world_changes(self, what: str) -> None:
        """Somebody edits the job, deploys by hand, breaks the shop, or it tells nothing."""
        if what == "job":
            self.scene.redeclare()
        if what == "deploy":
            self.scene.shop.version = "v44" if self.scene.shop.version != "v44" else "v42"
        if what in {"worse", "better"}:
            self.scene.shop.worse = what == "worse"
        self.scene.shop.tells ^= what == "silent"

    @rule(actor=st.sampled_from(ACTORS), saw=st.sampled_from(["worked", "failed"]))
    def settles(self, actor: str, saw: str) -> None:
        """A person says what became of a call that nobody knows the end of."""
        self.run(self._settles(actor, saw))

    @rule()
    def dies(self) -> None:
        """The process is killed while it does nothing, and started again."""
        self.run(self.scene.begin())
