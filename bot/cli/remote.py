"""Commands that speak HTTP to the running bot, with the operator's token."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Annotated

import typer
from pydantic import JsonValue

from bot.errors import ConfigError
from bot.settings import Settings, load_settings

if TYPE_CHECKING:
    import httpx

TIMEOUT_S = 20.0
UrlOption = Annotated[
    str, typer.Option("--url", help="Where the bot runs; default: HOST and PORT.")
]
Words = Annotated[list[str] | None, typer.Argument(help="The rest of the command.")]


def command_of(name: str) -> Callable[..., int]:
    """Return the function behind one word of the grammar."""

    def send(words: Words = None, url: UrlOption = "") -> int:
        quoted = " ".join([name, *(words or [])])
        return command(quoted, url)

    return send


def command(text: str, url: str = "") -> int:
    """Send one command and print what the bot answers; 1 when it refused.

    Raises:
        ConfigError: The bot does not answer, or the token is not its own.
    """
    answer = call("POST", "commands", {"text": text}, url)
    body = answer.json()
    print(body.get("text") or body.get("detail") or answer.text)
    return 0 if answer.is_success else 1


def call(method: str, path: str, body: JsonValue = None, url: str = "") -> "httpx.Response":
    """Return what the running bot's API answers to the operator.

    Raises:
        ConfigError: The bot does not answer, or the token is not its own.
    """
    import httpx

    from bot.app.token import known_token

    settings = load_settings(hook_variables())
    base = url or address(settings)
    headers = {"authorization": f"Bearer {known_token(settings)}"}
    try:
        answer = httpx.request(
            method, f"{base}/api/v1/{path}", json=body, headers=headers, timeout=TIMEOUT_S
        )
    except httpx.HTTPError as error:
        raise _silent(base, error) from None
    if answer.status_code == 401:
        raise ConfigError(
            f"the bot at {base} does not know the token of TRIAGE_OPERATOR_TOKEN, or else of "
            f"{settings.operator_token_file}: {answer.json()['detail']}"
        )
    return answer


def _silent(base: str, error: Exception) -> ConfigError:
    return ConfigError(f"no bot answers at {base} ({error}); start it with: triagebot serve")


def address(settings: Settings) -> str:
    """Return where the bot of these settings is reached from this machine."""
    if settings.public_url is not None:
        return str(settings.public_url).rstrip("/")
    host = "127.0.0.1" if settings.host in {"0.0.0.0", "::", ""} else settings.host  # noqa: S104 - asked, not bound
    return f"http://{host}:{settings.port}"


def hook_variables() -> set[str]:
    """Return the `TRIAGE_…` names that the knowledge folder's hooks declare."""
    from bot.app.check import declared_variables

    return declared_variables()


def fire(
    source: Annotated[str, typer.Argument(help="Source, as in /hooks/SOURCE.")] = "alertmanager",
    route: Annotated[str, typer.Option(help="Route of hooks.yaml.")] = "default",
    url: UrlOption = "",
    *,
    resolved: Annotated[bool, typer.Option(help="Send the resolved notification.")] = False,
) -> int:
    """Send an example alert to the running bot, signed as hooks.yaml says."""
    import httpx

    from bot.app.example import example_delivery

    settings = load_settings(hook_variables())
    base = url or address(settings)
    body, headers = example_delivery(settings, source, route, resolved=resolved)
    try:
        answer = httpx.post(
            f"{base}/hooks/{source}/{route}", content=body, headers=headers, timeout=TIMEOUT_S
        )
    except httpx.HTTPError as error:
        raise _silent(base, error) from None
    print(f"{answer.status_code} {answer.text}")
    return 0 if answer.is_success else 1
