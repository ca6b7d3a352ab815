"""LeRobot itself as the oracle: what one side wrote, the other reads the same, frame by frame."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from benchmarks.against.side import MISSING, has_lerobot, run_in_lerobot

from millwright.core.episode import Episode
from millwright.core.features import Feature, Features
from millwright.datasets import Dataset, layout, record, validate
from millwright.datasets.depth import NEAREST_M
from tests.datasets.editing import (
    DATA,
    VIDEO,
    edit_column,
    edit_info,
    edit_json,
    edit_rows,
    edit_table,
    retime,
    truncate,
)
from tests.datasets.players import FPS, make_episode
from tests.oracle import scenes
from tests.oracle.scenes import DEPTH, NOTE, SHAPES, TABLE, WRIST, Shape

pytestmark = [pytest.mark.slow, pytest.mark.timeout(1800), pytest.mark.skipif(not has_lerobot(), reason=MISSING)]

OURS = "ours"
BACKENDS = ("torchcodec", "pyav")
CODEC_LEVELS = 8
"""Grey levels, mean of a picture, that a lossy codec may take; LeRobot's own loader gives the very same pixels."""
CODES = 4095
STEP_M = float(np.log((10 + 3.5) / (0.01 + 3.5))) / CODES * (scenes.FAR_M + 3.5)
"""Metres that a code of LeRobot's depth videos may stand for."""
Arrays = Mapping[str, np.ndarray]
PLANTED_IN = "h264, encoded while recording"


def set_at(values: np.ndarray, new: object) -> None:
    values[5] = new


FAULTS: Mapping[str, tuple[str, Callable[[Path], object]]] = {
    "a key is missing": ("MW102", lambda r: edit_info(r, lambda i: i.pop("total_tasks"))),
    "frames are counted wrongly": ("MW103", lambda r: edit_info(r, lambda i: i.update(total_frames=7))),
    "a task index is missing": (
        "MW105",
        lambda r: edit_table(r, layout.TASKS, lambda t: t.set_column(0, "task_index", pa.array([0, 2]))),
    ),
    "a gap in the episodes": ("MW106", lambda r: edit_rows(r, lambda rows: rows[2].update(episode_index=3))),
    "rows without a footer": ("MW109", lambda r: truncate(r / DATA)),
    "a video is gone": ("MW110", lambda r: (r / VIDEO).unlink()),
    "a column that is not declared": ("MW201", lambda r: edit_info(r, lambda i: i["features"].pop("next.reward"))),
    "a column that is not there": (
        "MW202",
        lambda r: edit_info(r, lambda i: i["features"].update(more={"dtype": "int64", "shape": [1], "names": None})),
    ),
    "a time off the grid": ("MW204", lambda r: edit_column(r, "timestamp", lambda v: set_at(v, 9.0))),
    "a task of another": ("MW208", lambda r: edit_column(r, "task_index", lambda v: set_at(v, 7))),
    "a number that is none": ("MW210", lambda r: edit_column(r, "action", lambda v: set_at(v, np.nan), False)),
    "a video that ends early": ("MW301", lambda r: truncate(r / VIDEO)),
    "a variable frame rate": ("MW302", lambda r: retime(r, lambda n: n + (n > 5))),
    "statistics are gone": ("MW401", lambda r: (r / layout.STATS).unlink()),
    "a mean is wrong": ("MW404", lambda r: edit_json(r, layout.STATS, lambda s: s["action"].update(mean=[9.0] * 6))),
    "an action that stands still": ("MW501", lambda r: edit_column(r, "action", lambda v: v.fill(0.5))),
}
"""What is planted -> the code that it is found by."""


@dataclass(frozen=True)
class MakePlay:
    """A player of episodes that show the oracle's pictures, of two cameras."""

    def __call__(self) -> Any:
        return play


def play(seed: int) -> Episode:
    episode = make_episode(seed, 8 + seed % 3)
    numbers = range(20 * seed, 20 * seed + len(episode))
    steps = []
    for number, step in zip(numbers, episode.steps, strict=True):
        pictures = {camera: scenes.draw_picture(number, camera) for camera in (WRIST, TABLE)} | {
            DEPTH: draw_holed(number)
        }
        steps.append(replace(step, observation={**step.observation, **pictures}))
    return replace(episode, steps=tuple(steps))


def draw_holed(number: int) -> np.ndarray:
    """Depth with a corner that has none."""
    depth = scenes.draw_depth(number)
    depth[:4, :4] = 0
    return depth


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Both sides write, then LeRobot reads everything, in one process since its imports take longest."""
    root = tmp_path_factory.mktemp("oracle")
    with pytest.MonkeyPatch.context() as small:
        for name, limit in (("DATA_FILE_MB", 0.03), ("VIDEO_FILE_MB", 0.02), ("FILES_PER_CHUNK", 2)):
            small.setattr(layout, name, limit)
        record(MakePlay(), range(7), root / OURS, fps=FPS, features=Features(Feature(DEPTH, (48, 64, 1), unit="m")))
    commands: list[tuple[object, ...]] = [("write", title, root / title) for title in SHAPES]
    for title in (OURS, *SHAPES):
        commands += [("read", backend, root / title, root / f"{title}.{backend}.npz") for backend in BACKENDS]
    words = [word for command in commands for word in (*command, ",")]
    run_in_lerobot("tests.oracle.lerobot_side", words, root / "home")
    return root


def load(folder: Path, title: str, backend: str) -> Arrays:
    """What LeRobot's loader gave."""
    return dict(np.load(folder / f"{title}.{backend}.npz"))


def compare(dataset: Dataset, theirs: Arrays) -> None:
    """Both loaders say the same of every frame."""
    assert len(dataset) == len(theirs["index"])
    assert theirs["task"].tolist() == [dataset.tasks[index] for index in dataset.column("task_index")[:, 0]]
    for name, feature in dataset.features.items():
        if name in dataset.cameras or feature.is_text:
            continue
        ours = dataset.column(name).reshape(len(dataset), -1)
        ours = ours.astype(np.float32) if ours.dtype == np.float64 else ours  # theirs are torch's default
        np.testing.assert_array_equal(ours, theirs[name].reshape(len(dataset), -1), err_msg=name)
    for camera in dataset.cameras:
        ours, seen = dataset.frames(camera), theirs[camera]
        assert ours.shape == seen.shape, camera
        if not dataset.features[camera].is_image:
            seen = np.where(ours == 0, 0, seen)  # of what has no depth they give the nearest that there is
        tolerance = 0 if dataset.features[camera].is_image else 1e-5  # theirs is computed by torch
        np.testing.assert_allclose(ours, seen, rtol=tolerance, err_msg=camera)


@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize("title", [OURS, *SHAPES])
def test_both_loaders_give_the_same_frames(folder: Path, title: str, backend: str) -> None:
    compare(Dataset(folder / title), load(folder, title, backend))


@pytest.mark.parametrize("backend", BACKENDS)
def test_lerobot_sees_what_was_recorded_here(folder: Path, backend: str) -> None:
    theirs = load(folder, OURS, backend)
    start = 0
    for seed in range(7):
        episode = play(seed)
        rows = slice(start, start := start + len(episode))
        for camera in (WRIST, TABLE):
            check_pictures(theirs[camera][rows], [step.observation[camera] for step in episode.steps])
            assert scenes.read_numbers(theirs[camera][rows]).tolist() == list(
                range(20 * seed, 20 * seed + rows.stop - rows.start)
            )
        depth = np.stack([step.observation[DEPTH] for step in episode.steps])
        assert np.abs(theirs[DEPTH][rows] - depth.clip(NEAREST_M)).max() <= STEP_M
        np.testing.assert_array_equal(theirs["action"][rows], [step.label.action for step in episode.steps])
        np.testing.assert_array_equal(
            theirs["observation.state"][rows], [step.observation["observation.state"] for step in episode.steps]
        )
        np.testing.assert_allclose(theirs["timestamp"][rows], np.arange(len(episode)) / FPS, atol=1e-6)
        assert set(theirs["episode_index"][rows].tolist()) == {seed}
        assert set(theirs["task"][rows].tolist()) == {episode.task}
    assert start == len(theirs["index"])


@pytest.mark.parametrize("title", SHAPES)
def test_what_lerobot_recorded_is_read_here(folder: Path, title: str) -> None:
    shape, dataset = SHAPES[title], Dataset(folder / title)
    count = sum(shape.lengths)
    assert [row.length for row in dataset.episodes] == list(shape.lengths)
    assert {(row.seed, row.verdict) for row in dataset.episodes} == {(None, None)}
    made = [scenes.make_columns(number) for number in range(count)]
    for name in scenes.COLUMNS:
        np.testing.assert_array_equal(dataset.column(name), [row[name] for row in made])
    frames = np.concatenate([np.arange(length) for length in shape.lengths])
    np.testing.assert_allclose(dataset.column("timestamp")[:, 0], frames / shape.fps, atol=1e-6)
    meant = [scenes.find_task(shape, frame, length) for length in shape.lengths for frame in range(length)]
    assert [dataset.tasks[index] for index in dataset.column("task_index")[:, 0]] == meant
    if shape.notes:
        assert dataset.column(NOTE)[:, 0].tolist() == [f"note {number}" for number in range(count)]
    for camera in shape.cameras:
        check_camera(dataset, camera, shape)
    check_single_episodes(dataset)


def check_camera(dataset: Dataset, camera: str, shape: Shape) -> None:
    seen, numbers = dataset.frames(camera), range(len(dataset))
    if camera == DEPTH:
        meant = np.stack([scenes.draw_depth(number) for number in numbers])
        assert np.abs(seen - meant).max() <= (STEP_M if shape.videos else 0.00051 if shape.millimetres else 1e-6)
        return
    assert scenes.read_numbers(seen).tolist() == list(numbers)
    check_pictures(seen, [scenes.draw_picture(number, camera) for number in numbers], exactly=not shape.videos)


def check_pictures(seen: np.ndarray, meant: list[np.ndarray], exactly: bool = False) -> None:
    errors = np.abs(seen.astype(int) - np.stack(meant)).mean((1, 2, 3))
    assert errors.max() <= (0 if exactly else CODEC_LEVELS)


def check_single_episodes(dataset: Dataset) -> None:
    """Reading one episode gives its part of the whole."""
    for row in dataset.episodes:
        for name, values in dataset.episode(row.index).items():
            np.testing.assert_array_equal(values, dataset.column(name)[row.start : row.stop])
        for camera in dataset.cameras:
            np.testing.assert_array_equal(dataset.film(row.index, camera), dataset.frames(camera)[row.start : row.stop])


def test_files_and_chunks_overflowed_on_both_sides(folder: Path) -> None:
    for title in (OURS, *(title for title, shape in SHAPES.items() if shape.small_files)):
        for kind in ("data", f"videos/{WRIST}", f"videos/{TABLE}"):
            assert len(list((folder / title / kind).glob("chunk-001/file-*"))) > 0, (title, kind)


@pytest.mark.parametrize("title", SHAPES)
def test_nothing_is_wrong_with_what_lerobot_recorded(folder: Path, title: str) -> None:
    assert validate(folder / title) == []


@pytest.mark.parametrize("fault", FAULTS)
def test_a_fault_in_what_lerobot_recorded_is_found(folder: Path, tmp_path: Path, fault: str) -> None:
    code, plant = FAULTS[fault]
    root = tmp_path / "planted"
    shutil.copytree(folder / PLANTED_IN, root)
    plant(root)
    assert code in {finding.code for finding in validate(root)}
