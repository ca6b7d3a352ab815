"""A pool of processes that play seeds. Which worker plays a seed never changes what comes out."""

from __future__ import annotations

import multiprocessing
import traceback
from collections.abc import Callable, Iterator, Sequence
from multiprocessing.connection import Connection, wait
from typing import TypeVar, cast

from millwright.core.errors import WorkerError

Result = TypeVar("Result")
Work = Callable[[int], Result]


def map_seeds(make_work: Callable[[], Work[Result]], seeds: Sequence[int], workers: int = 1) -> Iterator[tuple[int, Result]]:
    """Yield (seed, result) as they finish, each seed once.

    Args:
        make_work: picklable; called once in each worker, returns the function called with each seed.
        seeds: what to play.
        workers: processes; 1 plays in this process.

    Raises:
        WorkerError: an episode raised, or its process died; names the seed. Results already yielded stand.
    """
    if workers < 1:
        raise ValueError(f"workers must be at least 1, got {workers}")
    if workers == 1 or len(seeds) <= 1:
        work = make_work()
        for seed in seeds:
            yield seed, work(seed)
        return
    yield from _map_processes(make_work, list(seeds), min(workers, len(seeds)))


def _map_processes(make_work: Callable[[], Work[Result]], seeds: list[int], workers: int) -> Iterator[tuple[int, Result]]:
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
            ours.send(playing[ours])
        while playing:
            for ready in wait(list(playing)):
                connection = cast("Connection", ready)
                seed = playing.pop(connection)
                result = _receive(connection, seed)
                if waiting:
                    playing[connection] = waiting.pop()
                    connection.send(playing[connection])
                else:
                    connection.send(None)
                yield seed, result
        for process in processes:
            process.join(timeout=10)
    finally:
        for process in processes:
            if process.is_alive():
                process.terminate()
            process.join()


def _receive(connection: Connection, seed: int) -> Result:  # type: ignore[type-var]
    try:
        ok, payload = connection.recv()
    except EOFError:
        raise WorkerError(f"seed {seed}: its process died (killed, or out of memory)") from None
    if not ok:
        raise WorkerError(f"seed {seed} failed:\n{payload}")
    return cast(Result, payload)


def _serve(make_work: Callable[[], Work[Result]], connection: Connection) -> None:
    try:
        work = make_work()
        while (seed := connection.recv()) is not None:
            connection.send((True, work(seed)))
    except EOFError:
        pass  # the parent has gone
    except BaseException:
        connection.send((False, traceback.format_exc()))
    connection.close()
