"""record: play seeds in several processes and write every episode down the moment it ends."""

from __future__ import annotations

from collections.abc import Callable, Generator, Sequence
from contextlib import closing
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import cast

from millwright.core.episode import Episode
from millwright.core.errors import RecordingError
from millwright.core.features import Features
from millwright.core.workers import check_seeds, map_seeds
from millwright.datasets import layout
from millwright.datasets.compaction import compact
from millwright.datasets.durable import exclusive, is_full
from millwright.datasets.metadata import has_dataset, load_episode_table, load_info
from millwright.datasets.recording import pin_schema, write_recording
from millwright.datasets.schema import Schema

Play = Callable[[int], Episode]


@dataclass(frozen=True)
class Recorded:
    """An episode that is safe on the disk."""

    seed: int
    success: bool
    failure: str | None
    num_frames: int


@dataclass(frozen=True)
class _DiskFull:
    reason: str


def record(
    make_play: Callable[[], Play],
    seeds: Sequence[int],
    out: Path,
    *,
    fps: float,
    workers: int = 1,
    features: Features | None = None,
    robot_type: str = "",
    on_episode: Callable[[Recorded], None] | None = None,
) -> Path:
    """Record one episode for each seed into a LeRobot v3.0 dataset; failed episodes too, marked as such.

    A killed recording loses at most the episodes in progress, one a worker. Recording into a folder again
    goes on where it stopped: seeds that it holds are not played again.

    Args:
        make_play: picklable; called once in each worker, returns the function that plays a seed.
        seeds: of the episodes.
        out: the dataset's folder; made if missing.
        fps: control steps a second, the rate of the data and of its videos.
        workers: processes; which one plays a seed changes nothing but the order after a crash.
        features: what is known of observations and `action` (units, names): checked, and written down.
        robot_type: LeRobot's name of the robot.
        on_episode: called in this process as soon as an episode is safe.

    Returns:
        `out`.

    Raises:
        DatasetError: `out` holds a dataset of other columns, another tool's or an older layout's, or is being recorded.
        OptionError: seeds that no table holds, or too many.
        RecordingError: the disk is full; what is finished is kept, and recording again goes on.
        WorkerError: an episode failed; what is finished is kept.
    """
    check_seeds(seeds)
    out.mkdir(parents=True, exist_ok=True)
    with exclusive(out):
        compact(out)
        known = _load_known(out)
        left = [seed for seed in dict.fromkeys(seeds) if seed not in known]
        if not left:
            return out
        if known:
            pin_schema(out, Schema.from_json(load_info(out)))
        make_work = partial(_make_work, make_play, out, fps, features or Features(), robot_type)
        results = cast(Generator[tuple[int, Recorded | _DiskFull], None, None], map_seeds(make_work, left, workers))
        kept: list[int] = []
        with closing(results):
            for seed, result in results:
                if isinstance(result, _DiskFull):
                    raise RecordingError(_explain(out, result, kept, len(known), left))
                kept.append(seed)
                if on_episode:
                    on_episode(result)
        compact(out)
    return out


def _make_work(
    make_play: Callable[[], Play], out: Path, fps: float, features: Features, robot_type: str
) -> Callable[[int], Recorded | _DiskFull]:
    play = make_play()

    def work(seed: int) -> Recorded | _DiskFull:
        episode = play(seed)
        try:
            write_recording(episode, out, fps, features, robot_type)
        except OSError as error:
            if not is_full(error):
                raise
            return _DiskFull(str(error))
        return Recorded(seed, episode.verdict.success, episode.verdict.failure, len(episode))

    return work


def _load_known(out: Path) -> frozenset[int]:
    if not has_dataset(out):
        return frozenset()
    load_info(out)
    return frozenset(load_episode_table(out, ["seed"])["seed"].to_pylist())


def _explain(out: Path, full: _DiskFull, kept: list[int], num_before: int, left: list[int]) -> str:
    return (
        f"the disk is full ({full.reason}). Kept: {len(kept)} new episodes in {out / layout.RECORDING} "
        f"(seeds {format_seeds(kept)}) and {num_before} recorded before; {len(left) - len(kept)} are still to be "
        "recorded. Free some space and record again with the same arguments: it goes on where it stopped"
    )


def format_seeds(seeds: Sequence[int]) -> str:
    """Seeds as half-open ranges: `0:4, 9:10`; `none` when there are none."""
    ranges: list[list[int]] = []
    for seed in sorted(seeds):
        if ranges and ranges[-1][1] == seed:
            ranges[-1][1] += 1
        else:
            ranges.append([seed, seed + 1])
    return ", ".join(f"{first}:{stop}" for first, stop in ranges) or "none"
