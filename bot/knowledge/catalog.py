"""`services.yaml` as a Catalogue: which services there are, and to which one an alert belongs."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field

from pydantic import Field

from bot.errors import ConfigError
from bot.incident.model import Alert, Service, Value
from bot.knowledge import document

FILE = "services.yaml"


class ServicesFile(Value):
    """The shape of `services.yaml`."""

    services: tuple[Service, ...] = Field(default=())


@dataclass(frozen=True)
class Catalogue:
    """Every service in file order. Names are unique and compared without case."""

    services: tuple[Service, ...] = ()
    _by_name: dict[str, Service] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        names = {service.name.casefold(): service for service in self.services}
        object.__setattr__(self, "_by_name", names)

    def get(self, name: str) -> Service | None:
        """Return the service of that name, or None."""
        return self._by_name.get(name.strip().casefold())

    def service_of(self, alert: Alert) -> Service | None:
        """Return the service the alert belongs to, or None.

        A `service` label that names a known service decides; then the `match` set with the most
        labels that all hold (the file's order breaks ties); then the source's hint.
        """
        named = self.get(alert.labels.get("service", ""))
        return named or self._matched(alert.labels) or self.get(alert.service)

    def service_of_all(self, alerts: Iterable[Alert]) -> Service | None:
        """Return the service most alerts belong to; the first seen wins a tie, None without one."""
        found = [service for alert in alerts if (service := self.service_of(alert)) is not None]
        counted = Counter(service.name for service in found)
        return self.get(counted.most_common(1)[0][0]) if counted else None

    def _matched(self, labels: dict[str, str]) -> Service | None:
        best: tuple[int, Service] | None = None
        for service in self.services:
            for wanted in service.match:
                holds = all(labels.get(name) == value for name, value in wanted.items())
                if wanted and holds and (best is None or len(wanted) > best[0]):
                    best = (len(wanted), service)
        return best[1] if best else None


def parse(path: str, text: str) -> Catalogue:
    """Return the catalogue that `text` writes.

    Raises:
        ConfigError: Not of this shape, or two services share a name.
    """
    found = document.read(path, text)
    services = found.validate(ServicesFile).services
    seen: set[str] = set()
    for place, service in enumerate(services):
        where = f"{path} line {found.line('services', place, 'name')}: services[{place}].name"
        if not service.name.strip():
            raise ConfigError(f"{where}: is empty; give the service a name")
        if service.name.casefold() in seen:
            raise ConfigError(f"{where}: {service.name!r} stands there twice; rename or remove one")
        seen.add(service.name.casefold())
    return Catalogue(services)
