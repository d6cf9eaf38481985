"""An adapter's settings, read through what the composition root hands in."""

from typing import TypeVar

from pydantic import ValidationError

from bot.errors import ConfigError
from bot.settings import Section
from bot.shelf import Needs

S = TypeVar("S", bound=Section)


def configured(kind: type[S], needs: Needs) -> S:
    """Return the section with every field that is set; `NAME_FILE` counts, as for any secret.

    Raises:
        ConfigError: A value is not acceptable; the message names the variable, never its value.
    """
    prefix = str(kind.model_config.get("env_prefix", ""))
    given = {
        name: value
        for name in kind.model_fields
        if (value := needs.secret(f"{prefix}{name}".upper()))
    }
    try:
        return kind.model_validate(given)
    except ValidationError as error:
        first = error.errors(include_url=False, include_context=False, include_input=False)[0]
        name = f"{prefix}{first['loc'][0] if first['loc'] else ''}".upper()
        raise ConfigError(f"{name}: {first['msg'].removeprefix('Value error, ')}") from None
