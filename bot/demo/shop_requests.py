"""How the shop reads a request and refuses one; it knows no endpoint."""

from typing import TypeVar
from urllib.parse import parse_qsl

from pydantic import BaseModel, JsonValue, ValidationError
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from bot.errors import ConflictError, InputError, NotFoundError, OversizeError, SignatureError

BODY_BYTES = 16_384
"""The largest body the shop reads."""

_Model = TypeVar("_Model", bound=BaseModel)
_STATUS: tuple[tuple[type[InputError], int], ...] = (
    (SignatureError, 401),
    (NotFoundError, 404),
    (ConflictError, 409),
    (OversizeError, 413),
)


async def read_body(request: Request) -> bytes:
    """Return the whole body.

    Raises:
        OversizeError: It is larger than `BODY_BYTES`.
    """
    raw = bytearray()
    async for chunk in request.stream():
        raw += chunk
        if len(raw) > BODY_BYTES:
            raise OversizeError(f"the body is larger than {BODY_BYTES} bytes; send less")
    return bytes(raw)


async def read_params(request: Request) -> dict[str, str]:
    """Return the parameters of the address and of a form in the body; the form wins.

    Raises:
        OversizeError: The form is larger than `BODY_BYTES`.
    """
    form = (await read_body(request)).decode("utf-8", "replace")
    return {**request.query_params, **dict(parse_qsl(form))}


def parse(model: type[_Model], raw: bytes) -> _Model:
    """Return the JSON body as `model`.

    Raises:
        InputError: It is not; the message names the first wrong field.
    """
    try:
        return model.model_validate_json(raw)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        where = ".".join(str(part) for part in first["loc"]) or "body"
        raise InputError(f"{where}: {first['msg']}") from error


def flag(request: Request, name: str) -> bool:
    """Return a query parameter that is 1 or 0, absent meaning 0.

    Raises:
        InputError: It is anything else; a misread flag must not run something for real.
    """
    text = request.query_params.get(name, "0")
    if text not in {"0", "1", "false", "true"}:
        raise InputError(f"{name} must be 1 or 0")
    return text in {"1", "true"}


def refusal(error: InputError) -> tuple[int, dict[str, JsonValue]]:
    """Return the status and the JSON that tell the sender why."""
    status = next((code for kind, code in _STATUS if isinstance(error, kind)), 400)
    return status, {"ok": False, "error": str(error)}


async def refuse(_request: Request, error: Exception) -> Response:
    """Answer for a request that raised `InputError` or Starlette's `HTTPException`."""
    if isinstance(error, InputError):
        status, body = refusal(error)
        headers = {"WWW-Authenticate": "Bearer"} if status == 401 else None
        return JSONResponse(body, status, headers)
    if isinstance(error, HTTPException):
        missing = {"ok": False, "error": error.detail}
        return JSONResponse(missing, error.status_code, error.headers)
    raise error
