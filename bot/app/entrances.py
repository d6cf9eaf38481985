"""The ways in around a Bot: webhooks that are verified, replies that are understood."""

from collections.abc import Mapping

from pydantic import JsonValue

from bot.app.bot import Bot
from bot.app.clock import machine_clock
from bot.app.routes import RouteShelf
from bot.conversation.archive import Archive
from bot.errors import ConfigError
from bot.incident.model import Alert
from bot.incident.stepup import FOOTER
from bot.intake.asking import Asking
from bot.intake.caring import Caring
from bot.intake.decisions import Decisions
from bot.intake.delivery import Entrance, Intake
from bot.intake.editing import Editing
from bot.intake.filing import Filing
from bot.intake.hearing import Hearing
from bot.intake.house_pen import HousePen
from bot.intake.inbox import Replies
from bot.intake.linking import Links
from bot.intake.person import Persons
from bot.intake.proving import Proving, Warrants
from bot.intake.questioning import Questioning
from bot.intake.reading import Reading
from bot.intake.running import Running
from bot.intake.sources import SOURCES
from bot.intake.stepping import Stepping
from bot.intake.totp import Totp
from bot.intake.vault import Vault
from bot.knowledge.redact import Redactor
from bot.version import version_line


def intake_of(bot: Bot, routes: RouteShelf) -> Intake:
    """Return the way in of webhooks."""

    def service_of(alert: Alert) -> str:
        found = bot.library.catalogue.service_of(alert)
        return found.name if found is not None else ""

    def service_named(name: str) -> str:
        found = bot.library.catalogue.get(name)
        return found.name if found is not None else ""

    entrance = Entrance(
        sources=SOURCES,
        routes=routes,
        service_of=service_of,
        service_named=service_named,
        redactor=Redactor,
        max_bytes=bot.world.settings.body_max_bytes,
    )
    clock, hearing = machine_clock(bot.world.clock), Hearing(bot.store.hearings)
    return Intake(entrance, bot.store.deliveries, clock, hearing)


def pen_of(bot: Bot) -> HousePen:
    """Return what writes facts about people."""
    return HousePen(bot.store.log, bot.library, bot.household.refresh, bot.access.sealed)


def links_of(bot: Bot, base_url: str) -> Links:
    """Return what gives out single-use links and takes them in."""
    return Links(pen_of(bot), bot.store.sessions, bot.world.clock, lambda: base_url)


def inbox_of(bot: Bot, base_url: str) -> Replies:
    """Return the way in of what humans say."""
    store, library, clock = bot.store, bot.library, bot.world.clock
    public_url = str(bot.world.settings.public_url or "")
    persons = Persons(library, lambda: bot.household.house.links, bot.household.refresh)
    totp = totp_of(bot)
    proving = Proving(totp, lambda: base_url, lambda: bot.household.house.vouching)
    warrants = Warrants(proving, bot.key)
    decisions = Decisions(store.log, store.incidents, library, persons, clock, warrants)
    return Replies(
        persons,
        decisions,
        Editing(store.log, persons, decisions, clock, lambda name: schema_of(bot, name)),
        Asking(store.log, persons, library),
        Questioning(store.log, persons, clock),
        Caring(store.log, persons, library, clock, bot.roster),
        Running(store.log, persons, decisions, clock),
        Reading(
            store.log,
            store.incidents,
            decisions,
            persons,
            lambda: status_line(bot),
            Filing(Archive(store.log, public_url), lambda: base_url),
        ),
        Stepping(persons, totp),
        links_of(bot, base_url),
    )


def schema_of(bot: Bot, name: str) -> Mapping[str, JsonValue] | None:
    """Return the closed JSON schema of an action's arguments here; None when it is not open.

    While a file that closes it cannot be used, it is the tool's own, which is wider: what comes of
    an edit is checked again when it is prepared.
    """
    found = bot.box.action(name)
    if found is None:
        return None
    own = found.tool.args.model_json_schema()
    try:
        return own if found.tool.schema is None else found.tool.schema(bot.given)
    except ConfigError:
        return own


def totp_of(bot: Bot) -> Totp:
    """Return the step-up by one-time codes; it goes by the clock that phones agree with."""
    clock = machine_clock(bot.world.clock)
    return Totp(bot.store.step_ups, bot.store.log, clock, Vault(bot.key.vault, clock))


def status_line(bot: Bot) -> str:
    """Return how the bot is, in one line."""
    closed = bot.household.closed()
    enabled = [rule.name for rule in bot.library.policy.rules if rule.allow]
    actions = f"actions: {', '.join(enabled)}" if enabled else "READ-ONLY: no action is enabled"
    knowledge = (
        f"policy {bot.library.policy.digest[:12] or 'none'}; knowledge {bot.library.revision}"
    )
    broken = f"; broken: {bot.library.problem.splitlines()[0]}" if bot.library.problem else ""
    storm = bot.weather.storm.line
    said = f"{version_line()}; {closed or actions}; {knowledge}{broken}"
    said = f"{said}; {FOOTER}" if bot.world.settings.accept_chat_only_high else said
    return f"{said}; {storm}" if storm else said
