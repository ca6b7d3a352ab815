"""A port is taken, or an error says why not."""

from __future__ import annotations

import asyncio
import socket

import pytest

from millwright.core.errors import ServiceError
from millwright.core.listening import is_loopback, listen


def test_a_port_that_is_free_is_taken_and_one_that_is_not_names_another() -> None:
    with listen("127.0.0.1", 0) as first:
        port = first.getsockname()[1]
        with pytest.raises(ServiceError, match=f"in use; .*--port {port + 1}"):
            listen("127.0.0.1", port)


@pytest.mark.parametrize(("host", "port", "reason"), [("127.0.0.1", 99999, "0 to 65535"), ("192.0.2.1", 0, "cannot")])
def test_what_is_no_port_or_not_this_machines_is_refused(host: str, port: int, reason: str) -> None:
    with pytest.raises(ServiceError, match=reason):
        listen(host, port)


def test_only_this_machine_reaches_loopback() -> None:
    assert all(map(is_loopback, ("localhost", "127.0.0.1", "127.3.2.1", "::1")))
    assert not any(map(is_loopback, ("0.0.0.0", "::", "192.168.0.1", "robot.example")))


def test_what_is_written_to_who_connects_is_sent_at_once() -> None:
    """Or the second part of an answer waits 40 ms for the first to be acknowledged."""

    async def connect() -> int:
        told: asyncio.Future[int] = asyncio.get_running_loop().create_future()

        async def answer(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            told.set_result(writer.get_extra_info("socket").getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY))
            writer.close()

        listener = listen("127.0.0.1", 0)
        async with await asyncio.start_server(answer, sock=listener):
            _, writer = await asyncio.open_connection(*listener.getsockname())
            found = await told
            writer.close()
        return found

    assert asyncio.run(connect())
