"""Which HTTP status an error of ours, or an outcome of the inbox, is answered with (D-04)."""

from bot.errors import (
    BotError,
    BusyError,
    ConflictError,
    ForbiddenError,
    InputError,
    NotFoundError,
    OversizeError,
    SignatureError,
    UnreadableError,
)
from bot.ports import OutcomeKind

OUTCOME_STATUS: dict[OutcomeKind, int] = {
    "done": 200, "already": 200, "refused": 403, "unknown": 404, "busy": 503,
}  # fmt: skip
_ERROR_STATUS: tuple[tuple[type[BotError], int], ...] = (
    (SignatureError, 401),
    (ForbiddenError, 403),
    (NotFoundError, 404),
    (ConflictError, 409),
    (OversizeError, 413),
    (InputError, 400),
    (BusyError, 503),
    (UnreadableError, 503),
)


def error_status(error: BotError) -> int:
    """Return the status of an error; 500 for one that no request should cause."""
    return next((status for kind, status in _ERROR_STATUS if isinstance(error, kind)), 500)
