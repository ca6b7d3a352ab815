"""LeRobot's side of the comparison, run by the Python of .lerobot/: `write SHAPE FOLDER`, `read BACKEND FOLDER FILE`.

Several commands follow each other after `,`; importing LeRobot takes longer than any of them.
"""

from __future__ import annotations

import itertools
import sys
from pathlib import Path
from typing import Any

import numpy as np
from lerobot.configs import DepthEncoderConfig, RGBEncoderConfig
from lerobot.datasets.lerobot_dataset import LeRobotDataset

from tests.oracle import scenes
from tests.oracle.scenes import COLUMNS, DEPTH, HEIGHT, NOTE, SHAPES, WIDTH


def write(title: str, folder: str) -> None:
    """A dataset through LeRobot's own recording interface."""
    shape = SHAPES[title]
    features: dict[str, Any] = {
        name: {"dtype": dtype, "shape": size, "names": None} for name, (dtype, size) in COLUMNS.items()
    }
    for camera in shape.cameras:
        channels = 1 if camera == DEPTH else 3
        features[camera] = {
            "dtype": "video" if shape.videos else "image",
            "shape": (channels, HEIGHT, WIDTH) if shape.channels_first else (HEIGHT, WIDTH, channels),
            "names": ["channels", "height", "width"] if shape.channels_first else ["height", "width", "channels"],
            "info": {"is_depth_map": camera == DEPTH},
        }
    if shape.notes:
        features[NOTE] = {"dtype": "string", "shape": (1,), "names": None}
    limits = {"data_files_size_in_mb": 0.004, "video_files_size_in_mb": 0.004} if shape.small_files else {}
    dataset = LeRobotDataset.create(
        "local/oracle", shape.fps, features, folder, use_videos=shape.videos, streaming_encoding=shape.streaming,
        rgb_encoder=RGBEncoderConfig(**shape.encoder), depth_encoder=DepthEncoderConfig(), **limits,
    )  # fmt: skip
    if shape.small_files:
        dataset.meta.info.chunks_size = 2
    number = itertools.count()
    for length in shape.lengths:
        for frame in range(length):
            dataset.add_frame(make_frame(shape, next(number), frame, length))
        dataset.save_episode(parallel_encoding=False)
    dataset.finalize()


def make_frame(shape: scenes.Shape, number: int, frame: int, length: int) -> dict[str, Any]:
    """What `add_frame` takes."""
    made: dict[str, Any] = {**scenes.make_columns(number), "task": scenes.find_task(shape, frame, length)}
    for camera in shape.cameras:
        made[camera] = scenes.draw_depth(number) if camera == DEPTH else scenes.draw_picture(number, camera)
    if shape.millimetres:
        made[DEPTH] = (made[DEPTH] * 1000).round().astype(np.uint16)
    if shape.notes:
        made[NOTE] = f"note {number}"
    return made


def read(backend: str, folder: str, file: str) -> None:
    """Every item of LeRobot's loader as arrays (num_frames, ...), pictures with the channels last and colours uint8."""
    dataset = LeRobotDataset("local/oracle", folder, video_backend=backend, depth_output_unit="m")
    items = [dataset[index] for index in range(len(dataset))]
    arrays = {}
    for name in items[0]:
        values = [np.asarray(item[name]) for item in items]
        if name in dataset.meta.camera_keys:
            values = [to_picture(value, name in dataset.meta.depth_keys) for value in values]
        arrays[name] = np.stack(values)
    np.savez(file, **arrays)


def to_picture(value: np.ndarray, depth: bool) -> np.ndarray:
    """(channels, height, width) float32 -> (height, width, channels), colours as the whole numbers they were."""
    if depth:
        return value.transpose(1, 2, 0)
    levels = value.transpose(1, 2, 0) * 255
    assert np.abs(levels - levels.round()).max() < 1e-3
    return levels.round().astype(np.uint8)


def main() -> None:
    """Run all commands."""
    commands = [list(group) for comma, group in itertools.groupby(sys.argv[1:], lambda word: word == ",") if not comma]
    for name, *words in commands:
        Path(words[-1]).parent.mkdir(parents=True, exist_ok=True)
        {"write": write, "read": read}[name](*words)


if __name__ == "__main__":
    main()
