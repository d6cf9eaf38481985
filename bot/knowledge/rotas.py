"""What is wrong with a rota of `people.yaml`: names nobody has, and services served twice."""

from collections.abc import Iterator

from bot.incident.rota import Rota

Fault = tuple[tuple[str | int, ...], str]
"""The keys that lead from the rota to the fault's line, and the words for its author."""


def rota_faults(rota: Rota, earlier: tuple[Rota, ...], known: set[str]) -> Iterator[Fault]:
    """Yield what is wrong with `rota`; `earlier` stand before it, `known` are all persons."""
    for other in earlier:
        yield from _twice(rota, other)
    for place, level in enumerate(rota.levels):
        for name in level.persons:
            if name not in known:
                yield ("levels", place, "persons"), f"there is no person {name!r}; add them above"
    for place, override in enumerate(rota.overrides):
        where = ("overrides", place, "person")
        if override.person not in known:
            yield where, f"there is no person {override.person!r}; add them above"
        if override.level > len(rota.levels):
            yield where, f"it overrides level {override.level}, and there is none"


def _twice(rota: Rota, other: Rota) -> Iterator[Fault]:
    if other.name == rota.name:
        yield ("name",), "another rota has this name; rename one"
    for owner in rota.owned_by:
        if owner in other.owned_by:
            yield ("owners",), f"rota {other.name!r} serves what {owner} owns already"
    served = {name.casefold() for name in other.services}
    for service in rota.services:
        if service.casefold() in served:
            yield ("services",), f"rota {other.name!r} serves {service} already"
