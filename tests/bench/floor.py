"""The floor: a bare Starlette POST that reads the body and keeps nothing."""

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route


async def take(request: Request) -> Response:
    """Answer 200 to whatever was sent."""
    await request.body()
    return Response(b"{}", media_type="application/json")


async def ready(request: Request) -> Response:
    """Say that it listens."""
    return Response(b"ok")


app = Starlette(routes=[Route("/hook", take, methods=["POST"]), Route("/livez", ready)])
