"""Every error raised on purpose, as one tree.

* BotError
  - ConfigError        the operator must mend a setting or a file; fatal at start-up
  - InputError         the sender must change the request; HTTP 4xx, never retried
    + SignatureError   the request is not from who it says it is; 401
    + OversizeError    the body is larger than the cap; 413
    + NotFoundError    there is no such incident, proposal, question or person; 404
    + ForbiddenError   the person is known but may not do this; 403
    + ConflictError    what is asked for clashes with how things stand; 409
  - BusyError          a queue is full or a database is away; 503, the sender retries
  - UnreadableError    people or policy cannot be read now, so nobody may decide; 503
  - StaleThreadError   another writer appended first; reload and decide again
  - ToolError          a tool ran and says why it could not answer; told to the thread
    + RemoteError      a system we called failed; `retryable` says what to do next
  - ConversationLost   the place a channel posted to is gone; open another
"""


class BotError(Exception):
    """Base of the tree; any exception outside it is a bug."""


class ConfigError(BotError):
    """The operator must mend a setting or a file; the message says which and how."""


class InputError(BotError):
    """The request was understood and refused; the message tells the sender what to change."""


class SignatureError(InputError):
    """The request is not from who it says it is."""


class OversizeError(InputError):
    """The body is larger than the cap, before or after decompression."""


class NotFoundError(InputError):
    """There is no such thing; the message does not reveal what else exists."""


class ForbiddenError(InputError):
    """The person is known but may not do this; the message names the rule."""


class ConflictError(InputError):
    """What is asked for clashes with how things stand; the message says how they stand."""


class BusyError(BotError):
    """No room or no database right now.

    Attributes:
        retry_after_s: Seconds after which the sender should try again.
    """

    def __init__(self, message: str, retry_after_s: int = 5) -> None:
        super().__init__(message)
        self.retry_after_s = retry_after_s


class UnreadableError(BotError):
    """Who may do what cannot be looked up now, so nobody may (E-26); says what to mend."""


class StaleThreadError(BotError):
    """Another writer appended to the stream first; nothing was written."""


class ToolError(BotError):
    """A tool could not answer; the message is short enough for the thread."""

    @property
    def retryable(self) -> bool:
        """True when the same call may succeed later."""
        return False


class RemoteError(ToolError):
    """A remote system refused or failed a call.

    Attributes:
        system: Short name used in metrics, such as "prometheus".
        status: HTTP status, or None when no answer came (time-out, refused connection).
        retry_after_s: What the system asked for, or None.
        sent: False only when the request certainly never reached the system.
    """

    def __init__(
        self,
        system: str,
        message: str,
        status: int | None = None,
        *,
        retry_after_s: float | None = None,
        sent: bool = True,
    ) -> None:
        super().__init__(f"{system}: {message}")
        self.system = system
        self.status = status
        self.retry_after_s = retry_after_s
        self.sent = sent

    @property
    def retryable(self) -> bool:
        """True when the same call may succeed later: no answer, 429, or 5xx."""
        return self.status is None or self.status == 429 or self.status >= 500


class ConversationLost(BotError):  # noqa: N818 - the word of the Channel port
    """The place a channel posted to is gone (archived, deleted, forbidden)."""
