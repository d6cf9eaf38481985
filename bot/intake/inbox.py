"""The one way in for what humans say: a Reply from any channel becomes facts and an Outcome."""

import logging
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import replace
from typing import Protocol

from bot.errors import (
    BusyError,
    ForbiddenError,
    InputError,
    StaleThreadError,
    UnreadableError,
)
from bot.incident.commands import BY_NAME, Command, help_text, parse
from bot.incident.form import Form
from bot.intake.decisions import Decisions
from bot.intake.editing import Editing
from bot.intake.payload import clean_text
from bot.intake.person import Persons
from bot.ports import Outcome, Reply

log = logging.getLogger(__name__)
ANYBODY = frozenset({"help", "whoami", "link"})
"""What a stranger may say too."""
Verb = Callable[[Reply, Command], Awaitable[Outcome]]


class Speaker(Protocol):
    """Knows some words of the grammar."""

    def verbs(self) -> Mapping[str, Verb]:
        """Return what is done for each word."""
        ...


class Replies:
    """Implements ports.Inbox: routes a reply by its intent, and a command by its word.

    Each speaker brings words of its own; of two that know the same word the later one has it.
    """

    def __init__(
        self, persons: Persons, decisions: Decisions, editing: Editing, *speakers: Speaker
    ) -> None:
        self._persons = persons
        self._decisions = decisions
        self._editing = editing
        self._verbs: dict[str, Verb] = {
            "approve": self._approve,
            "deny": self._deny,
            "edit": editing.typed,
            "help": self._help,
        }
        for speaker in speakers:
            self._verbs.update(speaker.verbs())

    async def reply(self, reply: Reply) -> Outcome:
        """Do what the human said, if they may. What a human can cause never raises."""
        try:
            return await self._route(_cleaned(reply))
        except ForbiddenError as error:
            return Outcome(str(error), "refused")
        except InputError as error:
            return Outcome(str(error), "unknown")
        except (BusyError, StaleThreadError, UnreadableError) as error:
            return Outcome(f"Not done: {error}. Try again in a moment.", "busy")

    async def form(self, reply: Reply) -> Form | Outcome:
        """Return the form to edit the reply's proposal with; an Outcome says why there is none."""
        try:
            return await self._editing.form(_cleaned(reply))
        except (BusyError, UnreadableError) as error:
            return Outcome(f"Not done: {error}. Try again in a moment.", "busy")

    async def _route(self, reply: Reply) -> Outcome:
        match reply.intent:
            case "decide":
                return await self._decisions.decide(reply)
            case "command":
                return await self._command(reply)
            case "answer":
                return await self._known(reply, Command("answer", reply.incident, text=reply.text))
            case "message":
                return await self._known(reply, Command("note", reply.incident, text=reply.text))
            case "ask":
                return await self._known(reply, Command("ask", reply.incident, text=reply.text))
            case "edit":
                return await self._editing.edit(reply)

    async def _command(self, reply: Reply) -> Outcome:
        return await self._known(reply, parse(reply.text))

    async def _known(self, reply: Reply, command: Command) -> Outcome:
        await self._persons.links_afresh()
        if command.word not in ANYBODY and self._persons.of(reply) is None:
            if command.word in {"approve", "deny"}:
                return await self._verbs[command.word](reply, command)
            return Outcome(self._persons.why_not(reply), "refused")
        verb = self._verbs.get(command.word)
        if verb is None:
            word = BY_NAME[command.word]
            return Outcome(f"{word.usage.split()[0]}: {word.later}.", "refused", command.incident)
        return await verb(reply, command)

    async def _approve(self, reply: Reply, command: Command) -> Outcome:
        return await self._decisions.decide(_as_decision(reply, command, "approve"))

    async def _deny(self, reply: Reply, command: Command) -> Outcome:
        return await self._decisions.decide(_as_decision(reply, command, "deny"))

    async def _help(self, _reply: Reply, _command: Command) -> Outcome:
        return Outcome(help_text(), "done")


def _cleaned(reply: Reply) -> Reply:
    """Return the reply with text that the log can hold, whatever the surface let through."""
    return replace(
        reply,
        actor=clean_text(reply.actor),
        incident=clean_text(reply.incident),
        proposal=clean_text(reply.proposal),
        question=clean_text(reply.question),
        payload_digest=clean_text(reply.payload_digest),
        reason=clean_text(reply.reason),
        text=clean_text(reply.text),
    )


def _as_decision(reply: Reply, command: Command, verdict: str) -> Reply:
    return replace(
        reply,
        intent="decide",
        proposal=command.proposal,
        verdict=verdict,
        reason=command.text,
        digest12=command.value,
    )
