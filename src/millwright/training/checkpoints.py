"""Checkpoints: everything a training needs to go on as if it had never stopped, in one file without pickle."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import Tensor

from millwright.core.errors import TrainingError

KEY = "state"


@dataclass(frozen=True)
class Checkpoint:
    """Tensors by name (weights, averages, optimiser, random generators) and JSON values (position, configuration)."""

    tensors: Mapping[str, Tensor]
    values: Mapping[str, Any]

    def part(self, prefix: str) -> dict[str, Tensor]:
        """The tensors named `prefix/...`, without the prefix."""
        head = f"{prefix}/"
        return {name.removeprefix(head): value for name, value in self.tensors.items() if name.startswith(head)}


def save_checkpoint(path: Path, checkpoint: Checkpoint) -> None:
    """Write the file; the old one stays until the new one is complete and on disk.

    Raises:
        TrainingError: the disk refuses, or is full; the old checkpoint is as it was.
    """
    partial = path.with_name(f"{path.name}.partial")
    tensors = {name: value.detach().cpu().contiguous() for name, value in checkpoint.tensors.items()}
    try:
        save_file(tensors, partial, {KEY: json.dumps(checkpoint.values)})
    except SafetensorError as error:
        partial.unlink(missing_ok=True)
        raise TrainingError(
            f"{path} cannot be written ({error}); free some space and train again: it goes on from the one before"
        ) from error
    with partial.open("rb+") as file:
        os.fsync(file.fileno())
    partial.replace(path)


def load_checkpoint(path: Path) -> Checkpoint:
    """Read a checkpoint.

    Raises:
        TrainingError: the file is broken, or not there.
    """
    try:
        with safe_open(path, "pt") as file:
            tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118 - not a mapping
            return Checkpoint(tensors, json.loads(file.metadata()[KEY]))
    except FileNotFoundError as error:
        raise TrainingError(f"no checkpoint at {path}; train that again, or put the file back") from error
    except (SafetensorError, KeyError, TypeError, ValueError) as error:
        raise TrainingError(f"{path} is no readable checkpoint ({error}); delete it to train from the start") from error
