"""What went wrong with a request, in our words and kinds, from what pydantic-ai raises."""

from collections.abc import Mapping
from typing import cast

from pydantic_ai import exceptions

from bot.agent.exchange import ModelError
from bot.agent.llm.trace import Trace
from bot.incident.facts_run import FallbackKind

SAID_CHARS = 160
"""So much of the provider's own words goes into the message."""

TOO_LONG = "says that the context is too long for it"

KINDS: tuple[tuple[type[Exception], FallbackKind, str], ...] = (
    (exceptions.ModelTimeoutError, "slow", "did not answer in time"),
    (
        exceptions.ModelConnectionError,
        "unreachable",
        "cannot be reached, or broke off; is it running? check {look_at}",
    ),
    (exceptions.ModelRateLimitError, "rate_limited", "asks us to slow down"),
    (exceptions.ModelUnavailableError, "overloaded", "is overloaded"),
    (exceptions.ModelServerError, "overloaded", "failed"),
    (
        exceptions.ModelContextWindowExceededError,
        "invalid",
        TOO_LONG,
    ),
    (
        exceptions.ModelQuotaExceededError,
        "refused",
        "has no quota or credit left; look at the account's billing",
    ),
    (exceptions.ModelAuthenticationError, "refused", "does not let us in; check {look_at}"),
    (exceptions.ModelNotFoundError, "refused", "is not known there; check LLM_MODEL, {look_at}"),
    (
        exceptions.ModelAPIError,
        "refused",
        "does not take the request; check LLM_MODEL and LLM_OUTPUT",
    ),
    (exceptions.UserError, "refused", "cannot be used like this; check LLM_MODEL and LLM_OUTPUT"),
    (Exception, "refused", "cannot be asked ({type}); check {look_at}"),
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
    kind, words = _told(error, trace)
    said = words.format(look_at=look_at, type=type(error).__name__) + _status(error)
    if kind == "refused":
        said += _said(error)
    return ModelError(
        f"{name} {said}",
        kind,
        retry_after_s=error.retry_after if isinstance(error, exceptions.ModelAPIError) else None,
        too_long=words == TOO_LONG,
    )


def _told(error: Exception, trace: Trace) -> tuple[FallbackKind, str]:
    if trace.status == 200 and trace.came:
        return "invalid", "answered in a shape nobody can read; check {look_at}"
    if trace.status == 413:
        return "invalid", TOO_LONG
    fits = error
    if isinstance(error, exceptions.ModelTimeoutError) and error.phase == "connect":
        fits = exceptions.ModelConnectionError(error.model_name, error.message)
    _, kind, words = next(row for row in KINDS if isinstance(fits, row[0]))
    return kind, words


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
