"""Listening: taking a port, or saying why not."""

from __future__ import annotations

import errno
import ipaddress
import socket

from millwright.core.errors import ServiceError


def is_loopback(host: str) -> bool:
    """Whether only this machine reaches it."""
    try:
        return host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def check_port(port: int) -> None:
    """Refuse what no port is called.

    Raises:
        ServiceError: it is none.
    """
    if not 0 <= port <= 65535:
        raise ServiceError(f"a port is a number from 0 to 65535, got {port}; 0 takes a free one")


def listen(host: str, port: int, option: str = "--port") -> socket.socket:
    """A socket on which connections wait from now on, also while the server starts; port 0 takes a free one.

    Args:
        option: of the command line that says the port: errors tell how to give another.

    Raises:
        ServiceError: the port is in use or not ours to take, or the host is not this machine's.
    """
    check_port(port)
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    # Said to be TCP: only on such sockets asyncio sends small parts of an answer at once. On others each answer but the
    # first of a connection waits 40 ms, until what came before it is acknowledged.
    listener = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((host, port))
    except OSError as error:
        listener.close()
        if error.errno == errno.EADDRINUSE:
            reason = f"port {port} on {host} is in use; stop what uses it, or choose another: {option} {port + 1}"
        elif error.errno == errno.EACCES:
            reason = f"port {port} on {host} is not ours to take; choose one above 1023: {option} 8000"
        else:
            reason = f"cannot listen on {host}, port {port}: {error.strerror or error}"
        raise ServiceError(reason) from error
    listener.listen(128)
    return listener
