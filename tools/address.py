"""Addresses an operator configures: which are accepted, and how one is named without a secret."""

import ipaddress
from urllib.parse import SplitResult, urlsplit

MAX_CHARS = 2000


def checked(url: str) -> str:
    """Return an http(s) address as it was given.

    Raises:
        ValueError: It is no address, or holds a user, a password, a space or a `#fragment`.
    """
    parts = _split(url)
    if parts is None or parts.scheme not in {"http", "https"} or not parts.hostname:
        raise ValueError("this is not an address; write http://host:port/path or https://…")
    if parts.username is not None or parts.password is not None:
        raise ValueError("take the user and password out of the address; give them as a secret")
    if parts.fragment:
        raise ValueError("take the part after # out of the address; it is never sent")
    return url


def base(url: str) -> str:
    """Return the address of a server, without a slash at its end, ready for a path.

    Raises:
        ValueError: As `checked`, or it holds a `?query`.
    """
    if "?" in checked(url):
        raise ValueError("take the part after ? out of the address; only the server is named here")
    return url.rstrip("/")


def encrypted_or_here(url: str) -> bool:
    """Return whether what is sent to this (checked) address cannot be read on the way."""
    parts = urlsplit(url)
    return parts.scheme == "https" or _loopback(parts.hostname or "")


def same_origin(one: str, other: str) -> bool:
    """Return whether two checked addresses are one server: the same scheme, host and port."""
    return _origin(one) == _origin(other)


def shown(url: str) -> str:
    """Return scheme, host, port and path of a checked address: what humans may read."""
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}{parts.path}"


def link(url: object) -> str:
    """Return what a remote system called a link if it is a plain http(s) address, else ""."""
    if not isinstance(url, str):
        return ""
    try:
        return checked(url)
    except ValueError:
        return ""


def _split(url: str) -> SplitResult | None:
    if len(url) > MAX_CHARS or not url.isprintable() or " " in url:
        return None
    try:
        parts = urlsplit(url)
        _ = parts.port
    except ValueError:
        return None
    return parts


def _origin(url: str) -> tuple[str, str, int]:
    parts = urlsplit(url)
    port = parts.port or (443 if parts.scheme == "https" else 80)
    return parts.scheme, parts.hostname or "", port


def _loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
