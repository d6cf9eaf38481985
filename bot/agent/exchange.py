"""What goes to a model and what comes back: values, and the Protocol of whoever carries them."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol

from pydantic import JsonValue

from bot.errors import ToolError
from bot.incident.facts_run import FallbackKind, Receipt, Usage


@dataclass(frozen=True, slots=True)
class Prompt:
    """One request, rendered. The parts are sent in this order; only `volatile` changes each Step.

    `system` is the same for every incident of a specialist and `stable` the same for every Step of
    a run, so that a provider may cache both. `schema` is the closed JSON schema of the answer (an
    object). `digest` is the hex SHA-256 of the prompt's files. `estimated_tokens` is the
    estimator's word for all of it, schema included, before any ratio.
    """

    system: str
    stable: str
    volatile: str
    schema: Mapping[str, JsonValue]
    digest: str
    estimated_tokens: int
    receipt: Receipt


@dataclass(frozen=True, slots=True)
class ModelReply:
    """What one request brought. `text` is meant to be JSON by the schema; nobody checked it yet.

    `exchange` is the request and the reply as they went over the wire, as JSON values. It never
    holds a credential. `by` is which model of a chain answered, as `provider:name`; "" when there
    is only the one that was asked. `unheard` is how many requests were sent besides of which nobody
    said what they cost.
    """

    text: str
    usage: Usage
    exchange: JsonValue
    by: str = ""
    unheard: int = 0


class ModelError(ToolError):
    """A model did not answer in a way that can be used.

    Attributes:
        kind: Why, as `StepChosen.fallback` keeps it.
        usage: What it cost all the same.
        exchange: The request, and what came of it; None when nothing was sent.
        too_long: The provider says that the context does not fit its window.
        by: Which model of a chain it was, as `provider:name`; "" when there is only one.
        unheard: How many requests were sent that may cost something and of which nobody said what.
    """

    def __init__(
        self,
        message: str,
        kind: FallbackKind,
        *,
        retry_after_s: float | None = None,
        too_long: bool = False,
    ) -> None:
        super().__init__(message)
        self.kind: FallbackKind = kind
        self.retry_after_s = retry_after_s
        self.too_long = too_long
        self.by = ""
        self.usage = Usage()
        self.exchange: JsonValue = None
        self.unheard = 0


class LanguageModel(Protocol):
    """Carries one request to a model.

    Attributes:
        name: `provider:name`, as the settings name it; the first of a chain.
        window: Tokens the model can take; None when nobody knows.
    """

    name: str
    window: int | None

    async def ask(self, prompt: Prompt, note: str, deadline_s: float) -> ModelReply:
        """Return the answer to the prompt; `note` is appended to its volatile part.

        Raises:
            ModelError: None came in time, or none that can be read.
        """
        ...
