"""Refusal: why an observation gets no chunk, as a number that every transport knows and a sentence."""

from __future__ import annotations

from enum import IntEnum

from millwright.core.errors import MillwrightError


class Code(IntEnum):
    """As gRPC numbers them."""

    INVALID_ARGUMENT = 3
    DEADLINE_EXCEEDED = 4
    NOT_FOUND = 5
    RESOURCE_EXHAUSTED = 8
    FAILED_PRECONDITION = 9
    ABORTED = 10
    UNIMPLEMENTED = 12
    INTERNAL = 13
    UNAVAILABLE = 14


class RefusedError(MillwrightError):
    """An observation that gets no chunk. The message goes to the client: no traceback, no path."""

    def __init__(self, code: Code, message: str) -> None:
        super().__init__(message)
        self.code = code


def conceal(error: Exception) -> RefusedError:
    """What a client hears of an error that nobody meant for it; of tasks that failed together, of the first."""
    while isinstance(error, ExceptionGroup):
        error = error.exceptions[0]
    if isinstance(error, TimeoutError):
        return RefusedError(Code.DEADLINE_EXCEEDED, "the server had no answer in time")
    return RefusedError(Code.INTERNAL, "the server could not answer; the server's log says why")
