"""The ways in around a Bot: webhooks that are verified, replies that are understood."""

from bot.app.bot import Bot
from bot.app.routes import RouteShelf
from bot.incident.model import Alert
from bot.intake.asking import Asking
from bot.intake.decisions import Decisions
from bot.intake.delivery import Entrance, Intake
from bot.intake.inbox import Replies
from bot.intake.person import Persons
from bot.intake.reading import Reading
from bot.intake.running import Running
from bot.intake.sources import SOURCES
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
    return Intake(entrance, bot.store.deliveries, bot.world.clock)


def inbox_of(bot: Bot, base_url: str) -> Replies:
    """Return the way in of what humans say."""
    store, library, clock = bot.store, bot.library, bot.world.clock
    persons = Persons(library, lambda: bot.household.house.links)
    decisions = Decisions(store.log, store.incidents, library, persons, clock)
    return Replies(
        persons,
        decisions,
        Asking(store.log, persons, library),
        Running(store.log, persons, decisions, library, clock),
        Reading(
            store.log,
            store.incidents,
            decisions,
            persons,
            lambda: status_line(bot),
            lambda: base_url,
        ),
    )


def status_line(bot: Bot) -> str:
    """Return how the bot is, in one line."""
    closed = bot.household.closed()
    enabled = [rule.name for rule in bot.library.policy.rules if rule.allow]
    actions = f"actions: {', '.join(enabled)}" if enabled else "READ-ONLY: no action is enabled"
    knowledge = f"knowledge {bot.library.revision}"
    broken = f"; broken: {bot.library.problem.splitlines()[0]}" if bot.library.problem else ""
    return f"{version_line()}; {closed or actions}; {knowledge}{broken}"
