"""The typed REST API under `/api/v1`: who may call it, and how errors are answered."""

import logging

from fastapi import Depends, FastAPI, HTTPException, Request
from fastapi.responses import JSONResponse
from fastapi.security import HTTPBearer

from bot.errors import BotError, BusyError, InputError, NotFoundError
from bot.logs import correlation
from bot.telemetry import auth_failures
from bot.web.api_acts import ApiActs
from bot.web.api_reads import ApiReads
from bot.web.doors import Doors
from bot.web.vitals import bears

logger = logging.getLogger(__name__)
BEARER = HTTPBearer(auto_error=False, description="The operator's token, from its file.")


def build_api(doors: Doors) -> FastAPI:
    """Return the API; its OpenAPI document needs no token, everything else does."""

    async def operator(request: Request) -> None:
        if not bears(request, doors.operator_token):
            auth_failures.labels("api", "token").inc()
            raise HTTPException(
                401,
                "send the operator's token: Authorization: Bearer …; its file has it",
                {"www-authenticate": "Bearer"},
            )

    app = FastAPI(
        title="triagebot",
        version=doors.standing().version,
        summary="Launch, query, pause, resume and decide.",
        docs_url=None,
        redoc_url=None,
    )
    guards = [Depends(BEARER), Depends(operator)]
    app.include_router(ApiReads(doors).router(), dependencies=guards)
    app.include_router(ApiActs(doors).router(), dependencies=guards)
    app.add_exception_handler(BotError, _told)
    app.add_exception_handler(Exception, _broken)
    return app


async def _told(_request: Request, error: Exception) -> JSONResponse:
    """Answer an error that was raised on purpose with its words."""
    if isinstance(error, BusyError):
        headers = {"retry-after": str(error.retry_after_s)}
        return JSONResponse({"detail": str(error)}, 503, headers)
    if isinstance(error, NotFoundError):
        return JSONResponse({"detail": "there is no such thing"}, 404)
    return JSONResponse({"detail": str(error)}, 400 if isinstance(error, InputError) else 500)


async def _broken(_request: Request, error: Exception) -> JSONResponse:
    """Answer a bug with the id under which the log has it, and nothing else."""
    logger.error("API call failed", exc_info=error)
    return JSONResponse({"detail": "something broke here", "correlation": correlation.get()}, 500)
