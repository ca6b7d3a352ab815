"""Clients that want a server to run out of memory: what they announce is long, and they do send it."""

from __future__ import annotations

import select
import socket
import struct
import time
from contextlib import suppress

GIGABYTE = 2**30
PATIENCE_S = 5.0
DATA, HEADERS, RST_STREAM, SETTINGS, PING, GOAWAY, WINDOW_UPDATE = 0, 1, 3, 4, 6, 7, 8
END_STREAM = ACK = 0x1
END_HEADERS = 0x4
INITIAL_WINDOW_SIZE = 4
PIECE = b"\0" * 16384


def make_frame(kind: int, flags: int, stream: int, payload: bytes) -> bytes:
    """A frame of HTTP/2 (RFC 9113, 4.1)."""
    return struct.pack(">I", len(payload))[1:] + bytes((kind, flags)) + struct.pack(">I", stream) + payload


def make_headers(path: str) -> bytes:
    """Of a gRPC call, each a literal that is not indexed (RFC 7541, 6.2.2)."""
    headers = {
        ":method": "POST", ":scheme": "http", ":path": path, ":authority": "localhost",
        "te": "trailers", "content-type": "application/grpc",
    }  # fmt: skip
    return b"".join(
        b"\0" + bytes((len(name),)) + name.encode() + bytes((len(value),)) + value.encode()
        for name, value in headers.items()
    )


class Call:
    """A gRPC call by hand, which announces a message of `announced` bytes and sends it as fast as it is let.

    Args:
        polite: keeps to what the server's flow control allows; else everything is sent at once.
    """

    def __init__(self, address: str, path: str, announced: int = GIGABYTE, polite: bool = True) -> None:
        host, port = address.split(":")
        self._socket = socket.create_connection((host, int(port)), PATIENCE_S)
        self._polite, self._buffer = polite, b""
        self._room = {0: 65535, 1: 65535}  # of the connection, of the stream
        self._initial = 65535
        self.ended = False
        self.sent = 0
        self._socket.sendall(
            b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
            + make_frame(SETTINGS, 0, 0, b"")
            + make_frame(HEADERS, END_HEADERS, 1, make_headers(path))
        )
        self._send(struct.pack(">BI", 0, announced))

    def flood(self, most: int = GIGABYTE) -> int:
        """Send until the server ends the call, gives no more room, or has it all; how many bytes went out."""
        with suppress(OSError):
            until_s = time.monotonic() + PATIENCE_S
            while self.sent < most and not self.ended and time.monotonic() < until_s:
                if not self._polite or min(self._room.values()) >= len(PIECE):
                    self._send(PIECE)
                    until_s = time.monotonic() + PATIENCE_S
                self._listen(0.0 if not self._polite or min(self._room.values()) >= len(PIECE) else 0.2)
        self._socket.close()
        return self.sent

    def _send(self, payload: bytes) -> None:
        self._socket.sendall(make_frame(DATA, 0, 1, payload))
        self.sent += len(payload)
        for stream in self._room:
            self._room[stream] -= len(payload)

    def _listen(self, timeout_s: float) -> None:
        while select.select([self._socket], [], [], timeout_s)[0]:
            data = self._socket.recv(2**16)
            if not data:
                self.ended = True
                return
            self._buffer += data
            self._read_frames()
            timeout_s = 0.0

    def _read_frames(self) -> None:
        while len(self._buffer) >= 9:
            length = int.from_bytes(self._buffer[:3])
            if len(self._buffer) < 9 + length:
                return
            kind, flags, stream = self._buffer[3], self._buffer[4], int.from_bytes(self._buffer[5:9]) & 0x7FFFFFFF
            payload, self._buffer = self._buffer[9 : 9 + length], self._buffer[9 + length :]
            self._take(kind, flags, stream, payload)

    def _take(self, kind: int, flags: int, stream: int, payload: bytes) -> None:
        if kind == SETTINGS and not flags & ACK:
            for at in range(0, len(payload), 6):
                setting, value = struct.unpack(">HI", payload[at : at + 6])
                if setting == INITIAL_WINDOW_SIZE:
                    self._room[1] += value - self._initial
                    self._initial = value
            self._socket.sendall(make_frame(SETTINGS, ACK, 0, b""))
        elif kind == PING and not flags & ACK:
            self._socket.sendall(make_frame(PING, ACK, 0, payload))
        elif kind == WINDOW_UPDATE and stream in self._room:
            self._room[stream] += int.from_bytes(payload) & 0x7FFFFFFF
        elif kind in (RST_STREAM, GOAWAY) or (kind == HEADERS and flags & END_STREAM):
            self.ended = True


def flood_http(address: str, path: str, announced: int = GIGABYTE) -> tuple[int, str]:
    """POST a body of `announced` bytes to HOST:PORT; how many bytes went out, and the first line of the answer."""
    host, port = address.split(":")
    sent, answer = 0, b""
    with socket.create_connection((host, int(port)), PATIENCE_S) as connection, suppress(OSError):
        head = (
            f"POST {path} HTTP/1.1\r\nHost: h\r\nContent-Type: application/json\r\nContent-Length: {announced}\r\n\r\n"
        )
        connection.sendall(head.encode())
        while sent < announced and not select.select([connection], [], [], 0)[0]:
            connection.sendall(PIECE)
            sent += len(PIECE)
        answer = connection.recv(2**12)
    return sent, answer.split(b"\r\n")[0].decode()
