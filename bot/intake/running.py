"""Verbs that steer: pause and resume, propose a silence or an undo, settle an unknown outcome."""

from collections.abc import Awaitable, Callable
from datetime import timedelta

from pydantic import JsonValue

from bot.errors import ForbiddenError, InputError
from bot.incident.commands import Command
from bot.incident.due import undo_step
from bot.incident.fact import HOUSE, Fact
from bot.incident.facts_action import ActionReconciled
from bot.incident.facts_house import BotPaused, BotResumed
from bot.incident.facts_run import InvestigationPaused, InvestigationResumed, StepChosen
from bot.incident.model import Alert
from bot.incident.policy import Refuse
from bot.incident.reducer import State
from bot.incident.renewal import renewed
from bot.incident.state import ASKED, UNDO, undo_target
from bot.incident.steps import ProposeAction
from bot.incident.views import ProposalView
from bot.intake.decisions import Decisions
from bot.intake.person import Persons
from bot.intake.wording import state_line
from bot.knowledge.redact import redact
from bot.ports import Clock, Draft, Log, Outcome, Refusal, Reply

SILENCE_MAX = timedelta(hours=24)
SEEN_CHARS = 10
"""An outcome nobody knows is settled by what somebody saw, and that takes a few words (E-14)."""
VOLATILE = frozenset({"severity", "prometheus", "monitor", "value"})
Steer = Callable[[State, str], Fact | str]


class Running:
    """What a human wants the bot to do next; every action still needs its own decision."""

    def __init__(self, log: Log, persons: Persons, decisions: Decisions, clock: Clock) -> None:
        self._log = log
        self._persons = persons
        self._decisions = decisions
        self._clock = clock

    def verbs(self) -> dict[str, Callable[[Reply, Command], Awaitable[Outcome]]]:
        """Return the verbs by word."""
        return {
            "pause": self.pause,
            "resume": self.resume,
            "silence": self.silence,
            "undo": self.undo,
            "renew": self.renew,
            "reconcile": self.reconcile,
        }

    async def pause(self, reply: Reply, command: Command) -> Outcome:
        """Pause one investigation, or the whole bot (admin)."""
        if not command.incident:
            return await self._switch(
                reply, BotPaused(by=self._persons.name_of(reply)), "The bot is paused."
            )

        def made(state: State, who: str) -> Fact | str:
            if state.run.paused_by:
                return f"It is paused already, by {state.run.paused_by}."
            return InvestigationPaused(by=who)

        return await self._steer(reply, command.incident, made, "The investigation is paused.")

    async def resume(self, reply: Reply, command: Command) -> Outcome:
        """Resume one investigation, or the whole bot (admin)."""
        if not command.incident:
            return await self._switch(
                reply, BotResumed(by=self._persons.name_of(reply)), "The bot goes on."
            )

        def made(state: State, who: str) -> Fact | str:
            if not state.run.paused_by:
                return "It is not paused."
            return InvestigationResumed(by=who)

        return await self._steer(reply, command.incident, made, "The investigation goes on.")

    async def silence(self, reply: Reply, command: Command) -> Outcome:
        """Propose to silence what fires in this incident; somebody decides on it."""
        if not timedelta(minutes=1) <= command.span <= SILENCE_MAX:
            raise InputError("a silence lasts between 1 minute and 24 hours")
        reason = redact(command.text[:400]).text

        def made(state: State, who: str) -> Fact | str:
            if state.incident.over:
                return "Nobody works on it any more; silence it in Alertmanager."
            matchers = _matchers(state.incident.firing)
            if not matchers:
                return "Nothing fires that could be silenced by a common label."
            args: dict[str, JsonValue] = {
                "matchers": matchers,
                "duration_s": int(command.span.total_seconds()),
                "comment": f"{state.incident.id}: {reason}",
            }
            step = ProposeAction(tool="alertmanager_silence", args=args, reason=reason)
            effect_id = f"{ASKED}{self._clock.token(6)}"
            return StepChosen(effect_id=effect_id, step=step, by=f"person:{who}")

        told = "I prepare a proposal to silence it; see the incident."
        return await self._steer(reply, command.incident, made, told)

    async def undo(self, reply: Reply, command: Command) -> Outcome:
        """Propose the inverse of an action that was done."""
        row = await self._decisions.find(command.proposal)
        if isinstance(row, Outcome):
            return row

        def made(state: State, who: str) -> Fact | str:
            view = state.incident.proposals.get(row.id)
            if view is None or view.status != "succeeded":
                return f"Only an action that succeeded can be undone; P-{row.id} is {row.status}."
            step = undo_step(view, f"undo of P-{row.id}, asked for by {who}")
            if step is None:
                return f"P-{row.id} is irreversible."
            if state.incident.status == "closed":
                return f"{state.incident.id} is closed; start an incident and do it from there."
            if _undo_runs(state, row.id):
                return "Its undo was proposed already."
            again = f"-{self._clock.token(4)}" if view.undo_requested else ""
            return StepChosen(effect_id=f"{UNDO}{row.id}{again}", step=step, by=f"person:{who}")

        return await self._steer(reply, row.incident, made, "I prepare the undo as a proposal.")

    async def renew(self, reply: Reply, command: Command) -> Outcome:
        """Propose again what nobody decided in time; everything it needs is read anew (E-13)."""
        row = await self._decisions.find(command.proposal)
        if isinstance(row, Outcome):
            return row

        def made(state: State, _who: str) -> Fact | str:
            view = state.incident.proposals.get(row.id)
            if view is None:
                return f"There is no P-{row.id}."
            return renewed(state, view, f"{ASKED}{self._clock.token(6)}")

        return await self._steer(reply, row.incident, made, "I propose it again; see the incident.")

    async def reconcile(self, reply: Reply, command: Command) -> Outcome:
        """Settle an unknown outcome by what a human saw; whoever may approve it may settle it."""
        row = await self._decisions.find(command.proposal)
        if isinstance(row, Outcome):
            return row
        seen = redact(command.text[:1000]).text.strip()
        await self._persons.afresh()

        def made(state: State, who: str) -> Fact | str:
            view = state.incident.proposals.get(row.id)
            if view is None or view.status != "unknown":
                return state_line(view) if view else f"There is no P-{row.id}."
            self._may_settle(view, reply)
            if len(seen) < SEEN_CHARS and seen not in _kept(state):
                return (
                    f"Say what you saw, in {SEEN_CHARS} characters or more, or name the evidence "
                    f"of {state.incident.id} that shows it."
                )
            return ActionReconciled(
                attempt=view.attempt,
                ok=command.value == "worked",
                by=f"person:{who}",
                evidence=seen,
            )

        return await self._steer(reply, row.incident, made, f"P-{row.id} is settled.")

    def _may_settle(self, view: ProposalView, reply: Reply) -> None:
        person = self._persons.of(reply)
        if person is None:
            raise ForbiddenError("only a known person may settle it")
        allowed = self._decisions.allowed(view, person, reply.channel, "settle")
        if isinstance(allowed, Refuse):
            raise ForbiddenError(f"not settled: {allowed.why}")

    async def _switch(self, reply: Reply, fact: Fact, told: str) -> Outcome:
        person = self._persons.of(reply)
        if person is None or not person.admin:
            return Outcome("Only an admin may pause or resume the whole bot.", "refused")
        await self._log.record(HOUSE, lambda _state: Draft(reply.actor, (fact,)))
        return Outcome(told, "done")

    async def _steer(self, reply: Reply, incident: str, made: Steer, told: str) -> Outcome:
        why: list[str] = []
        name = self._persons.name_of(reply)

        def build(state: State) -> Draft | Refusal:
            fact = made(state, name) if state.exists else f"There is no {incident}."
            if isinstance(fact, str):
                why.append(fact)
                return Refusal(fact)
            return Draft(reply.actor, (fact,))

        await self._log.record(incident, build)
        if why:
            return Outcome(why[0], "unknown", incident)
        return Outcome(f"{incident}: {told}", "done", incident)


def _kept(state: State) -> set[str]:
    """Return the ids of the evidence that this incident has."""
    found = {result.evidence for result in state.run.results}
    return (found | {view.evidence for view in state.incident.proposals.values()}) - {""}


def _undo_runs(state: State, identifier: str) -> bool:
    """True while an undo is being prepared or waits, and after it was done; one may fail."""
    if any(undo_target(item.chosen.effect_id) == identifier for item in state.run.queue):
        return True
    alive = {"pending", "approved", "executing", "unknown", "succeeded"}
    views = state.incident.proposals.values()
    return any(view.asked.undo_of == identifier and view.status in alive for view in views)


def _matchers(firing: list[Alert]) -> list[JsonValue]:
    """Return equal matchers for the labels that all firing alerts share, alertname first."""
    if not firing:
        return []
    shared = dict(firing[0].labels)
    for alert in firing[1:]:
        shared = {key: value for key, value in shared.items() if alert.labels.get(key) == value}
    names = sorted(set(shared) - VOLATILE, key=lambda name: (name != "alertname", name))[:8]
    return [
        {"name": name, "value": shared[name], "is_regex": False, "is_equal": True} for name in names
    ]
