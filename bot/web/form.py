"""A posted form, read with a cap and checked to come from one of our own pages."""

from collections.abc import Mapping
from urllib.parse import parse_qsl, urlsplit

from starlette.requests import Request

from bot.errors import ForbiddenError, InputError
from bot.web.body import Gone, read_body

FORM_MAX_BYTES = 64 * 1024
FORM_MAX_FIELDS = 40
LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})

Form = Mapping[str, str]


async def read_form(request: Request) -> Form:
    """Return the fields of a url-encoded body; of a repeated field, the last one.

    Raises:
        InputError: Not url-encoded UTF-8, too many fields, or not here in time.
        OversizeError: More than `FORM_MAX_BYTES`.
    """
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind != "application/x-www-form-urlencoded":
        raise InputError("send the form as application/x-www-form-urlencoded")
    try:
        raw = await read_body(request.receive, request.headers, FORM_MAX_BYTES, "write less")
    except TimeoutError:
        raise InputError("the form came too slowly; send it again") from None
    except Gone:
        raise InputError("the form did not come to its end; send it again") from None
    try:
        text = raw.decode("ascii")
        pairs = parse_qsl(
            text, keep_blank_values=True, errors="strict", max_num_fields=FORM_MAX_FIELDS
        )
    except ValueError as error:
        raise InputError("the form cannot be read; open the page again") from error
    return {name: value.replace("\x00", "").replace("\r\n", "\n") for name, value in pairs}


def on_loopback(request: Request) -> bool:
    """True when the browser reached us under a loopback name (so no rebound DNS name)."""
    return _hostname(request.headers.get("host", "")) in LOOPBACK


def check_origin(request: Request, public_url: str) -> None:
    """Refuse a request that another site's page sent.

    `Referrer-Policy: no-referrer` makes browsers send `Origin: null` with our own forms, so
    then, and without an Origin, the browser's own `Sec-Fetch-Site` must say same-origin.

    Raises:
        ForbiddenError: It came from elsewhere, or does not say where from.
    """
    if not public_url and not on_loopback(request):
        raise ForbiddenError("set TRIAGE_PUBLIC_URL to the address people use, then retry")
    site = request.headers.get("sec-fetch-site", "")
    origin = request.headers.get("origin", "")
    if origin in {"", "null"}:
        origin = _origin(request.headers.get("referer", ""))
    if site not in {"", "same-origin"} or (origin and origin not in _ours(request, public_url)):
        raise ForbiddenError("this form was sent from another site; open the page here and retry")
    if not site and not origin:
        raise ForbiddenError("your browser did not say which page sent this form; use a newer one")


def _ours(request: Request, public_url: str) -> set[str]:
    ours = {_origin(public_url)} if public_url else set[str]()
    if on_loopback(request):
        ours.add(f"http://{request.headers['host'].lower()}")
    return ours


def _origin(url: str) -> str:
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        return "invalid"
    if not parts.scheme or not parts.hostname:
        return ""
    usual = {"http": 80, "https": 443}.get(parts.scheme)
    host = f"[{parts.hostname}]" if ":" in parts.hostname else parts.hostname
    return f"{parts.scheme}://{host}" + (f":{port}" if port and port != usual else "")


def _hostname(host: str) -> str:
    try:
        return (urlsplit(f"//{host}").hostname or "").lower()
    except ValueError:
        return ""
