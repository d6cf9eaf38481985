"""What one thread knows by name: the facts predicates test and the values fills take."""

from collections.abc import Mapping

from bot.incident.context import Context, Result
from bot.incident.model import Alert
from bot.knowledge.predicate import FactValue


def facts(context: Context) -> dict[str, FactValue]:
    """Return facts by `<key>.<fact>`, `alert.<label>` and `answer.value`; later results win.

    A result without a key (a model chose it) and a failed one bring none. `answer.value` is the
    last answer of a human. Labels are those of the first firing alert.
    """
    found: dict[str, FactValue] = {
        f"alert.{name}": value for name, value in _labels(context.alerts).items()
    }
    for result in context.results:
        if result.key and not result.error:
            found |= {f"{result.key}.{fact.name}": fact.value for fact in result.facts}
    for answered in context.answers:
        if answered.value is not None:
            found["answer.value"] = answered.value
    return found


def values(context: Context) -> dict[str, FactValue]:
    """Return what fills may take: the facts, `service`, `environment`, `incident`, `labels.…`.

    The service's name and environment come from the catalogue alone, never from an alert.
    """
    found = {name: value for name, value in facts(context).items() if not name.startswith("alert.")}
    found |= {f"labels.{name}": value for name, value in _labels(context.alerts).items()}
    found["incident"] = context.incident
    if context.service is not None:
        found["service"] = context.service.name
        found["environment"] = context.service.environment or None
    return found


def evidence(context: Context, names: tuple[str, ...]) -> tuple[str, ...]:
    """Return the evidence ids of the results that gave these facts, in order, once each."""
    sources: dict[str, str] = {}
    for result in context.results:
        if not result.error:
            sources |= {f"{result.key}.{fact.name}": result.evidence for fact in result.facts}
    found = (sources[name] for name in names if name in sources)
    return tuple(dict.fromkeys(identifier for identifier in found if identifier))


def answered(context: Context) -> Mapping[str, Result]:
    """Return the last result of every diagnostic that was run, failed ones included, by id."""
    return {result.key: result for result in context.results if result.key}


def _labels(alerts: tuple[Alert, ...]) -> Mapping[str, str]:
    firing = (alert for alert in alerts if alert.status == "firing")
    first = next(firing, alerts[0] if alerts else None)
    return {} if first is None else first.labels
