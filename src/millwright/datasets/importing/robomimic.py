"""HDF5 files of robomimic and robosuite, and of their kin MimicGen, LIBERO and RoboCasa."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from millwright.core.errors import DatasetError
from millwright.datasets.importing.arrays import Known
from millwright.datasets.importing.hdf5 import Hdf5, find_splits
from millwright.datasets.importing.reader import ArrayReader, Part
from millwright.datasets.importing.source import Demonstration, Source, Wishes, make_seed, make_verdict

_NAMES = {"actions": "action", "rewards": "next.reward", "dones": "next.done"}
_XYZ = ("x", "y", "z")
_KNOWN = (
    Known(r"robot\d_(right_|left_)?eef_pos", "m", "world", _XYZ),
    Known(r"robot\d_(right_|left_)?eef_quat(_site)?", "1", "world", ("qx", "qy", "qz", "qw")),
    Known(r"robot\d_(right_|left_)?eef_vel_lin", "m/s", "world", _XYZ),
    Known(r"robot\d_(right_|left_)?eef_vel_ang", "rad/s", "world", _XYZ),
    Known(r"robot\d_joint_pos", "rad"),
    Known(r"robot\d_joint_pos_(cos|sin)", "1"),
    Known(r"robot\d_joint_vel", "rad/s"),
    Known(r"robot\d_(right_|left_)?gripper_qpos", "m"),
    Known(r"robot\d_(right_|left_)?gripper_qvel", "m/s"),
    Known(r"next\.(reward|done)", "1"),
)
"""What robosuite's observables are."""
_DELTA_POSE = Known("action", "share of the range", names=("dx", "dy", "dz", "dax", "day", "daz", "gripper"))
"""What goes into robosuite's OSC_POSE controller as it is set up by default."""
_STATE = ("robot{}_eef_pos", "robot{}_eef_quat", "robot{}_gripper_qpos")
"""What robomimic's own policies read of a robot beside pictures."""


class Robomimic(Source):
    """`data/demo_0` with `actions` and mostly `obs`; rate, robot and controller in `env_args` or `env_info`."""

    kind = "robomimic"

    def __init__(self, path: Path, wishes: Wishes) -> None:
        self._file = Hdf5(path)
        self.labels = self._file.names
        said = self._file.attributes()
        settings = _find_settings(said)
        rate = settings.get("control_freq")
        self.fps = float(rate) if isinstance(rate, int | float) else None
        robots = settings.get("robots")
        self.robot_type = ", ".join(map(str, robots)) if isinstance(robots, list) else str(robots or "")
        self._text = _find_text(said)
        self._left_out = wishes.left_out
        label = self.labels[wishes.find_first(len(self.labels))]
        first, left_out = self._arrays(label)
        if "action" not in first:
            raise DatasetError(f"{path}: {label} has no actions; there are {', '.join(first) or 'no arrays'}")
        known = (_DELTA_POSE, *_KNOWN) if _is_delta_pose(settings.get("controller_configs")) else _KNOWN
        state = [f"observation.{name.format(robot)}" for robot in range(4) for name in _STATE]
        self._reader = ArrayReader(first, known, wishes, state)
        self.features = self._reader.features
        self.splits, notes = find_splits(self._file.load_masks(), len(self.labels))
        self.notes = [*self._reader.notes, *notes, *left_out]
        self.about = {key: said[key] for key in ("env_args", "env", "env_info", "repository_version") if key in said}

    def load(self, number: int) -> Demonstration:
        label = self.labels[number]
        arrays, _ = self._arrays(label)
        said = self._file.attributes(label)
        length = arrays["action"].shape[0] if "action" in arrays else 0
        if said.get("num_samples", length) != length or not length:
            told = f"{label}: num_samples is {said.get('num_samples')}, it has {length} actions"
            raise DatasetError(f"{told}; --drop {number} leaves it out")
        text = _find_text(said) or self._text
        known = make_seed(said["seed"]) if "seed" in said else {}
        known |= make_verdict(said["success"]) if "success" in said else {}
        shown = self._reader.load(Part(label, 0, length), arrays)
        return Demonstration(length, shown.columns, shown.films, [text] * length if text else (), known)

    def close(self) -> None:
        self._file.file.close()

    def _arrays(self, label: str) -> tuple[dict[str, Any], list[str]]:
        """Feature -> array, and what is left out: what does not have a number a frame.

        Raises:
            DatasetError: of what is recorded a frame at a time there are more or fewer values than actions.
        """
        found = self._file.arrays(label)
        frames = found["actions"].shape[0] if "actions" in found else 0
        arrays, left_out = {}, []
        for path, array in found.items():
            name = _name(path)
            is_numeric, length = array.dtype.kind in "biuf", array.shape[0] if array.shape else 0
            if path.startswith("next_obs/"):
                left_out.append("left out: next_obs, which is obs a frame later")
            elif name in self._left_out or (is_numeric and length == frames):
                arrays[name] = array
            elif is_numeric and not name.startswith("source."):
                told = f"{label}: {path} has {length} values, actions {frames}"
                raise DatasetError(f"{told}; leave the episode out with --drop, or the feature with --leave-out {name}")
            else:
                left_out.append(f"left out: {path}, which has no number for each frame")
        return arrays, sorted(set(left_out))


def _name(path: str) -> str:
    """What an array becomes: `obs/object` -> `observation.object`."""
    name = path.replace("/", ".")
    if name.startswith("obs."):
        return f"observation.{name.removeprefix('obs.')}"
    return _NAMES.get(path, f"source.{name}")


def _find_settings(said: Mapping[str, Any]) -> Mapping[str, Any]:
    """What the environment was made with: robomimic's env_args, or robosuite's env_info."""
    args, info = said.get("env_args"), said.get("env_info")
    if isinstance(args, Mapping) and isinstance(args.get("env_kwargs"), Mapping):
        return dict(args["env_kwargs"])
    return info if isinstance(info, Mapping) else {}


def _find_text(said: Mapping[str, Any]) -> str:
    """An instruction, wherever one of the family keeps it."""
    meta, problem = said.get("ep_meta"), said.get("problem_info")
    found = said.get("language_instruction") or said.get("lang")
    if not found and isinstance(meta, Mapping):
        found = meta.get("lang")
    if not found and isinstance(problem, Mapping):
        found = problem.get("language_instruction")
    return str(found or "").strip()


def _is_delta_pose(controllers: Any) -> bool:
    """One arm under OSC_POSE, told to move by rather than to; names and places differ between versions."""
    text = json.dumps(controllers)
    absolute = re.search(r'"control_delta": false|"input_type": "absolute"', text)
    return text.count('"OSC_POSE"') == 1 and not absolute
