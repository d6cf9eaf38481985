"""What went wrong with a request, in our words and kinds, from what pydantic-ai raises."""

from collections.abc import Mapping
from typing import cast

from pydantic_ai import exceptions

from bot.agent.exchange import ModelError
from bot.agent.llm.trace import Trace
from bot.incident.facts_run import FallbackKind

SAID_CHARS = 160
"""So much of the provider's own words goes into the message."""

KINDS: tuple[tuple[type[Exception], FallbackKind, str], ...] = (
    (exceptions.ModelTimeoutError, "slow", "did not answer in time"),
    (
        exceptions.ModelConnectionError,
        "unreachable",
        "cannot be reached, or broke off before it had answered; is it running, and is {look_at} "
        "right?",
    ),
    (exceptions.ModelRateLimitError, "rate_limited", "asks us to slow down"),
    (exceptions.ModelUnavailableError, "overloaded", "is overloaded"),
    (exceptions.ModelServerError, "overloaded", "failed"),
    (
        exceptions.ModelContextWindowExceededError,
        "invalid",
        "says that the context is too long for it",
    ),
    (
        exceptions.ModelQuotaExceededError,
        "refused",
        "has no quota or credit left; look at the account's billing",
    ),
    (exceptions.ModelAuthenticationError, "refused", "does not let us in; check {look_at}"),
    (exceptions.ModelNotFoundError, "refused", "is not known there; check LLM_MODEL and {look_at}"),
    (
        exceptions.ModelAPIError,
        "refused",
        "does not take the request; check LLM_MODEL and LLM_OUTPUT",
    ),
    (exceptions.UserError, "refused", "cannot be used like this; check LLM_MODEL and LLM_OUTPUT"),
    (Exception, "invalid", "answered in a shape nobody can read; is {look_at} right?"),
)
"""The first class that fits says the kind, and the words after the model's name."""


def failure(error: Exception, name: str, look_at: str, trace: Trace) -> ModelError:
    """Return the error of one request, without usage or exchange.

    `look_at` names the variables that hold the key and the address of this provider. The message
    holds the provider's own words where they help; whoever shows it takes secrets out first.
    """
    if trace.fault:
        too_large = trace.fault.startswith("answered more")
        return ModelError(f"{name} {trace.fault}", "invalid" if too_large else "refused")
    kind, words = next((kind, words) for cls, kind, words in KINDS if isinstance(error, cls))
    if isinstance(error, exceptions.ModelTimeoutError) and error.phase == "connect":
        kind, words = "unreachable", KINDS[1][2]
    said = (
        words.format(look_at=look_at) + _status(error) + (_said(error) if kind == "refused" else "")
    )
    return ModelError(
        f"{name} {said}",
        kind,
        retry_after_s=error.retry_after if isinstance(error, exceptions.ModelAPIError) else None,
        too_long=isinstance(error, exceptions.ModelContextWindowExceededError),
    )


def _status(error: Exception) -> str:
    return f" (HTTP {error.status_code})" if isinstance(error, exceptions.ModelHTTPError) else ""


def _said(error: Exception) -> str:
    """Return what the provider said, where its error has a message."""
    if isinstance(error, exceptions.UserError):
        return f": {_line(error.message)}"
    body = error.body if isinstance(error, exceptions.ModelAPIError) else None
    message = _inside(_inside(body, "error") or body, "message")
    return f": {_line(message)}" if isinstance(message, str) and message else ""


def _inside(value: object, name: str) -> object:
    is_object = isinstance(value, dict)
    return cast("Mapping[str, object]", value).get(name) if is_object else None


def _line(text: str) -> str:
    return " ".join(text.split())[:SAID_CHARS]
