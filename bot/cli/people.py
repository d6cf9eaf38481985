"""Commands about people: who they are, sign-in links, accounts, API tokens."""

import asyncio
from typing import Annotated
from urllib.parse import quote

import typer

from bot.cli.remote import UrlOption, call, hook_variables
from bot.settings import load_settings

PersonName = Annotated[str, typer.Argument(metavar="PERSON", help="A name of people.yaml.")]
TokenName = Annotated[str, typer.Argument(metavar="NAME", help="What the token is called.")]


def list_people() -> int:
    """Print everybody of people.yaml: groups, accounts, links and API tokens."""
    from bot.app.clock import SystemClock
    from bot.app.database import reading
    from bot.app.people import people_lines

    settings, clock = load_settings(hook_variables()), SystemClock()

    async def run() -> list[str]:
        async with reading(settings, clock) as store:
            return await people_lines(store.log, settings.runbooks, clock.now())

    for line in asyncio.run(run()):
        print(line)
    return 0


def link(person: PersonName, url: UrlOption = "") -> int:
    """Print a link that signs this person in to the pages, once, within ten minutes."""
    return _done("POST", f"people/{_part(person)}/link", None, url, "{url}")


def unlink(
    account: Annotated[str, typer.Argument(metavar="ACCOUNT", help="Such as slack:T1/U1.")],
    url: UrlOption = "",
) -> int:
    """Take an account from its person; their sessions on the pages end too."""
    told = f"{account} is nobody's any more; the sessions of {{person}} ended"
    return _done("POST", "people/unlink", {"actor": account}, url, told)


def token(
    person: PersonName,
    name: TokenName,
    days: Annotated[int, typer.Option(help="How long it counts, at most 90.")] = 30,
    url: UrlOption = "",
) -> int:
    """Print a new API token for this person. It is shown this once."""
    body = {"name": name, "days": days}
    return _done("POST", f"people/{_part(person)}/tokens", body, url, "{token}")


def revoke(person: PersonName, name: TokenName, url: UrlOption = "") -> int:
    """Take an API token back; it counts no more."""
    path = f"people/{_part(person)}/tokens/{_part(name)}"
    return _done("DELETE", path, None, url, f"the token {name} of {{person}} counts no more")


def _done(method: str, path: str, body: dict[str, str | int] | None, url: str, told: str) -> int:
    """Call the bot and print `told`, filled with what it answered, or why not."""
    answer = call(method, path, dict(body) if body is not None else None, url)
    found = answer.json()
    if answer.is_success:
        print(told.format_map(found))
        return 0
    detail = found.get("detail")
    print(detail if isinstance(detail, str) else "; ".join(one["msg"] for one in detail or ()))
    return 1


def _part(name: str) -> str:
    return quote(name, safe="")
