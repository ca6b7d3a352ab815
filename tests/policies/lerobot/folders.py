"""Folders as LeRobot 0.6 writes them, made without it."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from safetensors.numpy import save_file

TOP, WRIST, STATE = "observation.images.top", "observation.images.wrist", "observation.state"
INPUTS: dict[str, Any] = {
    TOP: {"type": "VISUAL", "shape": [3, 24, 32]},
    WRIST: {"type": "VISUAL", "shape": [3, 16, 16]},
    STATE: {"type": "STATE", "shape": [2]},
}
ACTION = {"action": {"type": "ACTION", "shape": [3]}}
NORM_MAP = {"VISUAL": "IDENTITY", "STATE": "MEAN_STD", "ACTION": "MEAN_STD"}
Change = Callable[[dict[str, Any]], object]


def write(folder: Path, kind: str = "act", **config: Any) -> Path:
    """A checkpoint; its weights are none of a real policy's."""
    folder.mkdir(parents=True)
    values = {"type": kind, "n_obs_steps": 1, "n_action_steps": 2, "use_peft": False, **config}
    (folder / "config.json").write_text(json.dumps({"input_features": INPUTS, "output_features": ACTION, **values}))
    save_file({"weight": np.zeros(1, np.float32)}, folder / "model.safetensors")
    write_steps(folder, "policy_preprocessor", "normalizer_processor", {**INPUTS, **ACTION}, (STATE,))
    write_steps(folder, "policy_postprocessor", "unnormalizer_processor", ACTION, ("action",))
    return folder


def write_steps(folder: Path, name: str, step: str, features: dict[str, Any], known: tuple[str, ...]) -> None:
    state = f"{name}_step_1_{step}.safetensors"
    save_file({f"{feature}.mean": np.zeros(2, np.float32) for feature in known}, folder / state)
    steps = [
        {"registry_name": "device_processor", "config": {"device": "cuda"}},
        {"registry_name": step, "config": {"features": features, "norm_map": NORM_MAP}, "state_file": state},
    ]
    (folder / f"{name}.json").write_text(json.dumps({"name": name, "steps": steps}))


def change(file: Path, edit: Change) -> None:
    values = json.loads(file.read_text())
    edit(values)
    file.write_text(json.dumps(values))
