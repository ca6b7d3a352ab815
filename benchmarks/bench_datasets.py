"""How fast episodes are written, compacted, decoded and gathered; made-up ones like brick-table's. Prints JSON.

python benchmarks/bench_datasets.py [--episodes 120] [--workers 2] [--simulation-s 0.17]
"""

from __future__ import annotations

import argparse
import json
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from millwright.core.episode import Episode, Label, Step
from millwright.core.facts import GraspFacts
from millwright.core.features import Features
from millwright.core.judging import Verdict
from millwright.datasets import Dataset, record
from millwright.datasets.compaction import compact
from millwright.datasets.recording import write_recording

NUM_FRAMES, SIZE, NUM_OBJECTS, FPS = 55, 128, 12, 15
CAMERA = "observation.images.wrist"


def make_episode() -> Episode:
    """55 frames of 128x128, 12 objects, the columns of a brick-table demonstration."""
    rng = np.random.default_rng(0)
    frames = make_frames(rng)
    steps = tuple(make_step(rng, frames[index], index) for index in range(NUM_FRAMES))
    return Episode(steps, steps[-1].verdict, 0, "pick up the red brick", {"final_distance_m": 0.01}, {"env": "made-up"})


def make_frames(rng: np.random.Generator) -> np.ndarray:
    """(55, 128, 128, 3): a noisy table with boxes that drift and grow, as seen by a descending camera."""
    frames = rng.normal(150, 3, (NUM_FRAMES, SIZE, SIZE, 3))
    for _ in range(NUM_OBJECTS):
        y, x = rng.integers(0, SIZE - 20, 2)
        colour = rng.integers(0, 256, 3)
        for index in range(NUM_FRAMES):
            frames[index, y + index // 3 : y + 12 + index // 2, x : x + 20 + index // 3] = colour
    return frames.clip(0, 255).astype(np.uint8)


def make_step(rng: np.random.Generator, frame: np.ndarray, index: int) -> Step:
    """One tick with noise in every column."""

    def draw(*shape: int) -> np.ndarray:
        return rng.normal(size=shape).astype(np.float32)

    observation = {
        CAMERA: frame,
        "observation.state": draw(7),
        "observation.hand_pose": draw(7),
        "observation.wrench": draw(6),
        "observation.environment_state": draw(6),
        "task": "pick up the red brick",
    }
    facts = GraspFacts(
        names=tuple(f"brick-{n}" for n in range(NUM_OBJECTS)),
        target=0,
        time_s=index / FPS,
        positions=rng.normal(size=(NUM_OBJECTS, 3)),
        orientations=rng.normal(size=(NUM_OBJECTS, 4)),
        velocities=rng.normal(size=(NUM_OBJECTS, 3)),
        pad_contacts=np.zeros((NUM_OBJECTS, 2), bool),
        hand_pose=rng.normal(size=7),
        hand_velocity=rng.normal(size=3),
        wrist_position=rng.normal(size=3),
        joint_positions=rng.normal(size=6),
        opening_m=0.05,
        opening_speed=0.0,
        max_opening_m=0.05,
        robot_collision=False,
        max_contact_force_n=1.0,
        max_penetration_m=0.0,
    )
    verdict = Verdict(True, None, {"distance_m": 0.01})
    return Step(index, index / FPS, observation, facts, draw(7), Label(draw(7), draw(16, 8)), 0.0, None, verdict)


@dataclass(frozen=True)
class MakePlay:
    """A player that burns as much processor time as a simulation would."""

    simulation_s: float

    def __call__(self) -> Callable[[int], Episode]:
        episode = make_episode()

        def play(seed: int) -> Episode:
            until = time.process_time() + self.simulation_s
            while time.process_time() < until:
                pass
            return replace(episode, seed=seed)

        return play


def measure_writing(folder: Path, num_episodes: int) -> dict[str, float]:
    """One process: milliseconds an episode to write, and to compact."""
    episode = make_episode()
    times = []
    for seed in range(num_episodes):
        started = time.perf_counter()
        write_recording(replace(episode, seed=seed), folder, FPS, Features())
        times.append(time.perf_counter() - started)
    started = time.perf_counter()
    compact(folder)
    return {
        "write_ms_p50": 1e3 * float(np.median(times)),
        "write_ms_p95": 1e3 * float(np.quantile(times, 0.95)),
        "compact_ms": 1e3 * (time.perf_counter() - started) / num_episodes,
    }


def measure_recording(folder: Path, num_episodes: int, workers: int, simulation_s: float) -> dict[str, float]:
    """All of `record`, from starting the processes to the compacted dataset; and between first and last episode."""
    moments: list[float] = []
    started = time.perf_counter()
    make_play = MakePlay(simulation_s)
    record(
        make_play,
        range(num_episodes),
        folder,
        fps=FPS,
        workers=workers,
        on_episode=lambda _: moments.append(time.perf_counter()),
    )
    whole = time.perf_counter() - started
    return {
        "episodes_per_minute": 60 * (len(moments) - 1) / (moments[-1] - moments[0]),
        "episodes_per_minute_with_start_and_compaction": 60 * num_episodes / whole,
    }


def measure_reading(folder: Path) -> dict[str, float]:
    """Decoding into the frame cache, and batches of 256 windows of 16 actions with one frame each."""
    dataset = Dataset(folder)
    started = time.perf_counter()
    frames = dataset.frames(CAMERA)
    decoding = time.perf_counter() - started
    columns = {name: dataset.column(name) for name in ("action", "observation.state")} | {CAMERA: frames}
    windows = dataset.windows({"action": range(16)})
    rng = np.random.default_rng(0)
    started = time.perf_counter()
    for _ in range(40):
        windows.gather(columns, rng.integers(0, len(dataset), 256))
    return {
        "decoded_frames_per_s": len(dataset) / decoding,
        "gathered_samples_per_s": 40 * 256 / (time.perf_counter() - started),
        "bytes_per_episode": sum(path.stat().st_size for kind in ("data", "videos") for path in files(folder / kind))
        / len(dataset.episodes),
    }


def files(folder: Path) -> list[Path]:
    """All files below a folder."""
    return [path for path in folder.rglob("*.*") if path.is_file()]


def main() -> None:
    """Measure, print one JSON object."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--episodes", type=int, default=120)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--simulation-s", type=float, default=0.17)
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        measured = measure_writing(root / "written", args.episodes)
        measured |= measure_recording(root / "recorded", args.episodes, args.workers, args.simulation_s)
        measured |= measure_reading(root / "written")
    print(json.dumps({**vars(args), **{name: round(value, 2) for name, value in measured.items()}}))


if __name__ == "__main__":
    main()
