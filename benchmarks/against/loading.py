"""Windows of a LeRobot folder in a random order, as float32 CHW tensors: `SIDE FOLDER WORKERS SEEN-FILE`.

Sides: `cold`, millwright from the videos; `cached`, from its frame cache; `lerobot`, whose loader decodes every time.
"""

from __future__ import annotations

import shutil
import sys
import time
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import torch
from benchmarks.against.measuring import measure, report
from benchmarks.against.recording import CAMERAS, FPS

from millwright.datasets import Batches, Dataset, layout

BATCH = 64
WINDOWS = {"observation.state": (-1, 0), "action": tuple(range(16)), **dict.fromkeys(CAMERAS, (-1, 0))}
SHOWN = 2
"""Batches that are kept, so that both sides can be compared."""
EPOCHS = 8
"""That are read from the cache in one go, so that this takes seconds too."""
SETTINGS = [("torchcodec", False), ("torchcodec", True), ("pyav", False), ("pyav", True)]
"""LeRobot's: backend, and whether pictures leave the workers as uint8."""
Batch = dict[str, torch.Tensor]


def load_here(batches: Batches, order: np.ndarray) -> Iterator[Batch]:
    """Batches in this order."""
    for batch in batches.go_through(order):
        yield {name: torch.from_numpy(values) for name, values in batch.items()}


def load_there(dataset: Any, order: np.ndarray, workers: int) -> Iterator[Batch]:
    """The same through torch's DataLoader."""
    loader = torch.utils.data.DataLoader(dataset, BATCH, sampler=order.tolist(), num_workers=workers)
    for batch in loader:
        for camera in CAMERAS:
            if batch[camera].dtype == torch.uint8:
                batch[camera] = batch[camera].float().div_(255)
        yield batch


def open_there(folder: str, backend: str, as_bytes: bool) -> Any:
    """LeRobot's dataset with these windows."""
    from lerobot.datasets.lerobot_dataset import LeRobotDataset

    deltas = {name: [offset / FPS for offset in offsets] for name, offsets in WINDOWS.items()}
    return LeRobotDataset(
        "local/bench", folder, delta_timestamps=deltas, video_backend=backend, return_uint8=as_bytes
    )  # fmt: skip


def choose_setting(folder: str, workers: int, order: np.ndarray) -> tuple[str, bool]:
    """LeRobot's fastest one here, over a few batches."""
    seconds = {}
    for backend, as_bytes in SETTINGS:
        dataset = open_there(folder, backend, as_bytes)
        started = time.perf_counter()
        for _ in load_there(dataset, order[: 6 * BATCH], workers):
            pass
        seconds[backend, as_bytes] = time.perf_counter() - started
    return min(seconds, key=lambda setting: seconds[setting])


def go_through(load: Any, seen: list[Batch]) -> int:
    """Read all batches; how many samples."""
    number = 0
    for batch in load():
        number += len(batch["action"])
        if len(seen) < SHOWN:
            seen.append({name: batch[name].clone() for name in (*WINDOWS, *(f"{name}_is_pad" for name in WINDOWS))})
    return number


def main(side: str, folder: str, workers: str, shown: str) -> None:
    """One epoch, once each window; report samples a second."""
    count, seen = int(workers), list[Batch]()
    torch.set_num_threads(1)  # the workers do the work
    order = np.random.default_rng(0).permutation(len(Dataset(Path(folder))))
    if side == "lerobot":
        backend, as_bytes = choose_setting(folder, count, order)
        dataset = open_there(folder, backend, as_bytes)
        measured = measure(lambda: go_through(partial(load_there, dataset, order, count), seen), count)
        measured |= {"backend": backend, "as_bytes": as_bytes}
    else:
        ours, cache = Dataset(Path(folder)), Path(folder) / layout.CACHE
        batches = Batches(ours, WINDOWS, BATCH, count)
        for _ in load_here(batches, order[: 8 * BATCH]):  # what is done once a process
            pass
        if side == "cold":
            shutil.rmtree(cache)
            measured = measure(lambda: go_through(lambda: load_here(Batches(ours, WINDOWS, BATCH, count), order), seen))
        else:
            many = np.tile(order, EPOCHS)
            measured = measure(lambda: go_through(lambda: load_here(batches, many), seen))
        measured["cache_mb"] = sum(path.stat().st_size for path in cache.iterdir()) / 2**20
    np.savez(
        shown,
        **{f"{number}/{name}": value.numpy() for number, batch in enumerate(seen) for name, value in batch.items()},
    )
    report(measured)


if __name__ == "__main__":
    main(*sys.argv[1:])
