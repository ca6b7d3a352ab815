"""Milliseconds a picture of `lift` and of `lift-choice`, as policies see it and with the handsome meshes. Prints JSON.

python benchmarks/bench_frames.py [--steps 300]

Each picture is taken after a step of an arm that moves at random; both ways of drawing see the same states in turn.
"""

from __future__ import annotations

import argparse
import json
import time

import numpy as np

from millwright.catalog import make_env
from millwright.envs.lift.looks import CHEAP, FULL
from millwright.envs.lift.pictures import MODEL_CAMERAS, Cameras

ENVS = ("lift", "lift-choice")
SIZE, WARM = 96, 10
LOOKS = {"cheap": CHEAP, "full": FULL}


def time_frames(name: str, steps: int) -> dict[str, float]:
    """By camera and way of drawing, ms a picture."""
    env = make_env(name).unwrapped
    env.reset(seed=0)
    env.action_space.seed(0)
    drawn = {look: Cameras(env.cell.model, SIZE, value) for look, value in LOOKS.items()}
    times: dict[str, list[float]] = {}
    for step in range(WARM + steps):
        env.step(env.action_space.sample())
        for look, cameras in drawn.items():
            for camera in MODEL_CAMERAS:
                started = time.perf_counter()
                cameras.render(env.cell.data, camera)
                if step >= WARM:
                    times.setdefault(f"{camera}_{look}", []).append(1000 * (time.perf_counter() - started))
    for cameras in drawn.values():
        cameras.close()
    env.close()
    kinds = {"p50": 50, "p99": 99}
    told = {f"{key}_ms_{kind}": np.percentile(found, at) for key, found in times.items() for kind, at in kinds.items()}
    cheap = [ms for key, found in times.items() if key.endswith("cheap") for ms in found]
    return {key: round(float(value), 3) for key, value in {**told, "cheap_ms_mean": np.mean(cheap)}.items()}


def main() -> None:
    """Print the figures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--steps", type=int, default=300)
    steps = parser.parse_args().steps
    figures = {f"{name}_{key}".replace("-", "_"): ms for name in ENVS for key, ms in time_frames(name, steps).items()}
    print("\n" + json.dumps(figures, indent=2))


if __name__ == "__main__":
    main()
