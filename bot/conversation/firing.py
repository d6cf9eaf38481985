"""What fires since when: alerts as lines, the same ones counted together. Pure."""

from bot.conversation.phrases import clip, counted, outside_line, utc_words
from bot.incident.card import Block, Items, Text, When
from bot.incident.state import AlertLine, State

ALERT_LINES = 10


def firing_blocks(state: State) -> tuple[Block, ...]:
    """Return since when it fires, what fires how often, and what the source left out (D-08)."""
    view = state.incident
    blocks: list[Block] = []
    if view.opened_at is not None:
        blocks.append(When(at=view.opened_at, title="Began"))
    firing = [line for line in view.alerts.values() if line.alert.status == "firing"]
    over = len(view.alerts) - len(firing)
    rows = _grouped(firing)
    items = [outside_line(text) for text in rows[:ALERT_LINES]]
    if len(rows) > ALERT_LINES:
        items.append(Text(value=f"and {len(rows) - ALERT_LINES} more kinds"))
    if over:
        items.append(Text(value=f"{counted(over, 'alert')} resolved"))
    if view.truncated:
        total = len(view.alerts) + view.truncated
        items.append(Text(value=f"{total} alerts, {view.truncated} not delivered by the source"))
    flaps = [line.alert.title for line in view.alerts.values() if line.flapping]
    if flaps:
        items.append(outside_line(f"flapping: {', '.join(dict.fromkeys(flaps))}"))
    if items:
        blocks.append(Items(title=f"{counted(len(firing), 'alert')} firing", items=tuple(items)))
    elif view.by:
        blocks.append(outside_line(f"opened by {view.by}"))
    return tuple(blocks)


def _grouped(lines: list[AlertLine]) -> list[str]:
    """Return one row a title and severity, oldest first, with how many and since when."""
    groups: dict[tuple[str, str], list[AlertLine]] = {}
    for line in lines:
        groups.setdefault((line.alert.title, line.alert.severity), []).append(line)
    rows: list[str] = []
    for (title, severity), same in groups.items():
        since = min(line.alert.starts_at or line.first_at for line in same)
        many = f" (x{len(same)})" if len(same) > 1 else ""
        rows.append(f"{clip(title, 200)}{many} ({severity}) since {utc_words(since)}")
    return rows
