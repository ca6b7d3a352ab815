"""PolicyService over gRPC: calls come in, the desk answers; nothing is computed here."""

from __future__ import annotations

import asyncio
import logging
from typing import Any

import grpc

from millwright.serving.desk import Desk
from millwright.serving.grpc_calls import Calls, Context, check_message, make_reader
from millwright.serving.protos import policy_pb2 as pb
from millwright.serving.refusal import Code, RefusedError, conceal

log = logging.getLogger(__name__)
SERVICE = pb.DESCRIPTOR.services_by_name["PolicyService"].full_name
PER_STREAM = 64
"""Observations of one stream that are being answered; the next one is read when one is done."""


def make_handler(desk: Desk, calls: Calls, stopping: asyncio.Event) -> grpc.GenericRpcHandler:
    """What a gRPC server is given."""
    service = PolicyService(desk, calls, stopping)
    act = grpc.stream_stream_rpc_method_handler(
        service.act, make_reader(pb.ActRequest), pb.ActResponse.SerializeToString
    )
    describe = grpc.unary_unary_rpc_method_handler(
        service.describe, make_reader(pb.DescribeRequest), pb.DescribeResponse.SerializeToString
    )
    reset = grpc.unary_unary_rpc_method_handler(
        service.reset, make_reader(pb.ResetRequest), pb.ResetResponse.SerializeToString
    )
    return grpc.method_handlers_generic_handler(SERVICE, {"Act": act, "Describe": describe, "Reset": reset})


class PolicyService:
    """The methods of the service, as the protocol describes them."""

    def __init__(self, desk: Desk, calls: Calls, stopping: asyncio.Event) -> None:
        self._desk, self._calls, self._stopping = desk, calls, stopping
        self._streams = 0
        self._reading: set[asyncio.Timeout] = set()
        self._watch = asyncio.create_task(self._end_reading())

    async def _end_reading(self) -> None:
        """When the server stops, nothing more is waited for."""
        await self._stopping.wait()
        for patience in self._reading:
            patience.reschedule(asyncio.get_running_loop().time())

    async def describe(self, request: pb.DescribeRequest | None, context: Context) -> pb.DescribeResponse:
        async def answer(client: str) -> pb.DescribeResponse:
            return self._desk.describe(check_message(request, pb.DescribeRequest).bundle)

        return await self._calls.answer(context, answer)

    async def reset(self, request: pb.ResetRequest | None, context: Context) -> pb.ResetResponse:
        async def answer(client: str) -> pb.ResetResponse:
            self._desk.reset(check_message(request, pb.ResetRequest), client)
            return pb.ResetResponse()

        return await self._calls.answer(context, answer)

    async def act(self, requests: Any, context: Context) -> None:
        """Read, and answer each observation when its chunk is there; end when told to, or when nothing comes."""
        client = await self._calls.admit(context)
        if self._streams >= self._desk.caps.max_streams:
            told = f"{self._streams} streams are open, which is the most"
            await self._calls.abort(context, RefusedError(Code.RESOURCE_EXHAUSTED, told))
        self._streams += 1
        self._desk.metrics.streams.set(self._streams)
        try:
            await self._stream(client, context)
        except RefusedError as refusal:
            await self._calls.abort(context, refusal)
        except Exception as error:
            log.exception("a stream failed")
            await self._calls.abort(context, conceal(error))
        finally:
            self._streams -= 1
            self._desk.metrics.streams.set(self._streams)

    async def _stream(self, client: str, context: Context) -> None:
        gate, writing = asyncio.Semaphore(PER_STREAM), asyncio.Lock()
        refusal: RefusedError | None = None

        async def answer(request: pb.ActRequest, prepared: Any) -> None:
            response = await self._desk.answer(request, prepared)
            async with writing:
                await context.write(response)
            gate.release()

        def begin(group: asyncio.TaskGroup, request: pb.ActRequest, prepared: Any) -> None:
            task = group.create_task(answer(request, prepared))
            task.add_done_callback(lambda _: self._desk.leave(prepared))  # where a stream breaks off it may never begin

        async with asyncio.TaskGroup() as group:
            while True:
                await gate.acquire()
                try:
                    request = await self._read(context)
                except RefusedError as error:  # those who were read before are answered first
                    refusal = error
                    break
                if request is None:
                    break
                # planning begins before the next request is read
                begin(group, request, self._desk.submit(await self._desk.prepare(request, client)))
        if refusal is not None:
            raise refusal

    async def _read(self, context: Context) -> pb.ActRequest | None:
        """The next request; None at the stream's end.

        Raises:
            RefusedError: it is garbage, none came for long, or the server stops.
        """
        idle_s = self._desk.caps.stream_idle_s
        try:
            async with asyncio.timeout(0 if self._stopping.is_set() else idle_s) as patience:
                self._reading.add(patience)
                request = await context.read()
        except TimeoutError:
            if self._stopping.is_set():
                raise RefusedError(Code.UNAVAILABLE, "the server is stopping") from None
            raise RefusedError(Code.DEADLINE_EXCEEDED, f"no observation came for {idle_s:g} s") from None
        finally:
            self._reading.discard(patience)
        return None if request is grpc.aio.EOF else check_message(request, pb.ActRequest)
