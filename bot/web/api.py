"""The typed REST API under `/api/v1`: what it is made of, and how errors are answered."""

import logging

from fastapi import Depends, FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from fastapi.security import HTTPBearer
from starlette.types import ASGIApp

from bot.errors import BotError, BusyError
from bot.logs import correlation
from bot.web.api_acts import ApiActs
from bot.web.api_audit import ApiAudit
from bot.web.api_gate import ApiGate
from bot.web.api_people import ApiPeople
from bot.web.api_reads import ApiReads
from bot.web.codes import error_status
from bot.web.doors import Doors

logger = logging.getLogger(__name__)
BEARER = HTTPBearer(auto_error=False, description="The operator's token, or a person's.")


def build_api(doors: Doors) -> ASGIApp:
    """Return the API; its OpenAPI document needs no token, everything else does (`ApiGate`)."""
    app = FastAPI(
        title="triagebot",
        version=doors.standing().version,
        summary="Launch, query, pause, resume and decide.",
        docs_url=None,
        redoc_url=None,
    )
    guards = [Depends(BEARER)]
    app.include_router(ApiReads(doors).router(), dependencies=guards)
    app.include_router(ApiActs(doors).router(), dependencies=guards)
    app.include_router(ApiAudit(doors).router(), dependencies=guards)
    app.include_router(ApiPeople(doors).router(), dependencies=guards)
    app.add_exception_handler(BotError, _told)
    app.add_exception_handler(RequestValidationError, _misread)
    app.add_exception_handler(Exception, _broken)
    return ApiGate(app, doors)


async def _told(_request: Request, error: Exception) -> JSONResponse:
    """Answer an error that was raised on purpose with its words."""
    headers = {"retry-after": str(error.retry_after_s)} if isinstance(error, BusyError) else None
    status = error_status(error) if isinstance(error, BotError) else 500
    return JSONResponse({"detail": str(error)}, status, headers)


async def _misread(_request: Request, error: Exception) -> JSONResponse:
    """Answer a request of another shape: where and why, without repeating what it said."""
    found = error.errors() if isinstance(error, RequestValidationError) else ()
    faults = [{name: one[name] for name in ("type", "loc", "msg")} for one in found]
    return JSONResponse({"detail": faults}, 422)


async def _broken(_request: Request, error: Exception) -> JSONResponse:
    """Answer a bug with the id under which the log has it, and nothing else."""
    logger.error("API call failed", exc_info=error)
    return JSONResponse({"detail": "something broke here", "correlation": correlation.get()}, 500)
