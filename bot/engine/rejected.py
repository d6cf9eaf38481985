"""The refusal to put an action before humans; whoever prepares a proposal may raise it."""


class Rejected(Exception):  # noqa: N818 - not a failure of the program: code says no
    """Code refuses to put the action before humans; the message says why."""
