"""Scenes that are made up beneath recorded arms, and what the expert would do about each object in them.

Demonstrations alone teach to grasp and not to listen: of the objects in a picture, one was ever reached for. Here the
same picture comes with every object named in turn, so that only the words tell what to do.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from rich.console import Console
from rich.progress import track

from millwright.catalog import make_env, make_policy
from millwright.core.errors import OptionError
from millwright.core.policy import Privileged
from millwright.core.workers import map_seeds
from millwright.policies.vla import POINTS
from millwright.recipes.demonstrated import LABEL

Arrays = dict[str, NDArray[Any]]
PICTURE = "picture"
"""Of each label, the number of its picture."""
SHARD = 50
"""Pictures a file."""


@dataclass(frozen=True)
class Imaginer:
    """Picklable: called once a worker, gives the function that makes the pictures and labels of one shard.

    Args:
        env, options: where; it must be able to `imagine`.
        states: file of the arms (n, 7 + 1): joints rad and opening m, one of which stands in each picture.
        pictures: in a shard.
        cameras: features that are pictures; all else is kept for each label.
    """

    env: str
    states: Path
    cameras: tuple[str, ...]
    options: Mapping[str, Any] = field(default_factory=dict)
    pictures: int = SHARD

    def __call__(self) -> Callable[[int], Arrays]:
        env = make_env(self.env, **self.options)
        expert = make_policy(self.env, "expert", control_hz=env.metadata["control_hz"])
        assert isinstance(expert, Privileged), "those who label see the truth"
        states = np.load(self.states)
        env.reset(seed=0)

        def imagine(shard: int) -> Arrays:
            rng = np.random.default_rng(shard)
            pictures: list[Mapping[str, Any]] = []
            labels: list[Mapping[str, Any]] = []
            while len(pictures) < self.pictures:
                shown = _imagine(env, states[rng.integers(len(states))], int(rng.integers(2**31)))
                if not shown:
                    continue
                labels += [{**_label(expert, each), PICTURE: len(pictures)} for each in shown]
                pictures.append(shown[0].observation)
            images = {name: np.stack([picture[name] for picture in pictures]) for name in self.cameras}
            beside = [name for name in labels[0] if name not in self.cameras]
            return images | {name: np.array([label[name] for label in labels]) for name in beside}

        return imagine


def _imagine(env: Any, state: NDArray[np.float32], seed: int) -> Sequence[Any]:
    """What is shown under this arm, an item for each object; nothing where the arm leaves no room."""
    from millwright.envs.lift.cell import ArmState

    try:
        return list(env.unwrapped.imagine(ArmState(state[:-1].astype(float), float(state[-1])), seed))
    except OptionError:
        return ()


def _label(expert: Privileged, shown: Any) -> Mapping[str, Any]:
    expert.reset(0)
    expert.see(shown.facts)
    expert.act(shown.observation)
    assert expert.plan is not None, "who labels says what it is up to"
    return {**shown.observation, LABEL: expert.plan.actions, POINTS: shown.points.astype(np.float32)}


def imagine_scenes(imaginer: Imaginer, shards: Sequence[int], folder: Path, workers: int) -> None:
    """Make the shards that `folder` does not hold yet, a file each."""
    folder.mkdir(parents=True, exist_ok=True)
    missing = [shard for shard in shards if not _find_shard(folder, shard).is_file()]
    made = map_seeds(imaginer, missing, workers)
    for shard, arrays in track(made, "imagined", total=len(missing), console=Console(stderr=True)):
        file = _find_shard(folder, shard)
        draft = file.with_name(f".{os.getpid()}-{file.name}")
        with draft.open("wb") as stream:
            np.savez(stream, **arrays)  # type: ignore[arg-type]  # its stub takes names for options
        draft.replace(file)


def load_scenes(folder: Path, shards: Sequence[int]) -> Arrays:
    """All shards as one: pictures (pictures, ...) and, for each label, what goes with it and its picture's number."""
    parts: list[Arrays] = []
    before = 0
    for shard in shards:
        with np.load(_find_shard(folder, shard)) as file:
            part = {name: file[name] for name in file.files}
        num_pictures = int(part[PICTURE].max()) + 1
        part[PICTURE] = part[PICTURE] + before
        before += num_pictures
        parts.append(part)
    return {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}


def _find_shard(folder: Path, shard: int) -> Path:
    return folder / f"{shard:05}.npz"
