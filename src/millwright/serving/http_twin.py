"""HTTP twin: what gRPC does, one observation a request, for curl and notebooks; and what Prometheus reads."""

from __future__ import annotations

import asyncio
import base64
import binascii
import ssl
from typing import Annotated, Any

import numpy as np
import uvicorn
from fastapi import Depends, FastAPI, HTTPException, Request, Response
from fastapi.responses import JSONResponse
from google.protobuf.json_format import MessageToDict
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest
from pydantic import BaseModel, ConfigDict
from starlette.types import ASGIApp, Receive, Scope, Send

from millwright.core.listening import listen
from millwright.serving import wire
from millwright.serving.access import Access, Tls
from millwright.serving.desk import Desk
from millwright.serving.protos import policy_pb2 as pb
from millwright.serving.refusal import Code, RefusedError

STATUS = {
    Code.INVALID_ARGUMENT: 400, Code.NOT_FOUND: 404, Code.FAILED_PRECONDITION: 409, Code.ABORTED: 409,
    Code.RESOURCE_EXHAUSTED: 429, Code.INTERNAL: 500, Code.UNAVAILABLE: 503, Code.DEADLINE_EXCEEDED: 504,
}  # fmt: skip
GROWTH = 4
"""Numbers are longer in JSON than in bytes; of pictures, which come in base64, it is a third."""


class Strict(BaseModel):
    """A misspelt name is refused, not ignored."""

    model_config = ConfigDict(extra="forbid")


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


class AnswerBody(BaseModel):
    """As the protocol's ActResponse."""

    robot: str
    sequence: int
    chunk: ChunkBody


class SizeLimit:
    """Ends a request whose body is longer than an honest one, before it is all there."""

    def __init__(self, app: ASGIApp, most_bytes: int) -> None:
        self._app, self._most_bytes = app, most_bytes

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        left = self._most_bytes

        async def read() -> Any:
            nonlocal left
            message = await receive()
            left -= len(message.get("body", b""))
            if left < 0:
                raise HTTPException(413, f"a request holds at most {self._most_bytes} bytes")
            return message

        await self._app(scope, read, send)


def identify(request: Request) -> str:
    """Whose request it is.

    Raises:
        HTTPException: nobody's that may ask.
    """
    access: Access = request.app.state.access
    client = access.identify(request.headers.get("authorization"))
    if client is None:
        raise HTTPException(401, "a token is asked for: Authorization: Bearer TOKEN", {"WWW-Authenticate": "Bearer"})
    return client


Client = Annotated[str, Depends(identify)]


def make_app(desk: Desk, access: Access) -> FastAPI:
    """The application; its OpenAPI description is at /openapi.json."""
    app = FastAPI(title="millwright", docs_url=None, redoc_url=None)
    app.state.access = access
    app.add_middleware(SizeLimit, most_bytes=GROWTH * desk.message_bytes)

    @app.exception_handler(RefusedError)
    async def tell(request: Request, refusal: RefusedError) -> JSONResponse:
        return JSONResponse({"code": refusal.code.name, "detail": str(refusal)}, STATUS[refusal.code])

    @app.get("/v1/describe")
    async def describe(client: Client, bundle: str = "") -> dict[str, Any]:
        """What a bundle sees and answers; without a name, the server's first."""
        return MessageToDict(desk.describe(bundle), preserving_proto_field_name=True)

    @app.post("/v1/act")
    async def act(body: ActBody, client: Client) -> AnswerBody:
        """An observation in, a chunk of actions out."""
        request = read_body(body, desk)
        response = await desk.answer(request, await desk.prepare(request, f"http/{client}"))
        return write_answer(response)

    @app.post("/v1/reset")
    async def reset(body: ResetBody, client: Client) -> dict[str, Any]:
        """A robot begins anew."""
        desk.reset(pb.ResetRequest(bundle=body.bundle, robot=body.robot), f"http/{client}")
        return {}

    @app.get("/metrics")
    async def metrics(client: Client) -> Response:
        """For Prometheus."""
        return Response(generate_latest(desk.metrics.registry), media_type=CONTENT_TYPE_LATEST)

    return app


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
        raise RefusedError(Code.INVALID_ARGUMENT, f"sequence and after are whole numbers from 0: {error}") from error


def write_answer(response: pb.ActResponse) -> AnswerBody:
    """The answer as JSON.

    Raises:
        RefusedError: there is no chunk.
    """
    if response.WhichOneof("answer") == "refusal":
        raise RefusedError(Code(response.refusal.code), response.refusal.message)
    chunk = response.chunk
    actions = np.frombuffer(chunk.actions.data, "<f4").reshape(tuple(chunk.actions.shape))
    told = ChunkBody(
        actions=actions.reshape(len(actions), -1).tolist(), rate_hz=chunk.rate_hz,
        confidence=chunk.confidence if chunk.HasField("confidence") else None, observed_at_s=chunk.observed_at_s,
        expires_at_s=chunk.expires_at_s, digest=chunk.digest, remembered=chunk.remembered,
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
        return pb.Value(array=wire.encode_array(np.asarray(value, dtype)))
    except (binascii.Error, ValueError, TypeError, OverflowError) as error:
        raise RefusedError(Code.INVALID_ARGUMENT, f"{name}: cannot be read: {error}") from error


class Web:
    """The running twin, on the event loop that started it."""

    def __init__(self, server: uvicorn.Server, running: asyncio.Task[None], url: str) -> None:
        self._server, self._running, self.url = server, running, url

    @staticmethod
    async def start(host: str, port: int, access: Access, desk: Desk) -> Web:
        """Listen and answer.

        Raises:
            ServiceError: the port cannot be had.
        """
        tls, caps = access.tls, desk.caps
        listener = listen(host, port)
        config = uvicorn.Config(
            make_app(desk, access), log_level="warning", limit_concurrency=caps.max_streams,
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
