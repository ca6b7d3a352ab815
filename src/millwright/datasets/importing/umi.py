"""UMI's `dataset.zarr.zip`: pictures of hand-held grippers as JPEG XL, poses of the grippers, no commands."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import numpy as np

from millwright.core.errors import DatasetError
from millwright.core.features import Feature
from millwright.datasets.importing.arrays import STATE, Known
from millwright.datasets.importing.reader import ArrayReader
from millwright.datasets.importing.replay_buffer import Buffer
from millwright.datasets.importing.source import Demonstration, Source, Wishes

_POSE = ("x", "y", "z", "rx", "ry", "rz")
_KNOWN = (
    Known(r"robot\d+_eef_pos", "m", "tag", _POSE[:3]),
    Known(r"robot\d+_eef_rot_axis_angle", "rad", "tag", _POSE[3:]),
    Known(r"robot\d+_gripper_width", "m"),
    Known(r"robot\d+_demo_(start|end)_pose", "m, m, m, rad, rad, rad", "tag", _POSE),
)
"""UMI's pipeline puts poses into the frame of the tag on the table."""
_STATE = ("eef_pos", "eef_rot_axis_angle", "gripper_width")


class Umi(Source):
    """`data/camera0_rgb`, `data/robot0_eef_pos` and so on; the action is the next frame's pose and width."""

    kind = "umi"

    def __init__(self, path: Path, wishes: Wishes) -> None:
        self._buffer = Buffer(path)
        arrays = self._arrays()
        self.labels = [f"episode {number}" for number in range(len(self._buffer.ends))]
        robots = sorted({match[1] for key in arrays if (match := re.match(r"observation\.(robot\d+)_eef_pos$", key))})
        state = [f"observation.{robot}_{part}" for robot in robots for part in _STATE]
        blocks = {f"observation.{key}": size for key, size in self._buffer.blocks().items()}
        self._reader = ArrayReader(arrays, _KNOWN, wishes, state, blocks)
        self.notes = [*self._reader.notes, *self._buffer.notes]
        self.features = self._reader.features
        self._derives = "action" not in self.features and "action" not in wishes.left_out
        if self._derives:
            self.features = {**self.features, "action": self._make_action(path)}
            self.notes.append("action is the next frame's state, the last frame's its own: UMI records no commands")

    def load(self, number: int) -> Demonstration:
        shown = self._reader.load(self._buffer.part(number), self._arrays())
        if not self._derives:
            return shown
        state = shown.columns[STATE]
        action = np.concatenate([state[1:], state[-1:]])
        return Demonstration(shown.length, {**shown.columns, "action": action}, shown.films)

    def close(self) -> None:
        self._buffer.close()

    def _make_action(self, path: Path) -> Feature:
        state = self.features.get(STATE)
        if state is None:
            found = ", ".join(self.features)
            raise DatasetError(f"{path} has neither actions nor poses to make them of; it has {found}")
        return Feature("action", state.shape, state.dtype, state.unit, state.frame, state.names)

    def _arrays(self) -> dict[str, Any]:
        return {
            "action" if key == "action" else f"observation.{key}": array for key, array in self._buffer.arrays.items()
        }
