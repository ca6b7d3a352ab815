"""A pool of processes that play seeds. Which worker plays a seed never changes what comes out."""

from __future__ import annotations

import multiprocessing
import traceback
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from multiprocessing.connection import Connection, wait
from typing import Any, TypeVar, cast

from millwright.core.errors import MillwrightError, OptionError, WorkerError

Result = TypeVar("Result")
Work = Callable[[int], Result]
LAST_SEED = 2**63 - 1
"""The largest that a dataset's table holds."""
MOST_SEEDS = 1_000_000
"""More than anybody plays at once: so many at most are written out."""


def check_seeds(seeds: Sequence[int]) -> None:
    """Refuse what nobody could play or write down.

    Raises:
        OptionError: a seed below 0 or above `LAST_SEED`, or more than `MOST_SEEDS` of them.
    """
    if not seeds:
        return
    ends = (seeds[0], seeds[-1]) if isinstance(seeds, range) else (min(seeds), max(seeds))
    if min(ends) < 0 or max(ends) > LAST_SEED:
        raise OptionError(f"seeds are 0 to {LAST_SEED}, got {min(ends)} to {max(ends)}")
    if seeds[MOST_SEEDS:]:
        raise OptionError(f"{min(ends)} to {max(ends)} are too many seeds; {MOST_SEEDS:,} at most are played at once")


def map_seeds(
    make_work: Callable[[], Work[Result]], seeds: Sequence[int], workers: int = 1
) -> Iterator[tuple[int, Result]]:
    """Yield (seed, result) as they finish, each seed once.

    Args:
        make_work: picklable; called once in each worker, returns the function called with each seed.
        seeds: what to play.
        workers: processes; 1 plays in this process.

    Raises:
        OptionError: fewer than one worker.
        WorkerError: an episode raised in a worker, or its process died; names the seed. Results already yielded
            stand. With one worker an episode's own error passes unchanged.
    """
    if workers < 1:
        raise OptionError(f"workers must be at least 1, got {workers}")
    if workers == 1 or len(seeds) <= 1:
        work = make_work()
        for seed in seeds:
            yield seed, work(seed)
        return
    yield from _map_processes(make_work, list(seeds), min(workers, len(seeds)))


def _map_processes(
    make_work: Callable[[], Work[Result]], seeds: list[int], workers: int
) -> Iterator[tuple[int, Result]]:
    context = multiprocessing.get_context("spawn")
    waiting = seeds[::-1]
    processes, playing = [], {}  # playing: connection -> seed
    try:
        for _ in range(workers):
            ours, theirs = context.Pipe()
            process = context.Process(target=_serve, args=(make_work, theirs), daemon=True)
            process.start()
            theirs.close()
            processes.append(process)
            playing[ours] = waiting.pop()
            _send(ours, playing[ours])
        while playing:
            for ready in wait(list(playing)):
                connection = cast("Connection", ready)
                seed = playing.pop(connection)
                result: Result = _receive(connection, seed)
                if waiting:
                    playing[connection] = waiting.pop()
                    _send(connection, playing[connection])
                else:
                    connection.close()
                yield seed, result
        for process in processes:
            process.join(timeout=10)
    finally:
        for process in processes:
            if process.is_alive():
                process.terminate()
            process.join()


def _send(connection: Connection, seed: int) -> None:
    # a process that died is noticed when its answer is awaited, which names the seed
    with suppress(BrokenPipeError):
        connection.send(seed)


def _receive(connection: Connection, seed: int) -> Any:
    try:
        ok, payload = connection.recv()
    except (EOFError, ConnectionError):
        raise WorkerError(f"seed {seed}: its process died (killed, or out of memory)") from None
    if not ok:
        raise WorkerError(f"seed {seed} failed: {payload}")
    return payload


def _serve(make_work: Callable[[], Work[Result]], connection: Connection) -> None:
    try:
        work = make_work()
        while (seed := _next(connection)) is not None:
            connection.send((True, work(seed)))
    except (MillwrightError, OSError) as error:  # says by itself what was wrong
        connection.send((False, f"{type(error).__name__}: {error}"))
    except BaseException:  # noqa: BLE001 - the parent reports it, with the seed
        connection.send((False, f"\n{traceback.format_exc()}"))
    connection.close()


def _next(connection: Connection) -> int | None:
    """The next seed; None when the parent has none left, or has gone."""
    try:
        return cast(int, connection.recv())
    except EOFError:
        return None
