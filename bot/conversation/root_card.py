"""The root card of an incident: what fires, whose it is, what changed, where it stands. Pure."""

from bot.conversation.background import background_blocks
from bot.conversation.care import care_controls, care_lines
from bot.conversation.firing import firing_blocks
from bot.conversation.look import Look, footer_line
from bot.conversation.phrases import (
    LINE_CHARS,
    TITLE_CHARS,
    clip,
    code_of,
    counted,
    fallback_line,
    one_line,
    standing_words,
    trust_by,
    utc_words,
)
from bot.conversation.receipt import who_found
from bot.incident.alarms import SELF
from bot.incident.card import Block, Card, Control, FactLine, Items, Text
from bot.incident.model import Link
from bot.incident.state import State
from bot.incident.summary import lasted

WORDS_CHARS = 1500


def draw_root(state: State, look: Look) -> Card:
    """Return the one card that stands at the head of every conversation of the incident."""
    view = state.incident
    standing = standing_words(state, look.paused_by)
    return Card(
        key="root",
        version=state.seq,
        kind="root",
        title=clip(one_line(view.title), TITLE_CHARS),
        fallback=fallback_line(state, standing),
        severity=view.severity,
        state=standing,
        facts=(*_whose(state), *_runbook(state), *_people(state, look)),
        blocks=(*_switches(look), *firing_blocks(state), *background_blocks(state), *_found(state)),
        controls=(*care_controls(state), *_controls(state)),
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
    if service is None and named == SELF:
        return (_ours("Service", f"{SELF} (this bot)"), _ours("Owner", "whoever runs this bot"))
    if service is None:
        known = "not in services.yaml" if loaded else "being looked up"
        owner = "no owner in services.yaml" if loaded else "being looked up"
        return (
            _outside("Service", f"{named} ({known})" if named else f"unknown ({known})"),
            _ours("Owner", owner),
        )
    where = f" in {service.environment}" if service.environment else ""
    title = f" ({service.title})" if service.title else ""
    tier = str(service.tier) if service.tier else "no tier in services.yaml"
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


def _people(state: State, look: Look) -> tuple[FactLine, ...]:
    view, run = state.incident, state.run
    waiting = [code_of(item) for item in view.proposals.values() if item.status == "pending"]
    unsure = [code_of(item) for item in view.proposals.values() if item.status == "unknown"]
    lines = (
        ("Status", _status(state)),
        ("Approval needed", ", ".join(waiting)),
        ("Outcome unknown", ", ".join(unsure)),
        ("Investigation", _investigation(state, look)),
        ("Not put before you", run.rejected[-1][1] if run.rejected else ""),
        *care_lines(state),
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


def _investigation(state: State, look: Look) -> str:
    run, ended = state.run, state.incident.ended
    asked, so_far = run.question, counted(run.steps, "step")
    steps = counted(ended.steps, "step") if ended is not None else so_far
    first = state.unknown[0] if state.unknown else None
    stands = (
        f"on hold: {first.type} v{first.v} cannot be read by this version" if first else "",
        f"answering what {asked.person} asked" if asked is not None and run.answering else "",
        f"paused by {run.paused_by}" if run.paused_by else "",
        f"finished, {steps}" if run.done else "",
        f"paused with the bot by {look.paused_by}, {so_far} so far" if look.paused_by else "",
        look.queued,
    )
    return next((words for words in stands if words), f"running, {so_far} so far")


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


def _found(state: State) -> tuple[Block, ...]:
    view = state.incident
    if view.summary:
        text = Text(value=clip(view.summary, WORDS_CHARS), trust="outside")
        return (Items(title="Summary", items=(text,)),)
    if view.ended is None:
        return ()
    text = Text(value=clip(view.conclusion, WORDS_CHARS), trust=trust_by(view.ended.by))
    return (Items(title=f"Conclusion ({who_found(view.ended)})", items=(text,)),)


def _controls(state: State) -> tuple[Control, ...]:
    if state.incident.status != "open" or state.incident.merged_into:
        return ()
    if state.run.paused_by:
        return (Control(verb="resume", label="Resume", value=state.stream,
                        accessible=f"Resume the investigation of {state.stream}"),)  # fmt: skip
    if state.run.done or (state.run.answering and not state.run.parked):
        return ()
    return (Control(verb="pause", label="Pause", value=state.stream,
                    accessible=f"Pause the investigation of {state.stream}"),)  # fmt: skip


def _links(state: State) -> tuple[Link, ...]:
    """Return the service's own links: a file of the team's, not a payload, named them."""
    loaded = state.run.context
    return loaded.service.links if loaded and loaded.service else ()
