"""Who is called by name: the rota, who may decide, and whose quiet hours it is. Pure."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from bot.incident.authority import Person, Policy
from bot.incident.call import Call
from bot.incident.policy import Refuse, enabled, may_approve, may_approve_own
from bot.incident.state import State
from bot.incident.views import ProposalView
from bot.knowledge.case import case_of
from bot.knowledge.catalog import Catalogue
from bot.knowledge.operator_rule import stands_back
from bot.knowledge.people import People, is_quiet

IsQuiet = Callable[[Person, datetime], bool]
NOBODY = "nobody"


class Register(Protocol):
    """What of the library is asked here."""

    @property
    def catalogue(self) -> Catalogue:
        """The services."""
        ...

    @property
    def people(self) -> People:
        """The persons."""
        ...

    @property
    def policy(self) -> Policy:
        """The policy in force."""
        ...

    def owner(self, service: str) -> str:
        """Return the owner of a service; empty when unknown."""
        ...

    def on_call(self, service: str, at: datetime, level: int = 1) -> tuple[Person, ...]:
        """Return who is on call on a level; empty when nobody is."""
        ...


@dataclass(frozen=True, slots=True)
class Callees:
    """Whom a call names. `quiet` has quiet hours and is left in peace; `last`: nobody is above."""

    persons: tuple[str, ...] = ()
    quiet: tuple[str, ...] = ()
    to: str = NOBODY
    last: bool = False


class Roster:
    """Answers from what the team wrote down, as of a moment; it remembers nothing.

    Critical incidents ignore quiet hours (G-51).
    """

    def __init__(self, known: Register, quiet: IsQuiet = is_quiet) -> None:
        self._known = known
        self._is_quiet = quiet

    def approvers(self, state: State, view: ProposalView, at: datetime) -> Callees:
        """Return who is on call and may still decide on a proposal; nobody when nobody is both."""
        may = self._may_decide(view, at)
        first = self._known.on_call(view.proposal.service, at, 1)
        return self._callees(state, (one for one in first if one in may), at)

    def callees(self, state: State, call: Call, at: datetime) -> Callees:
        """Return whom a call names.

        Level 1 is who is on call: for a proposal those of them who may decide, else all who may.
        Level 2 without anybody on the rota is the owner's people, or else all who may decide; a
        level above that nobody is on has nobody. When nobody at all can be called, it is the last.
        """
        view = state.incident.proposals.get(call.about)
        service = view.proposal.service if view is not None else state.incident.service
        may = self._may_decide(view, at) if view is not None else ()
        found = list(self._known.on_call(service, at, call.level))
        if call.level == 1 and view is not None:
            found = [one for one in found if one in may] or list(may) or found
        rota = bool(found)
        if call.level == 2 and not found:
            found = list(self._owners(service) or may)
        found += [one for one in map(self._known.people.get, call.also) if one and one.active]
        if view is not None:
            decided = {made.person for _, made in view.decisions}
            found = [one for one in found if one.name not in decided]
        made = self._callees(state, found, at)
        above = self._is_above(service, call.level, at, rota=rota)
        return Callees(made.persons, made.quiet, made.to, last=not above)

    def _is_above(self, service: str, level: int, at: datetime, *, rota: bool) -> bool:
        """True when the next level has anybody; the owner's people stand in for a second one."""
        if self._known.on_call(service, at, level + 1):
            return True
        return level == 1 and (rota or bool(self._owners(service)))

    def _owners(self, service: str) -> tuple[Person, ...]:
        owner = self._known.owner(service)
        people = self._known.people.people
        return tuple(p for p in people if owner and p.active and owner in {p.name, *p.groups})

    def _may_decide(self, view: ProposalView, at: datetime) -> tuple[Person, ...]:
        """Return everybody whose approval would count and is not there yet, in file order."""
        case = case_of(view.proposal, self._known, at)
        rule = enabled(self._known.policy, case)
        if isinstance(rule, Refuse):
            return ()
        decided = {made.person for _, made in view.decisions}
        own = may_approve_own(rule, case)
        return tuple(
            one
            for one in self._known.people.people
            if one.active
            and one.name not in decided
            and (own or not case.wanted_by(one.name))
            and may_approve(rule, case, one)
            and not stands_back(one, self._known.policy, self._known)
        )

    def _callees(self, state: State, persons: Iterable[Person], at: datetime) -> Callees:
        found = {one.name: one for one in persons if one.active}
        rest = state.incident.severity == "critical"
        quiet = [name for name, one in found.items() if not rest and self._is_quiet(one, at)]
        awake = tuple(name for name in found if name not in quiet)
        return Callees(awake, tuple(quiet), ", ".join(awake) or NOBODY)
