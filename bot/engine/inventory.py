"""The names that exist, of what this incident is about: what is nearest first, and not many."""

from collections.abc import Iterable, Iterator, Sequence

from pydantic import JsonValue

from bot.incident.model import Change, Runbook, Service
from bot.knowledge.catalog import Catalogue
from bot.knowledge.fills import wanted
from bot.ports import Library

MOST = 50
"""Names of each kind; more would make the schema of a Step large."""
NAME_CHARS = 100


def inventory(
    library: Library, service: Service | None, runbook: Runbook | None, changes: Sequence[Change]
) -> dict[str, tuple[str, ...]]:
    """Return the names by kind: `services`, `versions`, `probes`, `jobs`, and `deployments`.

    The incident's own service comes first, then what it needs, what needs it, what its runbook
    names, and the rest in the catalogue's order; services that the operator's allow-list leaves
    out do not exist. `deployments` is there only where the catalogue names some.
    """
    allow = library.routes.allow
    near = [one for one in _near(library.catalogue, service, runbook) if allow.lets_name(one.name)]
    others = [one for one in library.catalogue.services if allow.lets_name(one.name)]
    versions = [item for change in changes for item in (change.version, change.previous)]
    made = {
        "services": _names(one.name for one in (*near, *others)),
        "versions": _names(versions),
        "probes": _names(probe for one in (*near, *others) for probe in one.probes),
        "jobs": _names(library.job_names),
    }
    deployments = _names(label["deployment"] for one in near for label in _labelled(one))
    return made | ({"deployments": deployments} if deployments else {})


def _near(
    catalogue: Catalogue, service: Service | None, runbook: Runbook | None
) -> Iterator[Service]:
    if service is not None:
        yield service
        for name in service.dependencies:
            if (needed := catalogue.get(name)) is not None:
                yield needed
        yield from (one for one in catalogue.services if service.name in one.dependencies)
    for action in runbook.actions if runbook is not None else ():
        for text in _texts(dict(action.args)):
            if (named := catalogue.get(text)) is not None:
                yield named


def _labelled(service: Service) -> Iterator[dict[str, str]]:
    return (label for label in service.match if "deployment" in label)


def _texts(value: JsonValue) -> Iterator[str]:
    """Yield the texts a runbook wrote out, not those it fills in."""
    match value:
        case str() if not wanted(value):
            yield value
        case dict():
            for inner in value.values():
                yield from _texts(inner)
        case _:
            return


def _names(found: Iterable[str]) -> tuple[str, ...]:
    fit = (name for name in found if name and len(name) <= NAME_CHARS and name.isprintable())
    return tuple(dict.fromkeys(fit))[:MOST]
