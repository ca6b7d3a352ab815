"""HTTP twin: what gRPC does, one observation a request, for curl and notebooks; and what Prometheus reads."""

from __future__ import annotations

import asyncio
import base64
import binascii
import ssl
from typing import Annotated, Any

import numpy as np
import uvicorn
from fastapi import Depends, FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from fastapi.routing import APIRoute
from google.protobuf.json_format import MessageToDict
from numpy.typing import NDArray
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest
from pydantic import BaseModel, ConfigDict
from starlette.exceptions import HTTPException

from millwright.core.listening import listen
from millwright.serving import wire
from millwright.serving.access import Access, Tls
from millwright.serving.desk import Desk
from millwright.serving.http_door import SizeLimit, TokenCheck, make_protocol
from millwright.serving.protos import policy_pb2 as pb
from millwright.serving.refusal import Code, RefusedError, conceal

STATUS = {
    Code.INVALID_ARGUMENT: 400, Code.NOT_FOUND: 404, Code.FAILED_PRECONDITION: 409, Code.ABORTED: 409,
    Code.RESOURCE_EXHAUSTED: 429, Code.INTERNAL: 500, Code.UNIMPLEMENTED: 501, Code.UNAVAILABLE: 503,
    Code.DEADLINE_EXCEEDED: 504,
}  # fmt: skip
CODES = {404: Code.NOT_FOUND, 405: Code.NOT_FOUND, 413: Code.RESOURCE_EXHAUSTED}
"""Of what is refused before a call is known."""
GROWTH = 4
"""Numbers are longer in JSON than in bytes; of pictures, which come in base64, it is a third."""
MOST_TOLD = 5
"""Of what is wrong with a body."""


class Strict(BaseModel):
    """A misspelt name is refused, not ignored, and a text or a truth is no number."""

    model_config = ConfigDict(extra="forbid", strict=True)


class ArrayBody(Strict):
    """Row-major, little-endian, base64."""

    dtype: str
    shape: list[int]
    data: str


class PngBody(Strict):
    """Base64; of depth 16-bit grey, millimetres."""

    png: str


class JpegBody(Strict):
    """Base64."""

    jpeg: str


class ActBody(Strict):
    """As the protocol's ActRequest; numbers may come as lists, texts as they are."""

    observation: dict[str, str | list[Any] | ArrayBody | PngBody | JpegBody]
    robot: str = "http"
    bundle: str = ""
    sequence: int = 0
    observed_at_s: float = 0.0
    budget_s: float = 0.0
    after: int | None = None


class ResetBody(Strict):
    """As the protocol's ResetRequest."""

    robot: str = "http"
    bundle: str = ""


class ChunkBody(BaseModel):
    """As the protocol's Chunk."""

    actions: list[list[float]]
    rate_hz: float
    confidence: float | None
    observed_at_s: float
    expires_at_s: float
    digest: str
    remembered: bool
    stage_seconds: dict[str, float]


class AnswerBody(BaseModel):
    """As the protocol's ActResponse."""

    robot: str
    sequence: int
    chunk: ChunkBody


def identify(request: Request) -> str:
    """Whose request it is: the door let it in."""
    client: str = request.state.client
    return client


Client = Annotated[str, Depends(identify)]


def make_app(desk: Desk, access: Access, production: bool = False) -> FastAPI:
    """The application; its OpenAPI description is at /openapi.json, unless in production."""
    openapi = None if production else "/openapi.json"
    app = FastAPI(title="millwright", docs_url=None, redoc_url=None, openapi_url=openapi)
    app.add_middleware(SizeLimit, most_bytes=GROWTH * desk.message_bytes)
    app.add_middleware(TokenCheck, access=access, metrics=desk.metrics)  # comes first: what is added last is outermost

    def count(code: Code, detail: str, status: int) -> JSONResponse:
        desk.metrics.refused.labels(code.name).inc()
        return JSONResponse({"code": code.name, "detail": detail}, status)

    @app.exception_handler(RefusedError)
    async def tell(request: Request, refusal: RefusedError) -> JSONResponse:
        return count(refusal.code, str(refusal), STATUS[refusal.code])

    @app.exception_handler(RequestValidationError)
    async def tell_shape(request: Request, error: RequestValidationError) -> JSONResponse:
        return count(Code.INVALID_ARGUMENT, explain(error, request.headers.get("content-type", "")), 422)

    @app.exception_handler(HTTPException)
    async def tell_path(request: Request, error: HTTPException) -> JSONResponse:
        detail = f"no such call; there are {tell_calls(app)}" if error.status_code in (404, 405) else error.detail
        return count(CODES.get(error.status_code, Code.INVALID_ARGUMENT), detail, error.status_code)

    @app.exception_handler(Exception)
    async def tell_failure(request: Request, error: Exception) -> JSONResponse:
        return await tell(request, conceal(error))  # it is raised again, and so comes into the log

    @app.get("/v1/describe")
    async def describe(client: Client, bundle: str = "") -> dict[str, Any]:
        """What a bundle sees and answers; without a name, the server's first."""
        return MessageToDict(desk.describe(bundle), preserving_proto_field_name=True)

    @app.post("/v1/act", response_model=AnswerBody)
    async def act(body: ActBody, client: Client) -> Any:
        """An observation in, a chunk of actions out."""
        request = read_body(body, desk)
        response = await desk.answer(request, await desk.prepare(request, f"http/{client}"))
        if response.WhichOneof("answer") == "refusal":
            return write_refusal(response.refusal)
        return write_answer(response)

    @app.post("/v1/reset")
    async def reset(body: ResetBody, client: Client) -> dict[str, Any]:
        """A robot begins anew."""
        desk.reset(read_reset(body), f"http/{client}")
        return {}

    @app.get("/metrics")
    async def metrics(client: Client) -> Response:
        """For Prometheus."""
        return Response(generate_latest(desk.metrics.registry), media_type=CONTENT_TYPE_LATEST)

    return app


def tell_calls(app: FastAPI) -> str:
    """All that may be asked, and how."""
    routes = [route for route in app.routes if isinstance(route, APIRoute)]
    return ", ".join(f"{method} {route.path}" for route in routes for method in sorted(route.methods or ()))


def explain(error: RequestValidationError, content: str) -> str:
    """Where a body is something else than was meant, and what was meant; nothing of what came but its names.

    Args:
        content: the type that the request says, without which no body is read as JSON.
    """
    told = [(".".join(str(step) for step in one["loc"])[:200], one["msg"]) for one in error.errors()[:MOST_TOLD]]
    hint = "" if "json" in content.lower() else "; a body is JSON: send it with Content-Type: application/json"
    return "; ".join(f"{place}: {meant}" for place, meant in told) + hint


def read_reset(body: ResetBody) -> pb.ResetRequest:
    """The request as a message.

    Raises:
        RefusedError: a name is no text.
    """
    try:
        return pb.ResetRequest(bundle=body.bundle, robot=body.robot)
    except ValueError as error:
        raise RefusedError(Code.INVALID_ARGUMENT, f"robot and bundle are texts: {error}") from error


def read_body(body: ActBody, desk: Desk) -> pb.ActRequest:
    """The request as a message.

    Raises:
        RefusedError: a value is not what it says, or no bundle of that name is served.
    """
    inputs = {one.name: one for one in desk.describe(body.bundle).inputs}
    values = {name: _read_value(name, value, inputs.get(name)) for name, value in body.observation.items()}
    try:
        return pb.ActRequest(
            bundle=body.bundle, robot=body.robot, sequence=body.sequence, observed_at_s=body.observed_at_s,
            budget_s=body.budget_s, after=body.after, observation=values,
        )  # fmt: skip
    except ValueError as error:
        told = f"names are texts, sequence and after are whole numbers from 0: {error}"
        raise RefusedError(Code.INVALID_ARGUMENT, told) from error


def write_refusal(refusal: pb.Refusal) -> JSONResponse:
    """Why there is no chunk, as JSON; the desk has counted it."""
    code = Code(refusal.code)
    return JSONResponse({"code": code.name, "detail": refusal.message}, STATUS[code])


def write_answer(response: pb.ActResponse) -> AnswerBody:
    """The chunk as JSON."""
    chunk = response.chunk
    actions = np.frombuffer(chunk.actions.data, "<f4").reshape(tuple(chunk.actions.shape))
    told = ChunkBody(
        actions=actions.reshape(len(actions), -1).tolist(), rate_hz=chunk.rate_hz,
        confidence=chunk.confidence if chunk.HasField("confidence") else None, observed_at_s=chunk.observed_at_s,
        expires_at_s=chunk.expires_at_s, digest=chunk.digest, remembered=chunk.remembered,
        stage_seconds=dict(chunk.stage_seconds),
    )  # fmt: skip
    return AnswerBody(robot=response.robot, sequence=response.sequence, chunk=told)


def _read_value(name: str, value: Any, feature: pb.Feature | None) -> pb.Value:
    try:
        if isinstance(value, str):
            return pb.Value(text=value)
        if isinstance(value, PngBody):
            return pb.Value(png=base64.b64decode(value.png, validate=True))
        if isinstance(value, JpegBody):
            return pb.Value(jpeg=base64.b64decode(value.jpeg, validate=True))
        if isinstance(value, ArrayBody):
            data = base64.b64decode(value.data, validate=True)
            return pb.Value(array=pb.Array(dtype=value.dtype, shape=value.shape, data=data))
        dtype = feature.dtype if feature is not None and feature.dtype != "string" else "float32"
        return pb.Value(array=wire.encode_array(read_numbers(value, np.dtype(dtype))))
    except (binascii.Error, ValueError, TypeError, OverflowError) as error:
        place = name[:80].encode(errors="backslashreplace").decode()
        raise RefusedError(Code.INVALID_ARGUMENT, f"{place}: cannot be read: {error}") from error


def read_numbers(rows: list[Any], dtype: np.dtype[Any]) -> NDArray[Any]:
    """Lists of numbers as an array; floats are rounded to what `dtype` holds, whole numbers are kept.

    Raises:
        ValueError: rows of different lengths, something else than numbers, or numbers that `dtype` does not hold.
    """
    nested = np.asarray(rows, object)
    given = nested.ravel()  # of more than 32 axes NumPy walks through no others
    other = {kind.__name__ for kind in set(map(type, given.tolist()))} - {"int", "float"}
    if other:
        raise ValueError(f"numbers are meant, in rows of one length, got {', '.join(sorted(other))}")
    with np.errstate(over="ignore"):
        numbers = given.astype(dtype)
    kept = np.isfinite(numbers) if dtype.kind == "f" else numbers == given
    if not np.all(kept):
        raise ValueError(f"{dtype.name} does not hold {str(given[~np.asarray(kept, bool)][0])[:40]}")
    return numbers.reshape(nested.shape)


class Web:
    """The running twin, on the event loop that started it."""

    def __init__(self, server: uvicorn.Server, running: asyncio.Task[None], url: str) -> None:
        self._server, self._running, self.url = server, running, url

    @staticmethod
    async def start(host: str, port: int, access: Access, desk: Desk, production: bool = False) -> Web:
        """Listen and answer.

        Raises:
            ServiceError: the port cannot be had.
        """
        tls, caps = access.tls, desk.caps
        listener = listen(host, port, "--http-port")
        config = uvicorn.Config(
            make_app(desk, access, production), log_level="warning", limit_concurrency=caps.max_streams,
            http=make_protocol(caps.handshake_s), ws="none", log_config=None,
            timeout_graceful_shutdown=int(caps.drain_s), server_header=False, **_configure(tls),
        )  # fmt: skip
        server = uvicorn.Server(config)
        running = asyncio.create_task(server.serve(sockets=[listener]))
        name, port = listener.getsockname()[:2]
        scheme = "https" if tls else "http"
        return Web(server, running, f"{scheme}://{f'[{name}]' if ':' in name else name}:{port}")

    async def close(self) -> None:
        """Answer who waits, and end."""
        self._server.should_exit = True
        await self._running


def _configure(tls: Tls | None) -> dict[str, Any]:
    if tls is None:
        return {}
    required = {"ssl_ca_certs": str(tls.ca), "ssl_cert_reqs": ssl.CERT_REQUIRED} if tls.ca else {}
    return {"ssl_keyfile": str(tls.key), "ssl_certfile": str(tls.cert), **required}
