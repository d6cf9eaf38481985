"""What was known before anybody looked: changes, earlier incidents, and what is missing. Pure."""

from datetime import datetime

from bot.conversation.phrases import clip, outside_line, utc_words
from bot.incident.card import Block, Items, Text
from bot.incident.facts_run import ContextLoaded
from bot.incident.model import Change, Similar
from bot.incident.state import State
from bot.incident.summary import lasted

CHANGE_LINES = 5


def background_blocks(state: State) -> tuple[Block, ...]:
    """Return changes, resembling incidents and gaps; nothing before the context was loaded."""
    loaded, opened_at = state.run.context, state.incident.opened_at
    if loaded is None or opened_at is None:
        return ()
    changes = [outside_line(_change(change, opened_at)) for change in loaded.changes[:CHANGE_LINES]]
    left = len(loaded.changes) - CHANGE_LINES
    if left > 0:
        changes.append(Text(value=f"and {left} more"))
    nothing = Text(value="no change recorded in the window")
    blocks: list[Block] = [Items(title="Recent changes", items=tuple(changes) or (nothing,))]
    if loaded.similar:
        earlier = tuple(outside_line(_similar(one)) for one in loaded.similar)
        blocks.append(Items(title="It happened before", items=earlier))
    elif not _failed_to_look(loaded):
        blocks.append(Text(value="No earlier incident like this one."))
    if loaded.missing:
        blocks.append(Items(title="Not known", items=tuple(map(outside_line, loaded.missing))))
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
