"""Killed at any moment, a recorder loses at most the episodes in progress."""

from __future__ import annotations

import contextlib
import functools
import itertools
import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from millwright.core.errors import DatasetError
from millwright.core.features import Features
from millwright.datasets import Dataset, record, validate
from millwright.datasets.compaction import has_leftovers
from millwright.datasets.recording import write_recording
from tests.datasets.crash import STAGES
from tests.datasets.players import FPS, MakePlay, make_episode

ROOT = Path(__file__).parents[2]


@pytest.fixture
def at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody waits for disks: what is killed here are processes, not machines."""
    monkeypatch.setattr(os, "fsync", lambda handle: None)


@pytest.mark.parametrize("number", [50, pytest.param(1000, marks=[pytest.mark.slow, pytest.mark.timeout(900)])])
def test_a_kill_at_any_step_loses_nothing_that_was_finished(tmp_path: Path, at_once: None, number: int) -> None:
    subprocess.run([sys.executable, "-m", "tests.datasets.crash", tmp_path, str(number)], cwd=ROOT, check=True)
    shutil.rmtree(tmp_path / "whole")
    runs = sorted(tmp_path.iterdir(), key=lambda run: int(run.name))
    assert len(runs) >= min(number, 150)
    steps = [(run / "step").read_text() for run in runs]
    for stage in STAGES:  # among them compaction, its commit, and what follows at close
        assert any(stage in step for step in steps), stage
    for run in runs:
        safe = {int(line) for line in (run / "safe").read_text().split()}
        check_nothing_is_lost(run / "out", safe)
    reference = Dataset(record(MakePlay(3), range(3), tmp_path / "reference", fps=FPS))
    for run in runs[::8]:
        resumed = Dataset(record(MakePlay(3), range(3), run / "out", fps=FPS))
        assert sorted(row.seed for row in resumed.episodes) == [row.seed for row in reference.episodes]
        assert validate(run / "out") == []


class KilledError(BaseException):
    """Stands for a kill, inside this process."""


def test_a_kill_before_any_rename_of_a_compaction_loses_nothing(
    tmp_path: Path, at_once: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = tmp_path / "before"
    record(MakePlay(3), [0], before, fps=FPS)
    for seed in (1, 2):
        write_recording(make_episode(seed), before, FPS, Features())
    renames = {name: getattr(Path, name) for name in ("rename", "replace")}
    left = 0

    def count(name: str, source: Path, target: Path) -> Path:
        nonlocal left
        left -= 1
        if left < 0:
            raise KilledError
        return renames[name](source, target)

    for fatal in itertools.count():
        out = shutil.copytree(before, tmp_path / str(fatal))
        left = fatal
        with monkeypatch.context() as patch, contextlib.suppress(KilledError):
            for name in renames:
                patch.setattr(Path, name, functools.partialmethod(lambda *given, name: count(name, *given), name=name))
            Dataset(out)
        assert [row.seed for row in Dataset(out).episodes] == [0, 1, 2]
        assert validate(out) == []
        if left >= 0:
            break
    assert fatal > 8


def check_nothing_is_lost(out: Path, safe: set[int]) -> None:
    try:
        found = {row.seed for row in Dataset(out).episodes}
    except DatasetError:
        found = set()
    assert found >= safe
    assert not found or validate(out) == []
    assert not has_leftovers(out)
    assert not (out / "compacting").exists()


def test_a_kill_from_outside_with_two_workers_loses_at_most_two_episodes(tmp_path: Path) -> None:
    program = (
        "import sys; from pathlib import Path; from millwright.datasets import record\n"
        "from tests.datasets.players import FPS, MakePlay\n"
        "if __name__ == '__main__':\n"
        "    record(MakePlay(3), range(10_000), Path(sys.argv[1]), fps=FPS, workers=2,\n"
        "           on_episode=lambda done: print(done.seed, flush=True))\n"
    )
    script = tmp_path / "record.py"
    script.write_text(program)
    recorder = subprocess.Popen(
        [sys.executable, script, tmp_path / "out"],
        stdout=subprocess.PIPE,
        text=True,
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
    )
    assert recorder.stdout is not None
    safe = [int(recorder.stdout.readline()) for _ in range(9)]
    recorder.send_signal(signal.SIGKILL)
    safe += [int(line) for line in recorder.stdout.read().split()]  # ends when the last worker has ended
    recorder.wait()
    dataset = Dataset(tmp_path / "out")
    found = {row.seed for row in dataset.episodes}
    assert found >= set(safe)
    assert len(set(range(max(safe) + 1)) - found) <= 2
    assert validate(tmp_path / "out") == []


def test_a_recorder_that_is_at_work_keeps_readers_out_until_it_ends(tmp_path: Path) -> None:
    seen: list[str] = []

    def read(_: object) -> None:
        with pytest.raises(DatasetError) as refusal:
            Dataset(tmp_path)
        seen.append(str(refusal.value))

    record(MakePlay(), [0], tmp_path, fps=FPS, on_episode=read)
    assert "wait until it ends" in seen[0]
    assert len(Dataset(tmp_path).episodes) == 1
