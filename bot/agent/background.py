"""What stays the same during a run, as a model reads it: the alert, whose it is, what is known.

Pure. Most urgent first; a further alert is told by what differs from the first.
"""

from collections.abc import Iterator, Mapping
from datetime import datetime

from bot.agent.marking import Pen, told
from bot.agent.thread import compact_json, since_opened
from bot.agent.window import Cut, Piece, Smaller
from bot.incident.context import Context
from bot.incident.facts_run import LeftOut
from bot.incident.model import Alert, Change, Runbook, Service, Similar
from bot.incident.outside import RUNBOOK_BYTES

TITLE_BYTES = 200
ALERT_BYTES = 120
RULE_BYTES = 80
RUNBOOK_FORMS = ((Cut.RUNBOOK, 2048), (Cut.RUNBOOK_REST, 512), (Cut.RUNBOOK_REST, 0))
MAIN_LABELS = frozenset({"alertname", "service", "job", "namespace", "instance", "severity"})


def tell_background(
    context: Context, pen: Pen, words: Mapping[str, str], schema: str
) -> Iterator[Piece]:
    """Yield the parts; what the schema of the answer lists already is not said again."""
    yield from (_stable(part) for part in _parts(context, pen, words, schema) if part.text)


def _stable(part: Piece) -> Piece:
    return Piece(part.text, part.smaller, "stable")


def _parts(context: Context, pen: Pen, words: Mapping[str, str], schema: str) -> Iterator[Piece]:
    since = context.opened_at
    opened = since.strftime("%Y-%m-%dT%H:%M:%SZ") if since else ""
    head = told(id=context.incident, severity=context.severity, opened=opened)
    yield Piece(
        f"<incident{head}>\n{words.get('fences', '')} <{pen.code} source=...> </{pen.code}>\n"
    )
    title = pen.fenced("incident.title", [pen.mark(context.title, TITLE_BYTES)])
    left = (LeftOut(what="the end of the title"),)
    yield Piece(pen.fence("incident.title", [context.title]), (Smaller(Cut.ALERT, 0, title, left),))
    yield from _alerts(context, pen, since)
    if context.service is not None:
        yield _service(pen, context.service)
    newest = max((one.at for one in context.changes), default=None)
    for change in context.changes:
        cut = Cut.NEW_CHANGE if change.at == newest else Cut.CHANGE
        yield _change(pen, change, since, cut)
    yield _runbook(context, pen)
    for number, earlier in enumerate(context.similar):
        yield _similar(pen, earlier, since, number)
    yield from _known(context, pen, words, schema)


def _alerts(context: Context, pen: Pen, since: datetime | None) -> Iterator[Piece]:
    first = context.alerts[0] if context.alerts else None
    for number, alert in enumerate(context.alerts):
        attributes = {
            "from": alert.source,
            "state": alert.status,
            "severity": alert.severity,
            "since": since_opened(alert.starts_at, since),
        }
        lines = _lines(context, alert, None if alert is first else first)
        whole = pen.fence("alert", lines, **attributes) or f"<alert{told(**attributes)}/>\n"
        if alert is first:
            short = pen.fenced("alert", _shortest(pen, alert), **attributes)
            left = (LeftOut(what="labels and annotations of the alert"),)
            yield Piece(
                whole, (Smaller(Cut.ALERT, 1, short or f"<alert{told(**attributes)}/>\n", left),)
            )
        else:
            left = (LeftOut(what="a further alert"),)
            yield Piece(whole, (Smaller(Cut.FURTHER_ALERT, -number, "", left),))


def _lines(context: Context, alert: Alert, first: Alert | None) -> Iterator[str]:
    """Yield the lines of an alert that the title or the first alert do not have."""
    known = context.title if first is None else first.title
    if alert.title != known:
        yield f"title={alert.title}"
    if alert.service and alert.service not in alert.labels.values():
        yield f"service={alert.service}"
    labels = {} if first is None else first.labels
    for name, value in alert.labels.items():
        if labels.get(name) != value:
            yield f"label.{name}={value}"
    notes = {} if first is None else first.annotations
    for name, text in alert.annotations.items():
        if notes.get(name) != text:
            yield f"annotation.{name}={text}"


def _shortest(pen: Pen, alert: Alert) -> Iterator[str]:
    for name, value in alert.labels.items():
        if name in MAIN_LABELS:
            yield pen.mark(f"label.{name}={value}", ALERT_BYTES)


def _service(pen: Pen, service: Service) -> Piece:
    lines = [
        f"service={service.name}",
        f"title={service.title}" if service.title else "",
        f"owner={service.owner}" if service.owner else "",
        f"environment={service.environment}" if service.environment else "",
        f"needs={', '.join(service.dependencies)}" if service.dependencies else "",
        f"probes={', '.join(service.probes)}" if service.probes else "",
    ]
    tier = "" if service.tier is None else str(service.tier)
    short = pen.fenced("catalogue", [pen.mark(lines[0], TITLE_BYTES)], tier=tier)
    left = (LeftOut(what="what the catalogue says of the service"),)
    return Piece(pen.fence("catalogue", lines, tier=tier), (Smaller(Cut.SERVICE, 0, short, left),))


def _change(pen: Pen, change: Change, since: datetime | None, cut: Cut) -> Piece:
    lines = [
        f"service={change.service}" if change.service else "",
        f"version={change.version}" if change.version else "",
        f"before={change.previous}" if change.previous else "",
        f"by={change.by}" if change.by else "",
        change.title,
    ]
    at = since_opened(change.at, since)
    text = pen.fence("change", lines, kind=change.kind, at=at)
    whole = text or f"<change{told(kind=change.kind, at=at)}/>\n"
    age = int(change.at.timestamp())
    return Piece(whole, (Smaller(cut, age, "", (LeftOut(what="a change"),)),))


def _runbook(context: Context, pen: Pen) -> Piece:
    runbook = context.runbook
    if runbook is None:
        return Piece("")
    head = pen.mark(f"{runbook.title} ({runbook.path})", TITLE_BYTES)
    rules, left = list(_rules(runbook)), LeftOut(what="part of the runbook")
    whole = [head, *map(pen.mark, rules), pen.mark(runbook.text, RUNBOOK_BYTES)]
    named = [head, *(pen.mark(line, RULE_BYTES) for line in rules)]
    shorter = [
        (cut, pen.fenced("runbook", [*named, pen.mark(runbook.text, most)]))
        for cut, most in RUNBOOK_FORMS
        if len(runbook.text.encode()) > most
    ]
    shorter.append((Cut.MISSING, ""))
    smaller = tuple(Smaller(cut, n, text, (left,)) for n, (cut, text) in enumerate(shorter))
    return Piece(pen.fenced("runbook", whole), smaller)


def _rules(runbook: Runbook) -> Iterator[str]:
    """Yield what the answer's schema only names: the diagnostics, and the actions there are."""
    for check in runbook.diagnose:
        yield f"diagnose.{check.id}={check.tool} {compact_json(check.args)}"
    for action in runbook.actions:
        yield f"action.{action.id}={action.tool} {compact_json(action.args)} {action.reason}"


def _similar(pen: Pen, earlier: Similar, since: datetime | None, number: int) -> Piece:
    lines = [
        earlier.title,
        f"concluded={earlier.conclusion}" if earlier.conclusion else "",
        f"action={earlier.action}" if earlier.action else "",
        f"outcome={earlier.outcome}" if earlier.outcome else "",
    ]
    at = since_opened(earlier.at, since)
    text = pen.fence("similar", lines, incident=earlier.incident, at=at)
    left = (LeftOut(what="a similar incident"),)
    return Piece(text, (Smaller(Cut.SIMILAR, -number, "", left),))


def _known(context: Context, pen: Pen, words: Mapping[str, str], schema: str) -> Iterator[Piece]:
    """Yield what is missing, the names that exist, and what tools are for."""
    missing = pen.fence("missing", context.missing)
    left = (LeftOut(what="what is missing"),)
    yield Piece(missing, (Smaller(Cut.MISSING, 0, "", left),))
    names = [
        f"{kind}={', '.join(listed)}"
        for kind, listed in context.inventory.items()
        if any(f'"{name}"' not in schema for name in listed)
    ]
    left = (LeftOut(what="names that exist"),)
    yield Piece(pen.fence("inventory", names), (Smaller(Cut.INVENTORY, 0, "", left),))
    may = {action.tool for action in context.runbook.actions} if context.runbook else set[str]()
    lines = [
        f"{one.name}: {' '.join(one.description.split())}\n"
        for one in context.tools
        if (one.kind == "read" or one.name in may) and one.description not in schema
    ]
    if lines:
        yield Piece(f"{words.get('tools', '')}\n{''.join(lines)}")
