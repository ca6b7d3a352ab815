"""Drives: what was seen and done on real roads, as world models learn from it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from zipfile import BadZipFile

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from millwright.core.errors import TrainingError
from millwright.core.features import Observation
from millwright.processors.pipeline import Pipeline
from millwright.world_models.ego_motion import GROUND
from millwright.world_models.pixels import Pixels
from millwright.world_models.vae import Vae

MIRRORED_SCALARS = (0, 2, 1, 4, 3, 5, 6)
"""Speed, the four wheels, steering, gyro, seen in a mirror: left wheels are right ones ..."""
MIRRORED_SIGNS = (1, 1, 1, 1, 1, -1, -1)
"""... and turns go the other way."""

LEFT_FIELD = -50.0
"""A reward below it is the one for leaving the field."""
SMALLEST_GAIN = 1.0
"""A tile is worth 2.5 at least: no track has 400."""


@dataclass(frozen=True, eq=False)
class Drive:
    """One episode of n steps."""

    pictures: NDArray[np.uint8]  # (n + 1, channels, height, width)
    scalars: NDArray[np.float32]  # (n + 1, scalars)
    actions: NDArray[np.float32]  # (n, 3) steering, throttle, brake
    tiles: NDArray[np.float32]  # (n,) reached in the step
    off_road: NDArray[np.float32]  # (n,) 0..1, after the step
    done: NDArray[np.float32]  # (n,) 1 where the step ended the episode for good

    def __len__(self) -> int:
        return len(self.actions)

    def skip(self, ticks: int) -> Drive:
        """The drive without its first ticks."""
        return Drive(
            self.pictures[ticks:], self.scalars[ticks:], self.actions[ticks:], self.tiles[ticks:],
            self.off_road[ticks:], self.done[ticks:],
        )  # fmt: skip

    def mirror(self) -> Drive:
        """The same drive in a mirror: left is right."""
        signs = np.array(MIRRORED_SIGNS, np.float32)
        scalars = self.scalars[:, MIRRORED_SCALARS] * signs
        actions = self.actions * np.array((-1, 1, 1), np.float32)
        return Drive(self.pictures[..., ::-1].copy(), scalars, actions, self.tiles, self.off_road, self.done)


def make_drive(
    observations: Sequence[Observation], actions: Sequence[NDArray[np.float32]], rewards: Sequence[float],
    pipeline: Pipeline, cost: float,
) -> Drive:  # fmt: skip
    """A drive from what was observed, done and rewarded, without any truth beside it.

    Args:
        observations: one more than actions.
        rewards: CarRacing's: 1000 / N for each tile of N, less `cost` a step, and -100 for leaving the field.
        pipeline: makes `image` and `scalars` of observations.
        cost: of a step, however many tiles it reached.
    """
    names = [name for name in observations[0] if name != "task"]
    batch = {name: torch.from_numpy(np.stack([each[name] for each in observations])) for name in names}
    with torch.no_grad():
        seen = pipeline.observe(batch)
    pictures = (255 * seen["image"]).round().to(torch.uint8).numpy()
    gained = np.asarray(rewards, np.float32)
    return Drive(
        pictures, seen["scalars"].numpy(), np.asarray(actions, np.float32), count_tiles(gained, cost),
        find_off_road(pictures)[1:], (gained < LEFT_FIELD).astype(np.float32),
    )  # fmt: skip


def count_tiles(rewards: NDArray[np.float32], cost: float) -> NDArray[np.float32]:
    """Tiles reached in each step (n,): what came over its smallest share, so that the track's length drops out."""
    gained = rewards + cost
    reached = gained > SMALLEST_GAIN
    if not reached.any():
        return np.zeros_like(gained)
    return np.where(reached, np.round(gained / gained[reached].min()), 0).astype(np.float32)


def find_off_road(pictures: NDArray[np.uint8]) -> NDArray[np.float32]:
    """Share of grass right and left of the car (n,), in masks (n, 1, size, size) of which 255 is grass."""
    size = pictures.shape[-1]
    rows, columns = (slice(*(round(share * size) for share in ends)) for ends in GROUND)
    share: NDArray[np.float32] = pictures[:, 0, rows, columns].mean((1, 2), dtype=np.float32) / 255
    return share


def save_drives(drives: Sequence[Drive], file: Path) -> None:
    """Write them whole or not at all, without pickle."""
    arrays = {f"{row}.{name}": array for row, drive in enumerate(drives) for name, array in vars(drive).items()}
    draft = file.with_name(f".{file.name}.part")
    with draft.open("wb") as stream:
        np.savez_compressed(stream, **arrays)
    draft.replace(file)


def load_drives(file: Path) -> list[Drive]:
    """The inverse of `save_drives`.

    Raises:
        TrainingError: the file is broken.
    """
    try:
        with np.load(file) as arrays:
            count = 1 + max((int(name.split(".")[0]) for name in arrays.files), default=-1)
            return [
                Drive(**{name: arrays[f"{number}.{name}"] for name in Drive.__dataclass_fields__})
                for number in range(count)
            ]
    except (OSError, KeyError, ValueError, BadZipFile) as error:
        raise TrainingError(f"{file} holds no drives ({error}); delete it to drive them again") from error


def encode_drives(vae: Vae | Pixels, drives: Sequence[Drive]) -> list[Tensor]:
    """The latents (n + 1, code + scalars) of each drive: the means of its pictures' codes, and the scalars."""
    with torch.no_grad():
        return [
            torch.cat((vae.encode(torch.from_numpy(drive.pictures))[0], torch.from_numpy(drive.scalars)), 1)
            for drive in drives
        ]


class SequenceData:
    """Sequences of `steps` steps, one from every step of every drive; where a drive ends before, the weight is 0.

    A `training.data.Data`.
    """

    def __init__(self, drives: Sequence[Drive], latents: Sequence[Tensor], steps: int) -> None:
        lengths = np.array([len(drive) for drive in drives])
        firsts = np.concatenate(([0], np.cumsum(lengths + 1)[:-1]))
        self._starts = np.concatenate([first + np.arange(n) for first, n in zip(firsts, lengths, strict=True)])
        self._left = np.concatenate([n - np.arange(n) for n in lengths])
        self._steps = steps
        self._latents = torch.cat([*latents, latents[-1].new_zeros(steps, latents[-1].shape[1])])
        self._rows = {
            name: _lay_out([getattr(drive, name) for drive in drives], steps)
            for name in ("actions", "tiles", "off_road", "done")
        }

    @property
    def num_samples(self) -> int:
        return len(self._starts)

    def batch(self, indices: NDArray[np.int64]) -> dict[str, Tensor]:
        rows = torch.from_numpy(self._starts[indices][:, None] + np.arange(self._steps + 1))
        told = {name: values[rows[:, :-1]] for name, values in self._rows.items()}
        weight = torch.from_numpy(np.arange(self._steps) < self._left[indices][:, None]).float()
        return {"latents": self._latents[rows], "weight": weight, **told}


def _lay_out(values: Sequence[NDArray[np.float32]], steps: int) -> Tensor:
    """One after the other with a row of nothing after each, as the latents lie, and enough of that at the end."""
    blank = np.zeros((1, *values[0].shape[1:]), np.float32)
    rows = [row for each in values for row in (each, blank)]
    return torch.from_numpy(np.concatenate([*rows, *[blank] * steps]))
