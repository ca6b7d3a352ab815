"""Records in one process for each step that touches the disk, and dies by SIGKILL right before that step.

    python -m tests.datasets.crash FOLDER FIRST STRIDE

Leaves FOLDER/N for the run that died before step N, until a run reaches its end. `N/safe` lists the seeds
that the recorder had reported before it died.
"""

from __future__ import annotations

import os
import signal
import sys
from pathlib import Path

import pandas  # noqa: F401 - pyarrow imports it on first use; before the forks, once is enough

from millwright.datasets import record
from tests.datasets.players import FPS, MakePlay

STEPS = {"open", "os.rename", "os.remove", "os.mkdir", "os.rmdir", "os.link"}


def record_until(folder: Path, fatal: int) -> None:
    """Record two seeds, then a third into the same folder, dying before the step number `fatal`."""
    out, safe = folder / "out", folder / "safe"
    folder.mkdir(parents=True)
    log = os.open(safe, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    seen = 0

    def watch(event: str, arguments: tuple[object, ...]) -> None:
        nonlocal seen
        if event in STEPS and str(out) in str(arguments[0]):
            seen += 1
            if seen == fatal:
                os.kill(os.getpid(), signal.SIGKILL)

    sys.addaudithook(watch)
    for last in (2, 3):
        record(MakePlay(3), range(last), out, fps=FPS, on_episode=lambda done: os.write(log, b"%d\n" % done.seed))


def main(folder: Path, first: int, stride: int) -> None:
    """Fork a run for every `stride`-th step from `first` on, until one survives."""
    fatal = first
    while True:
        child = os.fork()
        if child == 0:
            record_until(folder / str(fatal), fatal)
            sys.exit()
        status = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
        if status != -signal.SIGKILL:
            sys.exit(status)
        fatal += stride


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3]))
