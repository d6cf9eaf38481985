"""Which runbook fits a set of alerts, and why, in words; deterministic, and it may be none."""

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from urllib.parse import unquote

from bot.incident.model import Alert, Runbook, Service
from bot.knowledge import matchers

URL_KEYS = ("runbook_url", "runbook", "runbookUrl", "runbook-url", "Runbook")
_WORDS = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|[0-9]+|[^\W\d_a-zA-Z]+")

Choice = tuple[Runbook | None, str]


def choose_runbook(
    runbooks: Sequence[Runbook], alerts: Sequence[Alert], service: Service | None
) -> Choice:
    """Return the runbook for these alerts (or None) and the reason, a sentence without a stop.

    Tried in order: the alert's runbook link, matchers, the alert's name, the service. Firing
    alerts count; when none fires, all do. Ties: most matchers, then most words in common, then
    the runbook's name.
    """
    looked = [alert for alert in alerts if alert.status == "firing"] or list(alerts)
    ordered = sorted(runbooks, key=lambda runbook: runbook.name)
    ways: tuple[Callable[[], Choice | None], ...] = (
        lambda: _by_link(ordered, looked),
        lambda: _by_matchers(ordered, looked, service),
        lambda: _by_name(ordered, looked, service),
        lambda: _by_service(ordered, service),
    )
    for way in ways:
        if (choice := way()) is not None:
            return choice
    return None, _none(ordered, looked)


def labels_of(alert: Alert) -> dict[str, str]:
    """Return the labels matchers see: the alert's own, and alertname, severity and service.

    The last three are taken from the alert only where it has no such label.
    """
    given = {"alertname": alert.title, "severity": alert.severity, "service": alert.service}
    return {name: text for name, text in given.items() if text} | alert.labels


def _by_link(runbooks: Sequence[Runbook], alerts: Iterable[Alert]) -> Choice | None:
    for alert in alerts:
        for link in _links(alert):
            wanted = set(_slugs(link))
            for runbook in runbooks:
                if wanted & {_slug(runbook.name.rsplit("/", 1)[-1]), _slug(runbook.title)}:
                    return runbook, f"the alert {alert.title} links to it"
    return None


def _by_matchers(
    runbooks: Iterable[Runbook], alerts: Sequence[Alert], service: Service | None
) -> Choice | None:
    best: tuple[int, Runbook, Alert] | None = None
    for runbook in runbooks:
        if not runbook.match or not _same_service(runbook, service):
            continue
        compiled = matchers.compile_all(runbook.match)
        hit = next((a for a in alerts if matchers.all_hold(compiled, labels_of(a))), None)
        weight = len(compiled) + bool(runbook.service)
        if hit is not None and (best is None or weight > best[0]):
            best = (weight, runbook, hit)
    if best is None:
        return None
    return best[1], f"its matchers hold for {best[2].title}: {', '.join(best[1].match)}"


def _by_name(
    runbooks: Iterable[Runbook], alerts: Iterable[Alert], service: Service | None
) -> Choice | None:
    """An alert's name equals the runbook's name or title, or holds all its words in a row."""
    best: tuple[int, Runbook, str] | None = None
    names = [name for alert in alerts for name in dict.fromkeys((_alertname(alert), alert.title))]
    for runbook in runbooks:
        if not _same_service(runbook, service):
            continue
        own = (runbook.name.rsplit("/", 1)[-1], runbook.title)
        for name in names:
            weight = max(_likeness(mine, name) for mine in own)
            if weight and (best is None or weight > best[0]):
                best = (weight, runbook, name)
    return None if best is None else (best[1], f"its name fits the alert's: {best[2]}")


def _by_service(runbooks: Iterable[Runbook], service: Service | None) -> Choice | None:
    if service is None:
        return None
    for runbook in runbooks:
        if runbook.service == service.name and not runbook.match:
            return runbook, f"it is the runbook of the service {service.name}"
    return None


def _none(runbooks: Sequence[Runbook], alerts: Sequence[Alert]) -> str:
    if not runbooks:
        return "there is no runbook in the knowledge folder"
    titles = ", ".join(dict.fromkeys(alert.title for alert in alerts)) or "this incident"
    links = next((link for alert in alerts for link in _links(alert)), "")
    linked = f" (it links to {links}, which is not in the folder)" if links else ""
    return f"none of {len(runbooks)} runbooks fits {titles[:300]}{linked}"


def _same_service(runbook: Runbook, service: Service | None) -> bool:
    return not runbook.service or (service is not None and runbook.service == service.name)


def _links(alert: Alert) -> Iterator[str]:
    for mapping in (alert.annotations, alert.labels):
        for key in URL_KEYS:
            if mapping.get(key, "").strip():
                yield mapping[key].strip()
    yield from (link.url for link in alert.links if "runbook" in link.title.lower())


def _slugs(link: str) -> Iterator[str]:
    """The fragment first (one page with many runbooks), then the last part of the path."""
    bare, _, fragment = unquote(link).partition("#")
    for part in (fragment, bare.partition("?")[0].rstrip("/").rsplit("/", 1)[-1]):
        for prefix in ("", "alert-name-"):
            stem = re.sub(r"\.(?:md|markdown|html?|adoc|rst|txt)$", "", part, flags=re.IGNORECASE)
            if slug := _slug(stem.removeprefix(prefix)):
                yield slug


def _slug(text: str) -> str:
    return "".join(character for character in text.casefold() if character.isalnum())


def _alertname(alert: Alert) -> str:
    return alert.labels.get("alertname", "") or alert.title


def _likeness(mine: str, theirs: str) -> int:
    """0 for none; the letters in common when all my words stand in theirs in a row; 10^6 equal."""
    if not _slug(mine):
        return 0
    if _slug(mine) == _slug(theirs):
        return 1_000_000
    words, others = _words(mine), _words(theirs)
    spans = (others[at : at + len(words)] for at in range(len(others) - len(words) + 1))
    return sum(map(len, words)) if words and words in spans else 0


def _words(text: str) -> list[str]:
    return [word.casefold() for word in _WORDS.findall(text[:300])]
