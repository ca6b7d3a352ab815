"""Work for worker processes: good, faulty and deadly. Imports little, so that processes start fast."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable


def make_square() -> Callable[[int], int]:
    return lambda seed: seed * seed


def make_faulty() -> Callable[[int], int]:
    def work(seed: int) -> int:
        if seed == 3:
            raise RuntimeError("the third is cursed")
        return seed

    return work


def make_killed() -> Callable[[int], int]:
    def work(seed: int) -> int:
        if seed == 3:
            os.kill(os.getpid(), signal.SIGKILL)
        return seed

    return work


def make_killed_at_once() -> Callable[[int], int]:
    os.kill(os.getpid(), signal.SIGKILL)
    return int


def make_end_of_file() -> Callable[[int], int]:
    def work(seed: int) -> int:
        raise EOFError("a file was short")

    return work


def make_unpicklable() -> Callable[[int], object]:
    return lambda seed: lambda: seed
