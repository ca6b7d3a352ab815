"""What every call over gRPC has in common: whose it is, bytes that are no message, and refusals as gRPC tells them."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from typing import Any, NoReturn, TypeVar

import grpc
from google.protobuf.message import DecodeError, Message

from millwright.serving.access import Access, name_certificate
from millwright.serving.metrics import Metrics
from millwright.serving.refusal import Code, RefusedError, conceal

log = logging.getLogger(__name__)
UNARY_S = 5.0
"""Deadline of what takes no planning."""
STATUS = {code.value[0]: code for code in grpc.StatusCode}

Context = grpc.aio.ServicerContext[Any, Any]
Sent = TypeVar("Sent", bound=Message)


class Calls:
    """Lets in whom `access` says, and ends calls that are refused or fail."""

    def __init__(self, access: Access, metrics: Metrics) -> None:
        self._access, self._metrics = access, metrics

    async def admit(self, context: Context) -> str:
        """Whose call it is; nobody's ends here."""
        headers = {str(key): value for key, value in context.invocation_metadata() or ()}
        shown = context.auth_context()
        name, pem = (next(iter(shown.get(key, ())), b"") for key in ("x509_common_name", "x509_pem_cert"))
        header = headers.get("authorization")
        client = self._access.identify(header if isinstance(header, str) else None, name_certificate(name, pem))
        if client is None:
            self._metrics.refused.labels("UNAUTHENTICATED").inc()
            await context.abort(grpc.StatusCode.UNAUTHENTICATED, "a token is asked for: authorization: Bearer TOKEN")
        return client

    async def abort(self, context: Context, refusal: RefusedError) -> NoReturn:
        """End a call, counted."""
        self._metrics.refused.labels(refusal.code.name).inc()
        await context.abort(STATUS[refusal.code], str(refusal))

    async def answer(
        self,
        context: Context,
        answer: Callable[[str], Awaitable[Sent | RefusedError]],
        deadline_s: float | None = UNARY_S,
    ) -> Sent:
        """A call of one message, answered for the client whose it is.

        Args:
            answer: a refusal that it gives back was counted already, one that it raises was not.
            deadline_s: None: it looks after that itself.
        """
        client = await self.admit(context)
        try:
            async with asyncio.timeout(deadline_s):
                answered = await answer(client)
        except RefusedError as refusal:
            await self.abort(context, refusal)
        except Exception as error:
            log.exception("a call failed")
            await self.abort(context, conceal(error))
        if isinstance(answered, RefusedError):
            await context.abort(STATUS[answered.code], str(answered))
        return answered


def make_reader(kind: type[Sent]) -> Callable[[bytes], Sent | None]:
    """Garbage becomes None, so that the call can say so: gRPC itself would blame the server."""

    def read(data: bytes) -> Sent | None:
        try:
            return kind.FromString(data)
        except DecodeError:
            return None

    return read


def check_message(request: Sent | None, kind: type[Sent]) -> Sent:
    """The message.

    Raises:
        RefusedError: the bytes were none.
    """
    if request is None:
        raise RefusedError(Code.INVALID_ARGUMENT, f"these bytes are no {kind.DESCRIPTOR.full_name}")
    return request
