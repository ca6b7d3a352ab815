"""Records in one process for each of some steps that touch the disk, and dies by SIGKILL right before or amid it.

    python -m tests.datasets.crash FOLDER NUMBER

Leaves FOLDER/N for the run that died at step N, NUMBER of them drawn from all, one of every stage at least. `N/safe`
lists the seeds that the recorder had reported before it died, `N/step` the step.
"""

from __future__ import annotations

import os
import random
import signal
import sys
from pathlib import Path

import pandas  # noqa: F401 - pyarrow imports it on first use; before the forks, once is enough

from millwright.datasets import record
from tests.datasets.players import FPS, MakePlay

STEPS = {"open", "os.rename", "os.remove", "os.mkdir", "os.rmdir", "os.link"}
STAGES = ("recording/seed-", "recording/.seed-", "compacting", "committed", ".discarded-", "meta/", "videos/")


def record_until(folder: Path, fatal: int) -> list[str]:
    """Record two seeds, then a third into the same folder, dying at the step number `fatal`; all steps, where none is.

    A file whose opening is an even step is begun and left torn; before any other step it ends.
    """
    out, safe = folder / "out", folder / "safe"
    folder.mkdir(parents=True)
    log = os.open(safe, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    steps: list[str] = []

    def watch(event: str, arguments: tuple[object, ...]) -> None:
        if event not in STEPS or str(out) not in str(arguments[0]) or len(steps) == fatal > 0:
            return
        steps.append(f"{event} {Path(str(arguments[0])).relative_to(out)}")
        if len(steps) == fatal:
            (folder / "step").write_text(steps[-1])
            if event == "open" and fatal % 2 == 0 and "w" in str(arguments[1]):
                Path(str(arguments[0])).write_bytes(b"PAR1 and no more")
            os.kill(os.getpid(), signal.SIGKILL)

    sys.addaudithook(watch)
    for last in (2, 3):
        record(MakePlay(3), range(last), out, fps=FPS, on_episode=lambda done: os.write(log, b"%d\n" % done.seed))
    return steps


def draw(steps: list[str], number: int) -> list[int]:
    """Numbers of the steps to die at, from 1 on."""
    rng = random.Random(0)
    chosen = {rng.choice([n for n, step in enumerate(steps, 1) if stage in step]) for stage in STAGES}
    others = [n for n in range(1, len(steps) + 1) if n not in chosen]
    return sorted(chosen | set(rng.sample(others, min(number - len(chosen), len(others)))))


def main(folder: Path, number: int) -> None:
    """Fork a run for each step that is drawn."""
    os.fsync = lambda handle: None  # a kill loses nothing that the system has; waiting for disks takes longest
    for fatal in draw(count_steps(folder / "whole"), number):
        child = os.fork()
        if child == 0:
            record_until(folder / str(fatal), fatal)
            sys.exit("nothing was fatal")
        if os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) != -signal.SIGKILL:
            sys.exit(f"step {fatal} did not kill")


def count_steps(folder: Path) -> list[str]:
    """All steps, found in a process of their own: an audit hook cannot be taken away again."""
    child = os.fork()
    if child == 0:
        steps = record_until(folder, 0)
        (folder / "steps").write_text("\n".join(steps))
        sys.exit()
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    return (folder / "steps").read_text().splitlines()


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]))
