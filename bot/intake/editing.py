"""Editing a proposal (E-09): a form of what it would run, and a human's other arguments for it."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import cast

from pydantic import JsonValue

from bot.incident.assignments import assignments
from bot.incident.authority import Person
from bot.incident.commands import Command
from bot.incident.facts_run import StepChosen
from bot.incident.form import Form, filled_in
from bot.incident.form_fields import form_fields
from bot.incident.leaves import unfit_text
from bot.incident.model import Args
from bot.incident.policy import Refuse
from bot.incident.proposal import canonical
from bot.incident.reducer import State
from bot.incident.revision import PERSON, edit_id, edit_target
from bot.incident.steps import ProposeAction
from bot.incident.views import ProposalView
from bot.intake.decisions import Decisions
from bot.intake.person import Persons
from bot.intake.verdict import DIGEST_CHARS, Said, refusal_of, saw_another
from bot.intake.wording import how_to_renew, state_line
from bot.knowledge.fills import exact
from bot.knowledge.redact import redact, would_redact
from bot.knowledge.schema import misfits
from bot.ports import Clock, Draft, Log, Outcome, OutcomeKind, Refusal, Reply

REASON_CHARS = 1000
FAULTS_TOLD = 3
DEPTH_MAX = 16
OUT_OF_DATE = "That form is out of date. Open the proposal again before you edit it."
SchemaOf = Callable[[str], Mapping[str, JsonValue] | None]
"""Tool's name → the closed JSON schema of its arguments here; None when it is not open here."""


class Editing:
    """Turns other arguments into the wish for a next revision; the loop makes it, or says why."""

    def __init__(
        self,
        log: Log,
        persons: Persons,
        decisions: Decisions,
        clock: Clock,
        schema_of: SchemaOf,
    ) -> None:
        self._log = log
        self._persons = persons
        self._decisions = decisions
        self._clock = clock
        self._schema_of = schema_of

    async def form(self, reply: Reply) -> Form | Outcome:
        """Return the form of the revision that waits, or why this person gets none."""
        row = await self._decisions.find(reply.proposal)
        if isinstance(row, Outcome):
            return row
        state = await self._log.state(row.incident)
        view = state.incident.proposals.get(row.id)
        if view is None:
            return Outcome(f"There is no P-{row.id}.", "unknown", row.incident)
        refused = self._refused(state, view, replace(reply, revision=0, digest12=""))
        if refused is not None:
            return Outcome(refused[0], refused[1], row.incident, row.id)
        return self._form(view)

    async def typed(self, reply: Reply, command: Command) -> Outcome:
        """Edit by words: `edit P-7F3K name=value …`, for the revision that stands now."""
        said = await self.form(replace(reply, proposal=command.proposal))
        if isinstance(said, Outcome):
            return said
        args = filled_in(said, assignments(command.text))
        shown = replace(reply, proposal=said.proposal, revision=said.revision)
        return await self.edit(replace(shown, digest12=said.digest12, args=args))

    async def edit(self, reply: Reply) -> Outcome:
        """Record the wish for the next revision, with the arguments of the reply.

        Raises:
            UnreadableError: Who may edit cannot be looked up now (E-26).
            BusyError: The database is away.
        """
        row = await self._decisions.find(reply.proposal)
        if isinstance(row, Outcome):
            return row
        await self._persons.afresh()
        told: list[Outcome] = []

        def build(state: State) -> Draft | Refusal:
            made = self._build(state, row.id, reply)
            told[:] = [made[1]]
            return made[0]

        await self._log.record(row.incident, build)
        return told[0]

    def _build(self, state: State, identifier: str, reply: Reply) -> Said:
        view = state.incident.proposals.get(identifier)
        if view is None:
            text = f"There is no P-{identifier}."
            return Refusal(text), Outcome(text, "unknown", state.stream)
        refused = self._refused(state, view, reply)
        if refused is not None:
            text, kind = refused
            if self._persons.of(reply) is None:  # a stranger fills no log
                return Refusal(text), Outcome(text, kind, state.stream, identifier)
            return refusal_of(state, view, reply, text, kind)
        fault = _unfit(reply.args)
        args = {} if fault else cast("dict[str, JsonValue]", exact(dict(reply.args)))
        fault = fault or self._fault(state, view, args)
        if fault:
            return Refusal(fault), Outcome(fault, "unknown", state.stream, identifier)
        step = ProposeAction(
            tool=view.proposal.tool,
            args=args,
            reason=redact(reply.reason.strip()[:REASON_CHARS]).text,
            template=view.asked.template,
        )
        person = cast("Person", self._persons.of(reply))
        chosen = StepChosen(
            effect_id=edit_id(view, self._clock.token(4)), step=step, by=f"{PERSON}{person.name}"
        )
        text = (
            f"I prepare revision {view.proposal.revision + 1} of P-{identifier}, all of it read "
            "anew. Its card shows it then, or why not; approvals so far do not count for it."
        )
        return Draft(reply.actor, (chosen,)), Outcome(text, "done", state.stream, identifier)

    def _refused(
        self, state: State, view: ProposalView, reply: Reply
    ) -> tuple[str, OutcomeKind] | None:
        """Return why this person may not edit what they saw, or None."""
        person = self._persons.of(reply)
        if person is None:
            return self._persons.why_not(reply), "refused"
        if view.status != "pending":
            return f"Only what waits is edited: {state_line(view)}", "already"
        if saw_another(view, reply):
            return OUT_OF_DATE, "refused"
        if view.proposal.expires_at <= state.time(self._clock.now()):
            return f"P-{view.proposal.id} has expired. {how_to_renew(view)}", "refused"
        why = self._may_not(view, person, reply.channel)
        return (f"Not edited: {why}.", "refused") if why else None

    def _may_not(self, view: ProposalView, person: Person, channel: str) -> str:
        """Return why the person may not edit: they neither asked for it nor may decide it.

        Who may deny it may edit it: at any hour, and also their own work.
        """
        allowed = self._decisions.allowed(view, person, channel, "deny")
        return allowed.why.removesuffix(".") if isinstance(allowed, Refuse) else ""

    def _fault(self, state: State, view: ProposalView, args: dict[str, JsonValue]) -> str:
        """Return what is wrong with the arguments, as far as it can be told at once."""
        name = f"P-{view.proposal.id}"
        try:
            if canonical(args) == canonical(view.proposal.args):
                return f"These are the arguments {name} has already; nothing was changed."
        except ValueError as error:
            return f"Not edited: {error}."
        target = (view.proposal.id, view.proposal.revision)
        waiting = [pending for pending in state.run.queue if pending.outside]
        if any(edit_target(pending.chosen.effect_id) == target for pending in waiting):
            return f"Another edit of {name} is being prepared; look at it first."
        schema = self._schema_of(view.proposal.tool)
        if schema is None:
            return f"Not edited: {view.proposal.tool} is not configured here."
        faults = misfits(args, schema)[:FAULTS_TOLD]
        if faults:
            return f"Not edited: {'; '.join(faults)}."
        secret = would_redact(args)
        return f"Not edited: an argument looks like a secret ({secret})." if secret else ""

    def _form(self, view: ProposalView) -> Form:
        proposal = view.proposal
        return Form(
            proposal=proposal.id,
            revision=proposal.revision,
            digest12=view.asked.digest[:DIGEST_CHARS],
            incident=proposal.incident,
            title=proposal.title,
            target=proposal.target,
            tool=proposal.tool,
            args=proposal.args,
            fields=form_fields(self._schema_of(proposal.tool) or {}, proposal.args),
        )


def _unfit(args: Args) -> str:
    """Return why such arguments could never be approved; empty when they could."""
    level: list[JsonValue] = [dict(args)]
    for _ in range(DEPTH_MAX):
        groups = [one for one in level if isinstance(one, dict | list)]
        level = [
            inner
            for group in groups
            for inner in (group.values() if isinstance(group, dict) else group)
        ]
    if any(isinstance(one, dict | list) for one in level):
        return f"Not edited: the arguments nest deeper than {DEPTH_MAX} levels."
    unfit = unfit_text(dict(args))
    return f"Not edited: {unfit}." if unfit else ""
