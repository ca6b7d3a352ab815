"""Small files of other tools, written with the formats' own libraries."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import zarr
from imagecodecs.numcodecs import Jpegxl, register_codecs
from numcodecs import Blosc

from tests.datasets.players import make_scenes

LENGTHS = (12, 9, 15)
ROBOSUITE = {
    "env_name": "Lift",
    "env_version": "1.5.1",
    "type": 1,
    "env_kwargs": {"control_freq": 20, "robots": ["Panda"], "controller_configs": {"type": "OSC_POSE"}},
}


def make_pictures(seed: int, length: int, height: int = 32, width: int = 48) -> np.ndarray:
    """(length, height, width, 3) in which something moves in every frame."""
    frames = make_scenes(np.random.default_rng(seed), length, height, width)
    return np.stack([np.roll(frame, index, axis=1) for index, frame in enumerate(frames)])


def make_path(seed: int, length: int, size: int) -> np.ndarray:
    """(length, size) float64, smooth."""
    rng = np.random.default_rng(seed)
    return np.sin(np.linspace(0, 2 + rng.random(), length)[:, None] + np.arange(size) + rng.random())


def write_robomimic(path: Path, lengths: tuple[int, ...] = LENGTHS, images: bool = True) -> Path:
    """As robomimic's dataset_states_to_obs writes them."""
    with h5py.File(path, "w") as file:
        data = file.create_group("data")
        data.attrs["env_args"] = json.dumps(ROBOSUITE)
        data.attrs["total"] = sum(lengths)
        for number, length in reversed(list(enumerate(lengths))):
            demo = data.create_group(f"demo_{number}")
            demo.attrs["num_samples"] = length
            demo.attrs["model_file"] = "<mujoco/>"
            state = make_path(number, length, 9)
            demo["actions"] = make_path(number + 50, length, 7)
            demo["rewards"] = np.linspace(0, 1, length)
            demo["dones"] = np.eye(1, length, length - 1, dtype=np.int64)[0]
            demo["states"] = make_path(number + 90, length, 32)
            for group in ("obs", "next_obs"):
                obs = demo.create_group(group)
                obs["robot0_eef_pos"] = state[:, :3]
                obs["robot0_eef_quat"] = state[:, 3:7]
                obs["robot0_gripper_qpos"] = state[:, 7:]
                obs["object"] = make_path(number + 7, length, 10)
                obs["agentview_depth"] = np.full((length, 8, 8, 1), 0.5, np.float32)
                if images:
                    obs["agentview_image"] = make_pictures(number, length)
        names = [f"demo_{number}" for number in range(len(lengths))]
        file["mask/train"] = np.array(names[1:], "S")
        file["mask/valid"] = np.array(names[:1], "S")
        file["mask/20_percent"] = np.array(names[:1], "S")
    return path


def write_lift_document(path: Path) -> Path:
    """As the document's listing 1 lays it out; text as bytes and as text."""
    with h5py.File(path, "w") as file:
        for number, length in enumerate(LENGTHS):
            demo = file.create_group(f"data/demo_{number}")
            demo["images"] = make_pictures(number, length)
            demo["actions"] = make_path(number, length, 7).astype(np.float32)
            demo["rewards"] = np.linspace(0, 1, length)
            text = f"lift the cube, please {number % 2}"
            demo.attrs["language_instruction"] = np.bytes_(text) if number else text
            demo.attrs["success"] = np.bool_(number != 1)
            demo.attrs["episode_length"] = length
    return path


def write_pusht(path: Path, **changes: Any) -> Path:
    """As Diffusion Policy's pusht_cchi_v7_replay.zarr: float pictures, several frames a block, Blosc."""
    total = sum(LENGTHS)
    arrays = {
        "img": np.concatenate([make_pictures(n, length, 32, 32) for n, length in enumerate(LENGTHS)]).astype("f4"),
        "state": 250 + 100 * make_path(1, total, 5).astype("f4"),
        "action": 250 + 100 * make_path(2, total, 2).astype("f4"),
        "keypoint": 250 + 100 * make_path(3, total, 18).reshape(total, 9, 2).astype("f4"),
        "n_contacts": np.zeros((total, 1), "f4"),
        **changes,
    }
    root = zarr.open_group(str(path), mode="w", zarr_format=2)
    for name, values in arrays.items():
        array = root.require_group("data").create_array(
            name, shape=values.shape, dtype=values.dtype, chunks=(10, *values.shape[1:]), compressors=Blosc("zstd")
        )
        array[:] = values
    root.require_group("meta").create_array("episode_ends", data=np.cumsum(LENGTHS))
    return path


def write_umi(path: Path, grippers: int = 1, frames: np.ndarray | None = None) -> Path:
    """As UMI's 07_generate_replay_buffer.py: a zip, one JPEG XL a frame, poses as rotation vectors."""
    register_codecs(verbose=False)
    total = sum(LENGTHS)
    if frames is None:
        frames = np.concatenate([make_pictures(n, length, 32, 32) for n, length in enumerate(LENGTHS)])
    with zarr.storage.ZipStore(path, mode="w") as store:
        root = zarr.create_group(store, zarr_format=2)
        data = root.create_group("data")
        for gripper in range(grippers):
            pose = make_path(gripper, total, 7).astype(np.float32)
            data.create_array(f"robot{gripper}_eef_pos", data=pose[:, :3])
            data.create_array(f"robot{gripper}_eef_rot_axis_angle", data=pose[:, 3:6])
            data.create_array(f"robot{gripper}_gripper_width", data=np.abs(pose[:, 6:]))
            data.create_array(f"robot{gripper}_demo_start_pose", data=np.repeat(pose[:1, :6], total, 0).astype("f8"))
            data.create_array(f"robot{gripper}_demo_end_pose", data=np.repeat(pose[-1:, :6], total, 0).astype("f8"))
            codec = Jpegxl(level=99, numthreads=1)
            camera = data.create_array(
                f"camera{gripper}_rgb", shape=frames.shape, dtype="u1", chunks=(1, *frames.shape[1:]), compressors=codec
            )
            for number, frame in enumerate(frames):
                camera[number] = frame
        root.create_group("meta").create_array("episode_ends", data=np.cumsum(LENGTHS))
    return path
