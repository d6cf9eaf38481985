"""`routes.yaml` as Routing: who investigates what, and the operator's allow-list."""

from collections.abc import Collection, Iterator, Mapping
from typing import Literal, get_args

from pydantic import Field

from bot.errors import ConfigError, InputError
from bot.incident.commands import seconds
from bot.incident.model import Runbook, Value
from bot.knowledge import document, matchers

FILE = "routes.yaml"
Specialist = Literal["generalist", "deploy_regression"]
SPECIALISTS: tuple[Specialist, ...] = get_args(Specialist)
"""Every specialist there is a prompt for, by the name of its file."""
GENERALIST: Specialist = "generalist"
"""Investigates what no rule fits."""
NOTHING_TO_LOOK_WITH = (
    "no configured tool to look with: such an investigation can only end without evidence"
)
MOST_TOOLS = 12
MOST_STEPS = 10


class AllowList(Value):
    """What the operator lets be used and named at all; None is everything there is."""

    tools: tuple[str, ...] | None = None
    services: tuple[str, ...] | None = None

    def lets_use(self, tool: str) -> bool:
        """Tell whether the tool may be offered and run."""
        return self.tools is None or tool in self.tools

    def lets_name(self, service: str) -> bool:
        """Tell whether the service may be the argument of a tool."""
        return self.services is None or service in self.services


class Route(Value):
    """One rule: all of its conditions hold for one alert, and this specialist investigates.

    `match` are Alertmanager matchers. `kind` and `tier_at_most` are those of the alert's service
    in the catalogue. `changed_within` is how long before the incident that service had a deploy, a
    configuration or a flag change, as 30m or 2h. `tools` empty: every tool there is. `max_steps`
    lowers the Steps of a run.
    """

    name: str = Field(min_length=1, max_length=80)
    specialist: Specialist = GENERALIST
    match: tuple[str, ...] = ()
    source: str = ""
    service: str = ""
    kind: str = ""
    tier_at_most: int | None = Field(default=None, ge=1, le=5)
    changed_within: str = ""
    tools: tuple[str, ...] = Field(default=(), max_length=MOST_TOOLS)
    max_steps: int | None = Field(default=None, ge=1, le=MOST_STEPS)

    @property
    def within_s(self) -> int:
        """Seconds of `changed_within`; 0 when the rule asks for no change."""
        return int(seconds(self.changed_within)) if self.changed_within else 0

    @property
    def is_open(self) -> bool:
        """True when it has no condition, and so fits everything."""
        asked = (self.match, self.source, self.service, self.kind, self.changed_within)
        return not any(asked) and self.tier_at_most is None


class Routing(Value):
    """The rules in the file's order, the first that fits decides; none of them: the generalist."""

    rules: tuple[Route, ...] = ()
    allow: AllowList = AllowList()


def parse(path: str, text: str) -> Routing:
    """Return the routes that `text` writes; an empty or absent file sends all to the generalist.

    Raises:
        ConfigError: Not of this shape, a specialist nobody wrote a prompt for, a matcher or a
            duration that cannot be read, two rules of one name, or a rule that is never reached.
    """
    found = document.read(path, text)
    routes = found.validate(Routing)
    faults = [
        f"{path} line {found.line('rules', place)}: rules[{place}] {rule.name!r}: {fault}"
        for place, rule in enumerate(routes.rules)
        for fault in _faults(rule, routes.rules[:place])
    ]
    if faults:
        raise ConfigError("\n".join(faults))
    return routes


def route_problems(
    routes: Routing, tools: Collection[str], services: Collection[str], books: Collection[Runbook]
) -> list[str]:
    """Return what in the routes names nothing that exists, or takes from runbooks what they use."""
    return [
        f"{FILE}: {fault}"
        for fault in (
            *(_unknown("allow.tools", routes.allow.tools or (), tools, "tool")),
            *(_unknown("allow.services", routes.allow.services or (), services, "service")),
            *(
                fault
                for rule in routes.rules
                for fault in _unknown(f"rule {rule.name!r}: tools", rule.tools, tools, "tool")
            ),
            *_taken(routes.allow, books),
        )
    ]


def toolless(routes: Routing, reads: Collection[str]) -> list[str]:
    """Return which rules, or the allow-list itself, leave none of these read tools to look with."""
    allow = routes.allow
    if not any(map(allow.lets_use, reads)):
        return [f"{FILE}: allow.tools leaves {NOTHING_TO_LOOK_WITH}"]
    return [
        f"{FILE}: rule {rule.name!r}: tools, with allow.tools, leaves {NOTHING_TO_LOOK_WITH}"
        for rule in routes.rules
        if rule.tools and not any(one in reads and allow.lets_use(one) for one in rule.tools)
    ]


def _faults(rule: Route, earlier: tuple[Route, ...]) -> Iterator[str]:
    if any(other.name == rule.name for other in earlier):
        yield "another rule has this name; rename one"
    if open_one := next((other.name for other in earlier if other.is_open), ""):
        yield f"is never reached: the rule {open_one!r} before it has no condition"
    for text in rule.match:
        try:
            matchers.compile_matcher(text)
        except ConfigError as error:
            yield f"match: {error}"
    try:
        if rule.changed_within and rule.within_s <= 0:
            yield "changed_within: must be longer than nothing"
    except InputError:
        yield f"changed_within: {rule.changed_within!r}: write how long, as 30m, 2h or 3d"


def _unknown(
    where: str, names: Collection[str], known: Collection[str], what: str
) -> Iterator[str]:
    for name in names:
        if name not in known:
            there = ", ".join(sorted(known)[:20]) or "none"
            yield f"{where}: there is no {what} {name!r}; there is {there}"


def _taken(allow: AllowList, books: Collection[Runbook]) -> Iterator[str]:
    for book in books:
        for where, tool in _uses(book).items():
            if not allow.lets_use(tool):
                yield f"allow.tools leaves out {tool}, which {book.path} uses in {where}"


def _uses(book: Runbook) -> Mapping[str, str]:
    used = {f"diagnose {step.id}": step.tool for step in book.diagnose}
    for action in book.actions:
        used[f"action {action.id}"] = action.tool
        for probe in (*action.preconditions, *action.verify):
            used[f"probe {probe.title!r}"] = probe.tool
    return used
