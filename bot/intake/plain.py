"""An Alertmanager message of version 4 to the letter, read in one go; anything else is not read.

Its shape leaves `sources.alertmanager` nothing to shorten, to guess or to leave out.
"""

from dataclasses import dataclass
from typing import Annotated, ClassVar, Literal

from pydantic import ConfigDict, Field, TypeAdapter, ValidationError

from bot.intake.fields import ANNOTATION_CHARS, KEY_CHARS, LABEL_CHARS, MAX_LABELS, NAME_CHARS
from bot.intake.payload import is_plain

MAX_ALERTS = 2000
"""Alerts of one message that are read; the others count as truncated, as Alertmanager's do."""
MAX_TRUNCATED = 1_000_000
_EXACT = ConfigDict(strict=True, extra="forbid")
_Name = Annotated[str, Field(max_length=NAME_CHARS)]
_Labels = Annotated[
    dict[_Name, Annotated[str, Field(max_length=LABEL_CHARS)]], Field(max_length=MAX_LABELS)
]
_Annotations = Annotated[
    dict[_Name, Annotated[str, Field(max_length=ANNOTATION_CHARS)]], Field(max_length=MAX_LABELS)
]
_Status = Literal["firing", "resolved"]


@dataclass(slots=True)
class PlainAlert:
    """One of its alerts."""

    __pydantic_config__: ClassVar[ConfigDict] = _EXACT

    status: _Status
    labels: _Labels
    annotations: _Annotations
    starts_at: Annotated[str, Field(alias="startsAt")]
    ends_at: Annotated[str, Field(alias="endsAt")]
    generator: Annotated[str, Field(alias="generatorURL")]
    fingerprint: Annotated[str, Field(min_length=1)]


@dataclass(slots=True)
class PlainMessage:
    """The message; what is not used is told all the same, for nothing else may be in it."""

    __pydantic_config__: ClassVar[ConfigDict] = _EXACT

    version: str
    group_key: Annotated[str, Field(alias="groupKey", min_length=1, max_length=KEY_CHARS)]
    truncated: Annotated[int, Field(alias="truncatedAlerts", ge=0, le=MAX_TRUNCATED)]
    status: _Status
    receiver: str
    group_labels: Annotated[dict[str, str], Field(alias="groupLabels")]
    common_labels: Annotated[dict[str, str], Field(alias="commonLabels")]
    common_annotations: Annotated[dict[str, str], Field(alias="commonAnnotations")]
    external: Annotated[str, Field(alias="externalURL")]
    alerts: Annotated[list[PlainAlert], Field(max_length=MAX_ALERTS)]


_MESSAGE = TypeAdapter(PlainMessage)


def read_message(body: bytes) -> PlainMessage | None:
    """Return the message in `body`; None when it is not just so, or has text to clean."""
    if not is_plain(body):
        return None
    try:
        return _MESSAGE.validate_json(body)
    except ValidationError:
        return None
