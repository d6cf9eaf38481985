"""What looking at and making silences share: where Alertmanager is, and the shapes it speaks."""

import json
from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager
from datetime import datetime
from typing import Annotated

from pydantic import AfterValidator, AliasPath, Field, JsonValue, SecretStr, TypeAdapter

from bot.incident.model import Value
from bot.shelf import Needs
from tools import address
from tools.credential import bearer
from tools.http import Call, Remote, Shape, client

Address = Annotated[str, AfterValidator(address.base)]


class Matcher(Value):
    """One label test, as Alertmanager spells it: `=`, `!=`, `=~` or `!~`."""

    name: str = Field(pattern=r"^[a-zA-Z_][a-zA-Z0-9_]*$", max_length=64)
    value: str = Field(max_length=200, pattern=r"^[^\x00-\x1f\x7f]*$")
    is_regex: bool = Field(default=False, strict=True)
    is_equal: bool = Field(default=True, strict=True)

    @property
    def sign(self) -> str:
        """The operator."""
        return {(True, False): "=", (False, False): "!=", (True, True): "=~", (False, True): "!~"}[
            self.is_equal, self.is_regex
        ]

    @property
    def written(self) -> str:
        """The matcher in Alertmanager's own syntax, its value quoted."""
        return f"{self.name}{self.sign}{json.dumps(self.value, ensure_ascii=False)}"


class RawMatcher(Shape):
    """A matcher of a silence, as the API gives it."""

    name: str
    value: str
    is_regex: bool = Field(alias="isRegex")
    is_equal: bool = Field(default=True, alias="isEqual")


class Silence(Shape):
    """A silence; `state` is active, pending or expired."""

    id: str
    comment: str = ""
    ends_at: datetime = Field(alias="endsAt")
    state: str = Field(validation_alias=AliasPath("status", "state"))
    matchers: tuple[RawMatcher, ...] = ()


SILENCES = TypeAdapter(tuple[Silence, ...])


def written(matchers: Sequence[Matcher | RawMatcher]) -> str:
    """Return matchers as one text, sorted, so that equal sets read equal."""
    made = (
        Matcher.model_construct(
            name=one.name, value=one.value, is_regex=one.is_regex, is_equal=one.is_equal
        )
        for one in matchers
    )
    return ", ".join(sorted(one.written for one in made))


def kept(silence: Silence) -> JsonValue:
    """Return a silence as evidence keeps it."""
    return {
        "id": silence.id,
        "state": silence.state,
        "matchers": written(silence.matchers),
        "ends_at": silence.ends_at.isoformat(),
        "comment": silence.comment,
    }


async def silences(remote: Remote) -> tuple[Silence, ...]:
    """Return every silence Alertmanager still knows, expired ones too.

    Raises:
        RemoteError: It did not answer, or not with silences.
    """
    return (await remote.get(Call("GET", "/api/v2/silences"))).parse(SILENCES)


@asynccontextmanager
async def connected(
    needs: Needs, url: Address | None, token: SecretStr, name: str
) -> AsyncGenerator[Remote | None]:
    """Yield Alertmanager, asked with the token of the variable `name`; None without an address."""
    if url is None:
        yield None
        return
    async with client(needs, lambda: (url,)) as http:
        yield Remote(http, "alertmanager", url, bearer(token.get_secret_value(), name))
