"""What validating and describing costs as a dataset grows: CPU time and peak memory, at a tenth and at all frames.

Made-up ones, of one camera, state and action. Prints JSON.

python benchmarks/bench_validation.py [--frames 1000000] [--size 64]
"""

from __future__ import annotations

import argparse
import io
import json
import multiprocessing
import tempfile
import time
from pathlib import Path
from typing import Any

import av
import numpy as np
import pyarrow as pa

from millwright.core.features import Feature, Features
from millwright.datasets import layout, validate
from millwright.datasets.describing import describe
from millwright.datasets.files import DataFiles, VideoFiles
from millwright.datasets.layout import Place
from millwright.datasets.schema import STANDARD, Schema
from millwright.datasets.staging import (
    add_standard,
    locate,
    locate_span,
    make_episode_statistics,
    make_info,
    make_stats,
)  # fmt: skip
from millwright.datasets.statistics import count_levels
from millwright.datasets.tables import make_episodes_table, make_tasks_table, to_arrow, write_table
from millwright.datasets.video import encode

NUM_FRAMES, FPS, CLIPS = 50, 15, 20
CAMERA = "observation.images.wrist"
COLOURS = ("red", "blue", "green", "yellow", "white")


def write_dataset(root: Path, frames: int, size: int) -> None:
    """A sound dataset: smooth motion, films out of a few that were encoded once."""
    features = (Feature("observation.state", (7,)), Feature("action", (7,)), Feature(CAMERA, (size, size, 3), "uint8"))
    schema = Schema(FPS, Features(*features))
    films = [make_film(seed, size) for seed in range(CLIPS)]
    levels = [count_levels(film) for film in films]
    clips = [bytes(encode(film, FPS)) for film in films]
    data, videos = DataFiles(root, layout.BEFORE_FIRST), VideoFiles(root, CAMERA, FPS, layout.BEFORE_FIRST)
    rows = [make_row(index, data, videos, clips, levels) for index in range(frames // NUM_FRAMES)]
    data.close()
    videos.close()
    for row in rows:
        row |= locate("meta/episodes", Place(0, 0))
    tasks = [f"pick up the {colour} brick" for colour in COLOURS]
    total = {"total_episodes": len(rows), "total_frames": len(rows) * NUM_FRAMES, "total_tasks": len(tasks)}
    paths = sorted((root / "data").glob("*/*.parquet"))
    seen = {CAMERA: np.sum([levels[index % CLIPS] for index in range(len(rows))], axis=0)}
    contents = {
        Place(0, 0).path(layout.EPISODES): write_table(make_episodes_table(rows)),
        layout.TASKS: write_table(make_tasks_table(tasks)),
        layout.STATS: make_stats(paths, (*schema.data, *STANDARD.values()), seen, total["total_frames"]),
        layout.INFO: json.dumps(make_info(schema, total)).encode(),
    }
    for name, content in contents.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_bytes(content)


def make_row(
    index: int, data: DataFiles, videos: VideoFiles, clips: list[bytes], levels: list[np.ndarray]
) -> dict[str, Any]:
    """Write an episode; its row in the table of episodes."""
    rng = np.random.default_rng(index)
    phase = np.linspace(0, 2, NUM_FRAMES + 1)[:, None] + 6 * rng.random(7)
    path = np.sin(phase).astype(np.float32)
    table = pa.table({"observation.state": to_arrow(path[:-1]), "action": to_arrow(path[1:])})
    table = add_standard(table, FPS, index, index * NUM_FRAMES, index % len(COLOURS))
    clip = clips[index % CLIPS]
    with av.open(io.BytesIO(clip)) as source:
        stream = source.streams.video[0]
        place, first = videos.append_packets(stream, source.demux(stream), len(clip))
    return {
        "episode_index": index,
        "tasks": [f"pick up the {COLOURS[index % len(COLOURS)]} brick"],
        "length": NUM_FRAMES,
        **locate("data", data.append(table, table.nbytes)),
        "dataset_from_index": index * NUM_FRAMES,
        "dataset_to_index": (index + 1) * NUM_FRAMES,
        **locate_span(CAMERA, place, first, NUM_FRAMES, FPS),
        "seed": index,
        "success": True,
        "failure": None,
        "provenance": "{}",
        "objects": list(COLOURS),
        **make_episode_statistics(table, {CAMERA: levels[index % CLIPS]}),
    }


def make_film(seed: int, size: int) -> np.ndarray:
    """(50, size, size, 3): a noisy table that passes by."""
    rng = np.random.default_rng(seed)
    grey = rng.normal(140, 30, (size, size + 2 * NUM_FRAMES, 1)).clip(0, 255).astype(np.uint8)
    wide = np.repeat(grey, 3, axis=2)
    return np.stack([wide[:, 2 * index : 2 * index + size] for index in range(NUM_FRAMES)])


def measure(work: str, root: Path, results: Any) -> None:
    """Run one of the works in a process of its own: CPU s, wall s, peak MB, findings."""
    cpu, wall = time.process_time(), time.perf_counter()
    found = {
        "validate": lambda: len(validate(root)),
        "validate_quick": lambda: len(validate(root, look=False)),
        "describe": lambda: len(describe(root).anomalies),
    }[work]()
    status = Path("/proc/self/status").read_text()  # what getrusage says counts the process that started this one
    peak = int(status.split("VmHWM:")[1].split()[0]) / 1e3
    results.put((time.process_time() - cpu, time.perf_counter() - wall, peak, found))


def main() -> None:
    """Measure, print one JSON object."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--frames", type=int, default=1_000_000)
    parser.add_argument("--size", type=int, default=64)
    args = parser.parse_args()
    context, measured = multiprocessing.get_context("spawn"), {}
    with tempfile.TemporaryDirectory() as folder:
        for part, frames in (("tenth", args.frames // 10), ("all", args.frames)):
            root = Path(folder) / part
            write_dataset(root, frames, args.size)
            for work in ("validate_quick", "describe", "validate"):
                results = context.SimpleQueue()
                process = context.Process(target=measure, args=(work, root, results))
                process.start()
                cpu_s, wall_s, peak_mb, found = results.get()
                process.join()
                row = {"cpu_s": round(cpu_s, 2), "wall_s": round(wall_s, 2), "peak_mb": round(peak_mb), "found": found}
                measured[f"{work}_{part}"] = row
    print(json.dumps({**vars(args), **measured}))


if __name__ == "__main__":
    main()
