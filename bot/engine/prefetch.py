"""Loads what is known without asking anybody: service, changes, runbook, similar, route."""

from collections.abc import Iterable
from datetime import timedelta

from bot.agent.router import route
from bot.engine.inventory import inventory
from bot.incident.facts_run import ContextLoaded
from bot.incident.model import Runbook, Service
from bot.incident.state import State
from bot.knowledge import match
from bot.ports import Changes, Clock, Incidents, Library

TEXT_CHARS = 8000
"""How much of a runbook's text the log keeps; front matter is kept whole."""


class Prefetcher:
    """Reads the library and the local database only, so the card never waits for the network."""

    def __init__(
        self,
        library: Library,
        changes: Changes,
        incidents: Incidents,
        clock: Clock,
        window_s: float,
    ) -> None:
        self._library = library
        self._changes = changes
        self._incidents = incidents
        self._clock = clock
        self._window = timedelta(seconds=window_s)

    async def load(self, state: State) -> ContextLoaded:
        """Return the context of this incident as of now; what is missing is said in words."""
        view = state.incident
        alerts = [line.alert for line in view.alerts.values()]
        catalogue = self._library.catalogue
        service = catalogue.get(view.service) or catalogue.service_of_all(alerts)
        runbook, why = match.choose_runbook(self._library.runbooks, alerts, service)
        name = service.name if service else view.service
        opened_at = view.opened_at or self._clock.now()
        since = opened_at - self._window
        changes = await self._changes.recent(name, since) if name else []
        similar = await self._incidents.similar(view.title, name, view.id)
        routed = route(self._library.routes, alerts, service, changes, opened_at)
        return ContextLoaded(
            service=service,
            changes=tuple(changes),
            runbook=_shortened(runbook),
            similar=tuple(similar),
            inventory=inventory(self._library, service, runbook, changes),
            runbook_why=why,
            missing=tuple(_missing(service, view.service, runbook)),
            revision=self._library.revision,
            specialist=routed.specialist,
            specialist_why=routed.why,
            tools=routed.tools,
            max_steps=routed.max_steps,
        )


def _shortened(runbook: Runbook | None) -> Runbook | None:
    if runbook is None or len(runbook.text) <= TEXT_CHARS:
        return runbook
    return runbook.model_copy(update={"text": runbook.text[:TEXT_CHARS] + "\n… (cut)"})


def _missing(service: Service | None, hint: str, runbook: Runbook | None) -> Iterable[str]:
    if service is None:
        yield f"no service {hint!r} in services.yaml" if hint else "the alert names no service"
    elif not service.owner:
        yield f"no owner of {service.name} in services.yaml"
    if runbook is None:
        yield "no runbook matches"
