"""Wall time, processor time and peak memory of a piece of work, workers included."""

from __future__ import annotations

import json
import resource
import time
from collections.abc import Callable


def measure(work: Callable[[], int], workers: int = 0) -> dict[str, float]:
    """Do the work, which returns how much of it there was.

    Args:
        workers: processes that it starts and ends.

    Returns:
        Things a second by the clock and by the processors, and the peak of the memory, that of all workers added.
    """
    wall, cpu = time.perf_counter(), _read_cpu_s()
    number = work()
    wall, cpu = time.perf_counter() - wall, _read_cpu_s() - cpu
    own, child = (resource.getrusage(who).ru_maxrss / 1024 for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    return {"per_s": number / wall, "per_cpu_s": number / cpu, "peak_mb": own + workers * child}


def _read_cpu_s() -> float:
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(usage.ru_utime + usage.ru_stime for usage in used)


def report(measured: dict[str, float]) -> None:
    """Print it as the last line, for the process that asked."""
    print("\n" + json.dumps(measured))
