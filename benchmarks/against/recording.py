"""Writing the same frames down: `SIDE FOLDER [EPISODES]`, where a side is `ours`, `lerobot` or `lerobot-default`."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import numpy as np
from benchmarks.against.measuring import measure, report

LENGTH, SIZE, FPS, DOF = 100, 128, 20, 7
CAMERAS = ("observation.images.wrist", "observation.images.table")
TASK = "pick up the red brick"


def make_pictures(seed: int) -> np.ndarray:
    """(100, 128, 128, 3) uint8: a noisy table with boxes that drift over it."""
    rng = np.random.default_rng(seed)
    frames = rng.normal(150, 3, (LENGTH, SIZE, SIZE, 3))
    for _ in range(12):
        y, x = rng.integers(0, SIZE - 40, 2)
        colour = rng.integers(0, 256, 3)
        for index in range(LENGTH):
            frames[index, y : y + 16, x + index // 4 : x + 20 + index // 4] = colour
    return frames.clip(0, 255).astype(np.uint8)


def make_numbers(seed: int) -> dict[str, np.ndarray]:
    """State and action, (100, 7) float32 each."""
    phase = np.linspace(0, 3, LENGTH + 1)[:, None] + np.arange(DOF) + seed
    motion = np.sin(phase).astype(np.float32)
    return {"observation.state": motion[:-1], "action": motion[1:]}


def make_episode(seed: int) -> dict[str, np.ndarray]:
    """Everything that is recorded of an episode."""
    return {**make_numbers(seed), **{camera: make_pictures(2 * seed + n) for n, camera in enumerate(CAMERAS)}}


def write_with_lerobot(folder: Path, episodes: list[dict[str, np.ndarray]], encoder: dict[str, Any]) -> None:
    """Through LeRobot's recording interface, which encodes while it is recording."""
    from lerobot.configs import RGBEncoderConfig
    from lerobot.datasets.lerobot_dataset import LeRobotDataset

    features: dict[str, Any] = {
        name: {"dtype": "float32", "shape": (DOF,), "names": None} for name in ("observation.state", "action")
    }
    axes = ["height", "width", "channels"]
    features |= {camera: {"dtype": "video", "shape": (SIZE, SIZE, 3), "names": axes} for camera in CAMERAS}
    dataset = LeRobotDataset.create(
        "local/bench", FPS, features, folder, streaming_encoding=True, encoder_queue_maxsize=10 * LENGTH,
        rgb_encoder=RGBEncoderConfig(**encoder),
    )  # fmt: skip
    for episode in episodes:
        for index in range(LENGTH):
            dataset.add_frame({**{name: values[index] for name, values in episode.items()}, "task": TASK})
        dataset.save_episode()
    dataset.finalize()


def write_here(folder: Path, episodes: list[dict[str, np.ndarray]]) -> None:
    """With millwright's recorder, each episode safe on the disk when it is over; then compacted."""
    from millwright.core.features import Features
    from millwright.datasets.compaction import compact
    from millwright.datasets.recording import write_recording

    for seed, columns in enumerate(episodes):
        write_recording(make_steps(seed, columns), folder, FPS, Features())
    compact(folder)


def make_steps(seed: int, columns: dict[str, np.ndarray]) -> Any:
    """The columns as an episode."""
    from millwright.core.episode import Episode, Step
    from millwright.core.judging import Verdict

    verdict = Verdict(True, None, {})
    steps = tuple(
        Step(
            index=index,
            time_s=index / FPS,
            observation={**{name: v[index] for name, v in columns.items() if name != "action"}, "task": TASK},
            facts=NoFacts(),
            action=columns["action"][index],
            label=None,
            reward=0.0,
            plan=None,
            verdict=verdict,
        )
        for index in range(LENGTH)
    )
    return Episode(steps, verdict, seed, TASK, {}, {"env": "made-up"})


class NoFacts:
    """What is not recorded."""

    names = ()

    def to_arrays(self) -> dict[str, np.ndarray]:
        return {}


SAME = {"vcodec": "h264", "preset": "ultrafast", "crf": 18, "g": 2, "extra_options": {"bf": 0}}
"""The encoding that millwright's recorder uses."""


def main(side: str, folder: str, episodes: str = "10") -> None:
    """Record, and report frames a second."""
    made = [make_episode(seed) for seed in range(int(episodes))]
    root = Path(folder)

    def work() -> int:
        if side == "ours":
            write_here(root, made)
        else:
            write_with_lerobot(root, made, SAME if side == "lerobot" else {})
        return len(made) * LENGTH

    if side != "ours":  # imports are no part of it
        write_with_lerobot(root.with_name(f"{root.name}-warm"), made[:1], {})
    else:
        write_here(root.with_name(f"{root.name}-warm"), made[:1])
    report(measure(work))


if __name__ == "__main__":
    main(*sys.argv[1:])
