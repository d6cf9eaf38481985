"""The root card of an incident: what fires, whose it is, what changed, where it stands. Pure."""

from datetime import datetime

from bot.conversation.look import Look, footer_line
from bot.conversation.phrases import (
    TITLE_CHARS,
    author_words,
    clip,
    code_of,
    counted,
    fallback_line,
    one_line,
    standing_words,
    utc_words,
)
from bot.incident.card import Block, Card, Control, FactLine, Items, Text, When
from bot.incident.facts_run import ContextLoaded
from bot.incident.model import Change, Link, Similar
from bot.incident.state import AlertLine, State
from bot.incident.summary import lasted

ALERT_LINES = 10
CHANGE_LINES = 5
LINE_CHARS = 300
WORDS_CHARS = 1500


def draw_root(state: State, look: Look) -> Card:
    """Return the one card that stands at the head of every conversation of the incident."""
    view = state.incident
    standing = standing_words(state)
    return Card(
        key="root",
        version=state.seq,
        kind="root",
        title=clip(one_line(view.title), TITLE_CHARS),
        fallback=fallback_line(state, standing),
        severity=view.severity,
        state=standing,
        facts=(*_whose(state), *_runbook(state), *_people(state)),
        blocks=(*_switches(look), *_firing(state), *_known(state), *_found(state)),
        controls=_controls(state),
        links=(*look.page(f"/incidents/{state.stream}", "open the timeline"), *_links(state)),
        footer=footer_line(state, look),
    )


def _ours(label: str, value: str) -> FactLine:
    return FactLine(label=label, text=Text(value=value))


def _outside(label: str, value: str) -> FactLine:
    return FactLine(
        label=label, text=Text(value=clip(one_line(value), LINE_CHARS), trust="outside")
    )


def _whose(state: State) -> tuple[FactLine, ...]:
    named = state.incident.service
    loaded = state.run.context
    service = loaded.service if loaded else None
    if service is None:
        known = "not in services.yaml" if loaded else "being looked up"
        owner = "no owner in services.yaml" if loaded else "being looked up"
        return (
            _outside("Service", f"{named} ({known})" if named else f"unknown ({known})"),
            _ours("Owner", owner),
        )
    where = f" in {service.environment}" if service.environment else ""
    title = f" ({service.title})" if service.title else ""
    tier = f"tier {service.tier}" if service.tier else "no tier in services.yaml"
    return (
        _outside("Service", f"{service.name}{title}{where}"),
        _outside("Owner", service.owner or "no owner in services.yaml"),
        _ours("Tier", tier),
    )


def _runbook(state: State) -> tuple[FactLine, ...]:
    loaded = state.run.context
    if loaded is None:
        return ()
    if loaded.runbook is None:
        return (_ours("Runbook", "no runbook matches"),)
    why = f", because {loaded.runbook_why}" if loaded.runbook_why else ""
    return (_outside("Runbook", f"{loaded.runbook.title}{why}"),)


def _people(state: State) -> tuple[FactLine, ...]:
    view, run = state.incident, state.run
    waiting = [code_of(item) for item in view.proposals.values() if item.status == "pending"]
    unsure = [code_of(item) for item in view.proposals.values() if item.status == "unknown"]
    lines = (
        ("Status", _status(state)),
        ("Approval needed", ", ".join(waiting)),
        ("Outcome unknown", ", ".join(unsure)),
        ("Investigation", _investigation(state)),
        ("Not put before you", run.rejected[-1][1] if run.rejected else ""),
        ("Acknowledged by", view.acked_by),
        ("Escalated to", view.escalated),
        ("Judged", f"{view.judged} by {view.judged_by}" if view.judged else ""),
        ("Cannot post to", "; ".join(f"{name}: {why}" for name, why in view.broken.items())),
    )
    return tuple(_outside(label, value) for label, value in lines if value)


def _status(state: State) -> str:
    view = state.incident
    if view.merged_into:
        return f"part of {view.merged_into}"
    if view.status == "closed" and view.closed_at is not None:
        return f"closed {utc_words(view.closed_at)}"
    if view.status == "resolved" and view.resolved_at is not None and view.opened_at is not None:
        took = lasted(view.opened_at, view.resolved_at)
        return f"resolved after {took}: {view.resolved_why}"
    again = f", reopened {counted(view.reopened, 'time')}" if view.reopened else ""
    return f"{view.status}{again}"


def _investigation(state: State) -> str:
    run = state.run
    if state.unknown:
        first = state.unknown[0]
        return f"on hold: {first.type} v{first.v} cannot be read by this version"
    if run.paused_by:
        return f"paused by {run.paused_by}"
    if run.done:
        return f"finished, {counted(run.steps, 'step')}"
    return f"running, {counted(run.steps, 'step')} so far"


def _switches(look: Look) -> tuple[Block, ...]:
    said = [
        "READ-ONLY: no action is enabled; the bot looks and changes nothing."
        if look.read_only
        else "",
        f"PAUSED by {look.paused_by}: nothing is started until it is resumed."
        if look.paused_by
        else "",
    ]
    return tuple(Text(value=text) for text in said if text)


def _firing(state: State) -> tuple[Block, ...]:
    view = state.incident
    blocks: list[Block] = []
    if view.opened_at is not None:
        blocks.append(When(at=view.opened_at, title="Began"))
    firing = [line for line in view.alerts.values() if line.alert.status == "firing"]
    over = len(view.alerts) - len(firing)
    rows = _grouped(firing)
    items = [_line(text) for text in rows[:ALERT_LINES]]
    if len(rows) > ALERT_LINES:
        items.append(Text(value=f"and {len(rows) - ALERT_LINES} more kinds"))
    if over:
        items.append(Text(value=f"{counted(over, 'alert')} resolved"))
    if view.truncated:
        total = len(view.alerts) + view.truncated
        items.append(Text(value=f"{total} alerts, {view.truncated} not delivered by the source"))
    flaps = [line.alert.title for line in view.alerts.values() if line.flapping]
    if flaps:
        items.append(_line(f"flapping: {', '.join(dict.fromkeys(flaps))}"))
    if items:
        blocks.append(Items(title=f"{counted(len(firing), 'alert')} firing", items=tuple(items)))
    elif view.by:
        blocks.append(_line(f"opened by {view.by}"))
    return tuple(blocks)


def _grouped(lines: list[AlertLine]) -> list[str]:
    """Return one row a title and severity, oldest first, with how many and since when."""
    groups: dict[tuple[str, str], list[AlertLine]] = {}
    for line in lines:
        groups.setdefault((line.alert.title, line.alert.severity), []).append(line)
    rows: list[str] = []
    for (title, severity), same in groups.items():
        since = min(line.alert.starts_at or line.first_at for line in same)
        many = f" ×{len(same)}" if len(same) > 1 else ""
        rows.append(f"{clip(title, 200)}{many} ({severity}) since {utc_words(since)}")
    return rows


def _line(text: str) -> Text:
    return Text(value=clip(one_line(text), LINE_CHARS), trust="outside")


def _known(state: State) -> tuple[Block, ...]:
    loaded, opened_at = state.run.context, state.incident.opened_at
    if loaded is None or opened_at is None:
        return ()
    changes = [_line(_change(change, opened_at)) for change in loaded.changes[:CHANGE_LINES]]
    left = len(loaded.changes) - CHANGE_LINES
    if left > 0:
        changes.append(Text(value=f"and {left} more"))
    nothing = Text(value="no change recorded in the window")
    blocks: list[Block] = [Items(title="Changes before it", items=tuple(changes) or (nothing,))]
    if loaded.similar:
        earlier = tuple(_line(_similar(one)) for one in loaded.similar)
        blocks.append(Items(title="It happened before", items=earlier))
    elif not _failed_to_look(loaded):
        blocks.append(Text(value="No earlier incident like this one."))
    if loaded.missing:
        blocks.append(Items(title="Not known", items=tuple(map(_line, loaded.missing))))
    return tuple(blocks)


def _failed_to_look(loaded: ContextLoaded) -> bool:
    return any("earlier" in text or "similar" in text for text in loaded.missing)


def _change(change: Change, opened_at: datetime) -> str:
    what = change.version or change.title or change.id
    came = f" (was {change.previous})" if change.previous else ""
    by = f" by {change.by}" if change.by else ""
    if change.at <= opened_at:
        when = f"{lasted(change.at, opened_at)} before it began"
    else:
        when = f"{lasted(opened_at, change.at)} after it began"
    service = f"{change.service}: " if change.service else ""
    return f"{service}{change.kind} {what}{came}{by}, {when}"


def _similar(one: Similar) -> str:
    said = f": {one.conclusion}" if one.conclusion else ""
    did = f" — {one.action}: {one.outcome or 'outcome not recorded'}" if one.action else ""
    return f"{one.incident} {one.title}, {utc_words(one.at)}{clip(said, 160)}{did}"


def _found(state: State) -> tuple[Block, ...]:
    view = state.incident
    if view.summary:
        text = Text(value=clip(view.summary, WORDS_CHARS), trust="outside")
        return (Items(title="Summary", items=(text,)),)
    if not view.conclusion:
        return ()
    trust = "outside" if author_words(view.conclusion_by).startswith("rule-based") else "model"
    text = Text(value=clip(view.conclusion, WORDS_CHARS), trust=trust)
    return (Items(title=f"Conclusion ({author_words(view.conclusion_by)})", items=(text,)),)


def _controls(state: State) -> tuple[Control, ...]:
    if state.incident.status != "open" or state.incident.merged_into:
        return ()
    if state.run.paused_by:
        return (Control(verb="resume", label="Resume", value=state.stream,
                        accessible=f"Resume the investigation of {state.stream}"),)  # fmt: skip
    if state.run.done:
        return ()
    return (Control(verb="pause", label="Pause", value=state.stream,
                    accessible=f"Pause the investigation of {state.stream}"),)  # fmt: skip


def _links(state: State) -> tuple[Link, ...]:
    """Return the service's own links: a file of the team's, not a payload, named them."""
    loaded = state.run.context
    return loaded.service.links if loaded and loaded.service else ()
