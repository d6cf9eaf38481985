"""What of a delivery is redacted before it becomes an event (F-07); it knows no rule itself."""

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import cast

from prometheus_client import Counter
from pydantic import JsonValue

from bot.incident.grouping import Group
from bot.incident.model import Alert, Change, Link
from bot.knowledge.redact import Redactor
from bot.knowledge.redact_keys import key_kind

AT_ONCE_CHARS = 64 * 1024
"""Up to this much text of a delivery is looked at in one go, which is how most are found clean."""


class Mask:
    """One delivery's redaction: the same secret has the same placeholder throughout."""

    def __init__(self, redactor: Callable[[], Redactor]) -> None:
        self._make = redactor
        self._redactor = redactor()

    def text(self, text: str) -> str:
        """Return `text` without secrets."""
        return self._redactor.text(text)

    def key(self, key: str) -> str:
        """Return a name without secrets that is still another one for another secret."""
        clean = self._redactor.text(key)
        return clean if clean == key else f"{clean}#{hashlib.sha256(key.encode()).hexdigest()[:12]}"

    def alerts(self, alerts: Sequence[Alert]) -> tuple[Alert, ...]:
        """Return the alerts without secrets, in their order; those without any are the same."""
        return tuple(alerts if self._are_clean(alerts) else map(self._alert, alerts))

    def group(self, group: Group) -> Group:
        """Return the group without secrets."""
        return replace(
            group,
            group_key=self.key(group.group_key),
            title=self.text(group.title),
            service=self.text(group.service),
            alerts=self.alerts(group.alerts),
        )

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
        for alert in alerts:
            labels, annotations = alert.labels, alert.annotations
            names.update(labels, annotations)
            texts.update(labels.values(), annotations.values())
            texts.update((alert.fingerprint, alert.title, alert.service))
            texts.update(link.url for link in alert.links)
        if any(name == "value" or key_kind(name) is not None for name in names):
            return False
        joined = "\n".join(names | texts)
        return len(joined) <= AT_ONCE_CHARS and self._make().text(joined) == joined

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
