"""What of a delivery is redacted before it becomes an event (F-07); it knows no rule itself."""

import hashlib
import operator
from typing import cast

from prometheus_client import Counter
from pydantic import JsonValue

from bot.incident.model import Alert, Change, Link
from bot.knowledge.redact import Redactor
from bot.knowledge.redact_keys import key_kind


class Mask:
    """One delivery's redaction: the same secret has the same placeholder throughout."""

    def __init__(self, redactor: Redactor) -> None:
        self._redactor = redactor
        self._clean: set[tuple[str, str]] = set()  # the alerts of a group repeat most labels
        self._names: set[str] = set()

    def text(self, text: str) -> str:
        """Return `text` without secrets."""
        return self._redactor.text(text)

    def key(self, key: str) -> str:
        """Return a name without secrets that is still another one for another secret."""
        clean = self._redactor.text(key)
        return clean if clean == key else f"{clean}#{hashlib.sha256(key.encode()).hexdigest()[:12]}"

    def alert(self, alert: Alert) -> Alert:
        """Return the alert without secrets; the same object when it has none."""
        fingerprint, title, service = alert.fingerprint, alert.title, alert.service
        update = {
            "fingerprint": self.key(fingerprint),
            "title": self.text(title),
            "service": self.text(service),
            "labels": self._texts(alert.labels),
            "annotations": self._texts(alert.annotations),
            "links": self._links(alert.links),
        }
        before = (fingerprint, title, service, alert.labels, alert.annotations, alert.links)
        is_clean = all(map(operator.is_, before, update.values()))
        return alert if is_clean else alert.model_copy(update=update)

    def change(self, change: Change) -> Change:
        """Return the change without secrets."""
        texts = ("service", "version", "previous", "by", "title", "link")
        clean = {name: self.text(getattr(change, name)) for name in texts}
        return change.model_copy(update={"id": self.key(change.id), **clean})

    def count(self, counter: Counter) -> None:
        """Add what was replaced so far to a counter labelled by kind."""
        for kind, count in self._redactor.counts.items():
            counter.labels(kind).inc(count)

    def _texts(self, texts: dict[str, str]) -> dict[str, str]:
        if "value" in texts:  # which may be named by another member, so they are judged together
            judged = self._judged(texts)
            return texts if judged == texts else judged
        known = self._clean
        dirty: dict[tuple[str, str], dict[str, str]] = {}
        for pair in texts.items():
            if pair not in known:
                replaced = self._replaced(*pair)
                if replaced is None:
                    known.add(pair)
                else:
                    dirty[pair] = replaced
        if not dirty:
            return texts
        clean: dict[str, str] = {}
        for pair in texts.items():
            clean |= dirty.get(pair) or dict([pair])
        return clean

    def _replaced(self, name: str, value: str) -> dict[str, str] | None:
        """Return the pair without secrets, None when it has none; mostly the value decides."""
        if name in self._names or self._is_plain(name):
            clean = self._redactor.text(value)
            return None if clean is value else {name: clean}
        judged = self._judged({name: value})
        return None if judged == {name: value} else judged

    def _is_plain(self, name: str) -> bool:
        is_plain = key_kind(name) is None and self._redactor.text(name) is name
        if is_plain:
            self._names.add(name)
        return is_plain

    def _judged(self, texts: dict[str, str]) -> dict[str, str]:
        return cast("dict[str, str]", self._redactor.value(cast("JsonValue", texts)))

    def _links(self, links: tuple[Link, ...]) -> tuple[Link, ...]:
        if all(self._redactor.text(link.url) is link.url for link in links):
            return links
        return tuple(Link(title=link.title, url=self._redactor.text(link.url)) for link in links)
