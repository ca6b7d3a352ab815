"""Milliseconds a picture of `lift` and of `lift-choice`, as policies see it and with the handsome meshes. Prints JSON.

python benchmarks/bench_frames.py [--steps 300]

Each picture is taken after a step of an arm that moves at random. Each way of drawing has a run of its own, with the
same motions.
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
    """By way of drawing, ms a picture of both cameras; the second way sees what the first did."""
    told = {}
    for look, value in LOOKS.items():
        env = make_env(name).unwrapped
        env.reset(seed=0)
        cameras = Cameras(env.cell.model, SIZE, value)
        rng, times = np.random.default_rng(0), []
        for step in range(WARM + steps):
            env.step(rng.uniform(-1, 1, 7).astype(np.float32))
            for camera in MODEL_CAMERAS:
                started = time.perf_counter()
                cameras.render(env.cell.data, camera)
                if step >= WARM:
                    times.append(1000 * (time.perf_counter() - started))
        cameras.close()
        env.close()
        told |= {f"{look}_ms_mean": np.mean(times), f"{look}_ms_p99": np.percentile(times, 99)}
    return {key: round(float(value), 3) for key, value in told.items()}


def main() -> None:
    """Print the figures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--steps", type=int, default=300)
    steps = parser.parse_args().steps
    figures = {f"{name}_{key}".replace("-", "_"): ms for name in ENVS for key, ms in time_frames(name, steps).items()}
    print("\n" + json.dumps(figures, indent=2))


if __name__ == "__main__":
    main()
