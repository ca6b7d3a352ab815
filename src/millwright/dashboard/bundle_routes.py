"""What the pages about policies ask the server: which there are, what one is, what it would do."""

from __future__ import annotations

from typing import Any, NamedTuple
from urllib.parse import urlsplit

from fastapi import FastAPI
from fastapi.responses import JSONResponse
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.requests import HTTPConnection, Request

from millwright.core.errors import MillwrightError, UnknownNameError
from millwright.dashboard.commands import CommandError, read_object
from millwright.dashboard.models import Models
from millwright.dashboard.pictures import MOST_BYTES
from millwright.dashboard.trial import Trial

MOST_BODY = 4 * MOST_BYTES
"""Two pictures in base64, and words."""
MOST_READ = 8 * MOST_BODY
"""More than that is not even read to its end, so as to tell whoever sends it what is wrong."""


class Bundles(NamedTuple):
    """What can be told of the bundles of a dashboard."""

    models: Models
    trial: Trial


def add_bundle_routes(app: FastAPI, bundles: Bundles) -> None:
    """`/api/models`, `/api/models/NAME` and `/api/try`; errors are `{"error": TEXT}`."""

    @app.exception_handler(MillwrightError)
    async def refuse(_: Request, error: Exception) -> JSONResponse:
        return JSONResponse({"error": str(error)}, 404 if isinstance(error, UnknownNameError) else 400)

    @app.exception_handler(HTTPException)
    async def miss(request: Request, error: HTTPException) -> JSONResponse:
        asked = f"{request.method} {request.url.path}"
        text = {404: f"{asked}: there is nothing of that name", 405: f"{asked}: this is not asked in that way"}
        return JSONResponse({"error": text.get(error.status_code, error.detail)}, error.status_code, error.headers)

    @app.get("/api/models")
    async def list_models() -> dict[str, Any]:
        return {"models": bundles.models.names}

    @app.get("/api/models/{name}")
    async def tell_model(name: str) -> dict[str, Any]:
        return await run_in_threadpool(bundles.models.tell, name)

    @app.get("/api/try")
    async def describe_trial() -> dict[str, Any]:
        return await run_in_threadpool(bundles.trial.describe)

    @app.post("/api/try")
    async def look(request: Request) -> dict[str, Any]:
        return await run_in_threadpool(bundles.trial.look, await read_wish(request))


def is_same_origin(connection: HTTPConnection) -> bool:
    """Browsers name the page that connects; programs that are no browsers send no origin."""
    origin = connection.headers.get("origin")
    return origin is None or urlsplit(origin).netloc == connection.headers.get("host")


async def read_wish(request: Request) -> dict[str, Any]:
    """The JSON object that was sent.

    Raises:
        CommandError: a page of another origin sent it, it is larger than two pictures can be, or no JSON object.
    """
    if not is_same_origin(request):
        raise CommandError("only this dashboard's own page may try pictures")
    body, size = bytearray(), 0
    async for part in request.stream():
        size += len(part)
        if size <= MOST_BODY:
            body += part
        elif size > MOST_READ:
            break
    if size > MOST_BODY:
        raise CommandError(f"that is too large; a picture has at most {MOST_BYTES // 2**20} MB")
    wanted = 'a wish is an object: {"bundle": NAME, "instruction": TEXT, "pictures": {CAMERA: BASE64}}'
    return read_object(bytes(body), wanted)
