"""Door of the HTTP twin: who gets in, how much a request may hold, and how long it may take to arrive."""

from __future__ import annotations

import asyncio
from typing import Any

from fastapi import HTTPException
from starlette.datastructures import Headers
from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Receive, Scope, Send
from uvicorn.protocols.http.h11_impl import H11Protocol

from millwright.serving.access import Access
from millwright.serving.metrics import Metrics

MOST_NUMBERS = 4096
"""In a request's JSON. While they are read nobody else is answered: a picture's take tens of milliseconds."""


class TokenCheck:
    """Answers those who may not ask before anything of their request's body is read; says whose the others are.

    Whose a request is stands in its state, as `client`.
    """

    def __init__(self, app: ASGIApp, access: Access, metrics: Metrics) -> None:
        self._app, self._access, self._metrics = app, access, metrics

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            client = self._access.identify(Headers(scope=scope).get("authorization"))
            if client is None:
                self._metrics.refused.labels("UNAUTHENTICATED").inc()
                body = {"code": "UNAUTHENTICATED", "detail": "a token is asked for: Authorization: Bearer TOKEN"}
                refusal = JSONResponse(body, 401, {"WWW-Authenticate": "Bearer", "Connection": "close"})
                await refusal(scope, receive, send)
                return
            scope.setdefault("state", {})["client"] = client
        await self._app(scope, receive, send)


class SizeLimit:
    """Ends a request whose body is longer than an honest one, or holds more numbers, before it is all there."""

    def __init__(self, app: ASGIApp, most_bytes: int) -> None:
        self._app, self._most_bytes = app, most_bytes

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        left, numbers = self._most_bytes, MOST_NUMBERS

        async def read() -> Any:
            nonlocal left, numbers
            message = await receive()
            body = message.get("body", b"")
            left -= len(body)
            numbers -= body.count(b",")
            if left < 0:
                raise HTTPException(413, f"a request holds at most {self._most_bytes} bytes")
            if numbers < 0:
                raise HTTPException(
                    413,
                    f"a request holds at most {MOST_NUMBERS} numbers as JSON: send pictures as "
                    '{"png": BASE64}, other large arrays as {"dtype": ..., "shape": ..., "data": BASE64}',
                )
            return message

        await self._app(scope, read, send)


def make_protocol(handshake_s: float) -> type[asyncio.Protocol]:
    """HTTP/1.1, of which a request has to be whole `handshake_s` after its connection or its first byte came.

    uvicorn itself waits for the rest of a request without end, and each such connection counts against the most.
    """

    class Impatient(H11Protocol):
        _waiting: asyncio.TimerHandle | None = None

        def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # uvicorn narrows it
            super().connection_made(transport)
            self._waiting = self.loop.call_later(handshake_s, transport.close)

        def data_received(self, data: bytes) -> None:
            super().data_received(data)
            if bool(self.cycle) and not self.cycle.more_body and not self.cycle.response_complete:
                self._stop_waiting()
            elif self._waiting is None:
                self._waiting = self.loop.call_later(handshake_s, self.transport.close)

        def connection_lost(self, exc: Exception | None) -> None:
            self._stop_waiting()
            super().connection_lost(exc)

        def _stop_waiting(self) -> None:
            if self._waiting is not None:
                self._waiting.cancel()
                self._waiting = None

    return Impatient
