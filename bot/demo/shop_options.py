"""How the shop is told what to do: options on its command line, secrets in its environment."""

import argparse
from collections.abc import Sequence
from typing import Annotated

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, SecretStr, ValidationError
from pydantic_settings import BaseSettings, SettingsConfigDict

from bot.errors import ConfigError


class ShopSettings(BaseSettings):
    """The shop's secrets: SHOP_DEPLOY_TOKEN, SHOP_ALERT_TOKEN and SHOP_CHANGE_TOKEN.

    They are bearer tokens: for /deploy and /rollback, for `--alert-url`, for `--change-url`.
    """

    model_config = SettingsConfigDict(env_prefix="SHOP_", frozen=True, env_ignore_empty=True)

    deploy_token: SecretStr | None = None
    alert_token: SecretStr | None = None
    change_token: SecretStr | None = None


def _words(value: object) -> object:
    return tuple(word for word in value.split(",") if word) if isinstance(value, str) else value


Words = Annotated[tuple[str, ...], BeforeValidator(_words)]
"""Words with commas between them."""

_URL = r"^(https?://[^/\s]+(/\S*)?)?$"


class Options(BaseModel):
    """The command line: each field is an option of the same name, with dashes."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    port: int = Field(default=0, ge=0, le=65535, description="0: any free port")
    history: Words = Field(default=("v40", "v41"), description="versions that ran; the last runs")
    bad: Words = Field(default=("v42",), description="versions that break the checkout")
    alert_url: str = Field(
        default="", pattern=_URL, description="where alerts go; needs SHOP_ALERT_TOKEN"
    )
    change_url: str = Field(
        default="", pattern=_URL, description="where deploys go; needs SHOP_CHANGE_TOKEN"
    )
    runbook_url: str = Field(
        default="https://runbooks.example/bad-deploy", description="what the alert points to"
    )
    requests_per_s: float = Field(default=40, ge=0, le=500, description="own traffic; 0: none")
    latency_s: float = Field(default=0.012, ge=0, le=5, description="time of a good checkout")
    window_s: float = Field(default=5, gt=0, le=300, description="what a ratio is taken over")
    sample_s: float = Field(default=1, gt=0, le=60, description="between samples for queries")
    evaluate_s: float = Field(default=0.25, gt=0, le=60, description="between looks of the rule")
    for_s: float = Field(default=1.5, ge=0, le=300, description="how long until the rule fires")
    above: float = Field(default=0.10, ge=0, le=1, description="error ratio that alarms")
    below: float = Field(default=0.05, ge=0, le=1, description="error ratio that is healthy")
    parent_pid: int = Field(default=0, ge=0, description="ends with it; 0: the parent at start")
    parent_poll_s: float = Field(default=0.2, gt=0, le=10, description="between looks at it")


def read_options(argv: Sequence[str]) -> Options:
    """Return the options of a command line without the program's name.

    Raises:
        ConfigError: A value is out of its range; the message names the option.
        SystemExit: An unknown option (2), or `--help` (0).
    """
    parser = argparse.ArgumentParser(prog="python -m bot.demo.shop", allow_abbrev=False)
    for name, option in Options.model_fields.items():
        parser.add_argument(
            f"--{name.replace('_', '-')}",
            default=argparse.SUPPRESS,
            metavar="…",
            help=f"{option.description} (default: {option.default!r})".replace("%", "%%"),
        )
    try:
        return Options.model_validate(vars(parser.parse_args(argv)))
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        name = "--" + str(first["loc"][0]).replace("_", "-")
        raise ConfigError(f"{name} {first['input']!r}: {first['msg']}") from error
