"""What of a delivery is redacted before it becomes an event (F-07); it knows no rule itself."""

import hashlib
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from operator import is_
from typing import cast

from prometheus_client import Counter
from pydantic import JsonValue

from bot.incident.grouping import Group
from bot.incident.model import Alert, Change, Link
from bot.knowledge.redact import Redactor, is_plain_word
from bot.knowledge.redact_keys import key_kind

AT_ONCE_CHARS = 64 * 1024
"""Up to this much text of a delivery is looked at in one go, which is how most are found clean."""

REMEMBERED = 4096
REMEMBERED_CHARS = 1000
"""How many texts, and how long ones, are remembered as clean: a few megabytes at most."""


class Remembered:
    """Texts that were looked at and hide nothing: most of an alert's were in the one before."""

    def __init__(self) -> None:
        self.names: set[str] = set()
        self.texts: set[str] = set()

    def keep(self, names: Iterable[str], texts: Iterable[str]) -> None:
        """Remember these for a while; not those with a placeholder, whose number is taken."""
        for kept, more in ((self.names, names), (self.texts, texts)):
            if len(kept) > REMEMBERED:
                kept.clear()
            kept.update(text for text in more if len(text) <= REMEMBERED_CHARS and "‹" not in text)


class Mask:
    """One delivery's redaction: the same secret has the same placeholder throughout.

    `remembered` is what masks of the same rules share.
    """

    def __init__(
        self, redactor: Callable[[], Redactor], remembered: Remembered | None = None
    ) -> None:
        self._make = redactor
        self._remembered = remembered or Remembered()
        self._redactor = redactor()

    def text(self, text: str) -> str:
        """Return `text` without secrets."""
        known = self._remembered.texts
        if text in known:
            return text
        clean = self._redactor.text(text)
        if clean is text:
            self._remembered.keep((), (text,))
        return clean

    def key(self, key: str) -> str:
        """Return a name without secrets that is still another one for another secret."""
        clean = self.text(key)
        return clean if clean == key else f"{clean}#{hashlib.sha256(key.encode()).hexdigest()[:12]}"

    def alerts(self, alerts: Sequence[Alert]) -> tuple[Alert, ...]:
        """Return the alerts without secrets, in their order; those without any are the same."""
        return tuple(alerts if self._are_clean(alerts) else map(self._alert, alerts))

    def group(self, group: Group) -> Group:
        """Return the group without secrets."""
        key, title = self.key(group.group_key), self.text(group.title)
        service, alerts = self.text(group.service), self.alerts(group.alerts)
        if (key, title, service) == (group.group_key, group.title, group.service) and all(
            map(is_, alerts, group.alerts)
        ):
            return group
        return replace(group, group_key=key, title=title, service=service, alerts=alerts)

    def change(self, change: Change) -> Change:
        """Return the change without secrets."""
        texts = ("service", "version", "previous", "by", "title", "link")
        clean = {name: self.text(getattr(change, name)) for name in texts}
        return change.model_copy(update={"id": self.key(change.id), **clean})

    def count(self, counter: Counter) -> None:
        """Add what was replaced so far to a counter labelled by kind."""
        for kind, count in self._redactor.counts.items():
            counter.labels(kind).inc(count)

    def _are_clean(self, alerts: Sequence[Alert]) -> bool:
        """Look at everything at once; False may also mean that it must be looked at one by one.

        A line end divides the texts, which no rule takes for a part of what it looks for.
        """
        names: set[str] = set()
        texts: set[str] = set()
        links: dict[int, tuple[Link, ...]] = {}
        for alert in alerts:
            labels, annotations = alert.labels, alert.annotations
            names.update(labels, annotations)
            texts.update(labels.values(), annotations.values())
            texts.add(alert.title)
            texts.add(alert.service)
            if not is_plain_word(alert.fingerprint):
                texts.add(alert.fingerprint)
            links[id(alert.links)] = alert.links
        texts.update(link.url for each in links.values() for link in each)
        known = self._remembered
        names -= known.names
        texts -= known.texts
        if any(name == "value" or key_kind(name) is not None for name in names):
            return False
        joined = "\n".join(names | texts)
        if len(joined) > AT_ONCE_CHARS or self._make().text(joined) != joined:
            return False
        known.keep(names, texts)
        return True

    def _alert(self, alert: Alert) -> Alert:
        return alert.model_copy(
            update={
                "fingerprint": self.key(alert.fingerprint),
                "title": self.text(alert.title),
                "service": self.text(alert.service),
                "labels": self._texts(alert.labels),
                "annotations": self._texts(alert.annotations),
                "links": tuple(map(self._link, alert.links)),
            }
        )

    def _texts(self, texts: dict[str, str]) -> dict[str, str]:
        return cast("dict[str, str]", self._redactor.value(cast("JsonValue", texts)))

    def _link(self, link: Link) -> Link:
        return Link(title=link.title, url=self._redactor.text(link.url))
