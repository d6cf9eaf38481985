"""The verb about step-up: an admin takes a person's one-time codes away."""

from collections.abc import Awaitable, Callable

from bot.incident.commands import Command
from bot.intake.person import Persons
from bot.intake.proving import SURFACES
from bot.ports import Enrolment, Outcome, Reply


class Stepping:
    """Takes one-time codes away; setting them up is done on the page alone."""

    def __init__(self, persons: Persons, enrolment: Enrolment) -> None:
        self._persons = persons
        self._enrolment = enrolment

    def verbs(self) -> dict[str, Callable[[Reply, Command], Awaitable[Outcome]]]:
        """Return the verbs by word."""
        return {"stepup": self.reset}

    async def reset(self, reply: Reply, command: Command) -> Outcome:
        """Take a person's codes away (admin): for a lost phone, or a person who is gone."""
        admin = self._persons.of(reply)
        if admin is None or not admin.admin:
            return Outcome("Only an admin may take one-time codes away.", "refused")
        if reply.channel not in SURFACES:
            text = f"Not in chat. On the bot's machine, run: triagebot stepup reset {command.value}"
            return Outcome(text, "refused")
        if not await self._enrolment.take_away(command.value, reply.actor):
            return Outcome(f"{command.value} has set up no one-time codes.", "unknown")
        return Outcome(
            f"{command.value} has no one-time codes any more; new ones are set up on the page "
            "within ten minutes of signing in.",
            "done",
        )
