"""millwright beside LeRobot and robosuite, in their environment, in turns; prints JSON.

python benchmarks/bench_lerobot.py [loading] [recording] [act] [diffusion] [rendering] [--rounds 3] [--workers 2]

Every figure is the median over rounds in which the sides take turns, each time in a new process. `speedup` is ours over
theirs by the clock, `cpu_speedup` by the time of processors, which other load on the machine disturbs less.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import sys
import tempfile
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from against.side import MISSING, has_lerobot, measure_in_lerobot

from millwright.training.precision import choose_precision

EPISODES, RECORDED = 20, 6
"""Of 100 frames, in the folder that is read, and in what is recorded."""
STEPS = {"ours": 400, "robosuite": 80}
LEVELS = 2.5 / 255
"""What the roundings of two decoders may differ by."""
Measured = dict[str, Any]


def take_turns(module: str, sides: Mapping[str, Sequence[object]], rounds: int, home: Path) -> dict[str, Measured]:
    """Each side's figures, medians over the rounds."""
    found: dict[str, list[Measured]] = {side: [] for side in sides}
    for turn in range(rounds):
        for side, words in sides.items():
            # a "{turn}" in a word keeps rounds that write apart
            told = [str(word).replace("{turn}", str(turn)) for word in words]
            found[side].append(measure_in_lerobot(f"benchmarks.against.{module}", told, home))
            print(f"  {module} {side}: {found[side][-1]}", file=sys.stderr, flush=True)
    return {side: {key: take_median([row[key] for row in rows]) for key in rows[0]} for side, rows in found.items()}


def take_median(values: Sequence[Any]) -> Any:
    """Of numbers; of anything else the last one."""
    return round(statistics.median(values), 3) if isinstance(values[0], float) else values[-1]


def compare(measured: dict[str, Measured], ours: str, theirs: str) -> Measured:
    """How much faster ours is."""
    keys = {"speedup": "per_s", "cpu_speedup": "per_cpu_s"}
    return {name: round(measured[ours][key] / measured[theirs][key], 3) for name, key in keys.items()}


def bench_loading(folder: Path, rounds: int, workers: int) -> Measured:
    """Samples a second of one epoch in a random order, from a folder that LeRobot wrote with its defaults."""
    data = folder / "data"
    measure_in_lerobot("benchmarks.against.recording", ("lerobot-default", data, EPISODES), folder / "home")
    sides = {side: (side, data, workers, folder / f"{side}.npz") for side in ("lerobot", "cold", "cached")}
    measured = take_turns("loading", sides, rounds, folder / "home")
    differences = [find_difference(folder / "lerobot.npz", folder / f"{side}.npz") for side in ("cold", "cached")]
    vs = {side: compare(measured, side, "lerobot") for side in ("cold", "cached")}
    return {**measured, "vs_lerobot": vs, "largest_difference": round(max(differences), 5), "workers": workers}


def find_difference(theirs: Path, ours: Path) -> float:
    """Largest difference of any number in the batches of both sides, which have the same names, shapes and types.

    Raises:
        AssertionError: they differ by more than what decoders round.
    """
    there, here = np.load(theirs), np.load(ours)
    assert sorted(there) == sorted(here)
    largest = 0.0
    for name in there:
        a, b = there[name], here[name]
        assert (a.shape, a.dtype) == (b.shape, b.dtype), (name, a.shape, b.shape, a.dtype, b.dtype)
        difference = float(np.abs(a.astype(np.float64) - b).max())
        assert difference <= (LEVELS if "images" in name and a.dtype == np.float32 else 0), (name, difference)
        largest = max(largest, difference)
    return largest


def bench_recording(folder: Path, rounds: int, workers: int) -> Measured:
    """Frames a second (of two cameras each), one process; LeRobot encodes while it records, once as we do."""
    sides = {side: (side, folder / f"{side}-{{turn}}", RECORDED) for side in ("ours", "lerobot", "lerobot-default")}
    measured = take_turns("recording", sides, rounds, folder / "home")
    vs = {side: compare(measured, "ours", side) for side in ("lerobot", "lerobot-default")}
    return {**measured, "vs": vs}


def bench_network(kind: str, folder: Path, rounds: int, workers: int) -> Measured:
    """Training steps on all threads, calls on one; in LeRobot's precision, and in ours where that is another."""
    results: Measured = {}
    faster, _ = choose_precision("auto", torch.device("cpu"))
    for mode, threads in (("train", workers), ("call", 1)):
        for precision in ("fp32", "bf16") if faster == torch.bfloat16 else ("fp32",):
            sides = {side: (kind, side, mode, precision, threads) for side in ("ours", "lerobot")}
            measured = take_turns("acting", sides, rounds, folder / "home")
            counts = [measured[side]["parameters"] for side in measured]
            assert abs(counts[0] / counts[1] - 1) < 0.05, f"not of one size: {counts}"
            vs = compare(measured, "ours", "lerobot")
            latency = round(measured["ours"]["ms_p50"] / measured["lerobot"]["ms_p50"], 3)
            results[f"{mode}_{precision}"] = {**measured, **vs, "latency_ratio": latency}
    return results


def bench_rendering(folder: Path, rounds: int, workers: int) -> Measured:
    """Simulated seconds a second with a 128x128 picture at every control step."""
    sides = {side: (side, 128, steps) for side, steps in STEPS.items()}
    measured = take_turns("rendering", sides, rounds, folder / "home")
    return {**measured, **compare(measured, "ours", "robosuite")}


BENCHMARKS: dict[str, Callable[[Path, int, int], Measured]] = {
    "loading": bench_loading,
    "recording": bench_recording,
    "act": lambda *options: bench_network("act", *options),
    "diffusion": lambda *options: bench_network("diffusion", *options),
    "rendering": bench_rendering,
}


def main() -> None:
    """Measure, print one JSON object."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("names", nargs="*", help=f"which ones (default: all of {', '.join(BENCHMARKS)})")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--workers", type=int, default=len(os.sched_getaffinity(0)))
    args = parser.parse_args()
    if unknown := [name for name in args.names if name not in BENCHMARKS]:
        parser.error(f"no benchmark {', '.join(unknown)}; benchmarks: {', '.join(BENCHMARKS)}")
    if not has_lerobot():
        print("\n" + json.dumps({"skipped": MISSING}))
        return
    measured: Measured = {"rounds": args.rounds}
    for name in args.names or BENCHMARKS:
        with tempfile.TemporaryDirectory() as folder:
            measured[name] = BENCHMARKS[name](Path(folder), args.rounds, args.workers)
    print("\n" + json.dumps(measured))


if __name__ == "__main__":
    main()
