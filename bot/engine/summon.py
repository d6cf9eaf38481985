"""Calls humans by name: turns a Call into the fact that says who was called, as of now."""

from bot.incident.call import Call
from bot.incident.fact import Fact
from bot.incident.facts_action import ProposalReminded
from bot.incident.facts_alerts import IncidentEscalated, QuestionReminded
from bot.incident.state import State
from bot.knowledge.roster import Roster
from bot.ports import Clock


class Summoner:
    """Looks names up and speaks to nobody: channels draw the fact, each once."""

    def __init__(self, roster: Roster, clock: Clock) -> None:
        self._roster = roster
        self._clock = clock

    def summon(self, state: State, call: Call) -> Fact:
        """Return the fact that this call becomes; it is written whether anybody was found or not.

        So a level is called once even when nobody is on it.
        """
        found = self._roster.callees(state, call, state.time(self._clock.now()))
        if call.level == 1 and call.kind == "proposal":
            return ProposalReminded(
                proposal=call.about, to=found.persons, quiet=found.quiet, last=found.last
            )
        if call.level == 1 and call.kind == "question":
            return QuestionReminded(
                id=call.about, to=found.persons, quiet=found.quiet, last=found.last
            )
        return IncidentEscalated(
            level=call.level,
            to=found.to,
            persons=found.persons,
            why=call.why,
            about=call.about,
            quiet=found.quiet,
            last=found.last,
        )
