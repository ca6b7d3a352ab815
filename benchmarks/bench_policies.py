"""Times a plan call at batch 1 on one thread and the training of the prompt-chunk network; prints JSON."""

import argparse
import json
import platform
import tempfile
import time

import numpy as np
import torch

from millwright.core.features import Feature, Features
from millwright.policies.bundle import Bundle
from millwright.policies.networks import make_network
from millwright.processors.concat import Concat
from millwright.processors.crop import PromptCrop
from millwright.processors.hand import HandAbsolute
from millwright.training.augment import ColourJitter
from millwright.training.data import ArrayData
from millwright.training.gradient import FitConfig, fit
from millwright.training.prepare import fit_pipeline

INPUTS = Features(
    Feature("observation.images.wrist", (128, 128, 3), "uint8"),
    Feature("observation.environment_state", (6,)),
    Feature("observation.hand_pose", (7,), frame="base"),
    Feature("observation.state", (7,)),
)
PARTS = (
    ("observation.environment_state", (0, 1, 2, 3)),
    ("observation.hand_pose", (2,)),
    ("observation.state", (6,)),
)


def make_raw(num: int) -> dict[str, np.ndarray]:
    """Random observations and plans; what they show does not matter to the clock."""
    rng = np.random.default_rng(0)
    box = rng.uniform(0.3, 0.6, (num, 6)).astype(np.float32)
    box[:, 2:4] = box[:, :2] + 0.12
    return {
        "observation.images.wrist": rng.integers(0, 256, (num, 128, 128, 3), dtype=np.uint8),
        "observation.environment_state": box,
        "observation.hand_pose": rng.normal(size=(num, 7)).astype(np.float32),
        "observation.state": rng.random((num, 7), dtype=np.float32),
        "label.plan": rng.normal(size=(num, 16, 8)).astype(np.float32),
    }


def time_plans(bundle: Bundle, raw: dict[str, np.ndarray], calls: int) -> dict[str, float]:
    """One robot's calls, one after the other."""
    planner = bundle.planner(threads=1)
    observations = [{name: raw[name][i] for name in INPUTS} for i in range(len(raw["label.plan"]))]
    times_ms = []
    for i in range(calls + 50):
        started = time.perf_counter()
        planner.plan([observations[i % len(observations)]], [None])
        times_ms.append(1000 * (time.perf_counter() - started))
    times_ms = times_ms[50:]
    p50, p99 = np.percentile(times_ms, [50, 99])
    return {"plan_ms_p50": p50, "plan_ms_p99": p99, "plan_ms_min": min(times_ms)}


def time_training(data: ArrayData, samples: int, threads: int) -> dict[str, float | str]:
    """The whole loop: batches, jitter, steps, averages and logs."""
    torch.set_num_threads(threads)
    config = FitConfig(samples=samples, batch_size=128, warmup_samples=samples // 10)
    with tempfile.TemporaryDirectory() as out:
        fit(
            make_network("prompt-chunk", {"proprio": 6}),
            data,
            FitConfig(samples=1024, warmup_samples=100),
            f"{out}/warm",
            progress=False,
        )
        result = fit(
            make_network("prompt-chunk", {"proprio": 6}),
            data,
            config,
            f"{out}/timed",
            augment=ColourJitter(),
            progress=False,
        )
    return {"train_samples_per_s": result.samples_per_s, "train_precision": result.precision}


def main() -> None:
    """Print the figures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--samples", type=int, default=50_000, help="trained on for the timing")
    parser.add_argument("--calls", type=int, default=2000, help="plan calls timed")
    parser.add_argument("--threads", type=int, default=2, help="of the training")
    arguments = parser.parse_args()
    raw = make_raw(2048)
    started = time.perf_counter()
    keep = ("crop", "region", "proprio")
    pipeline, data = fit_pipeline(raw, (PromptCrop(), Concat(PARTS)), (HandAbsolute(),), target="label.plan", keep=keep)
    prepared_s = time.perf_counter() - started
    network = make_network("prompt-chunk", {"proprio": 6})
    bundle = Bundle(network, pipeline, INPUTS, Feature("hand_target", (8,), frame="base"), 15.0, "brick-table", "lift")
    figures = {
        **time_plans(bundle, raw, arguments.calls),
        "prepare_samples_per_s": 2048 / prepared_s,
        **time_training(data, arguments.samples, arguments.threads),
        "parameters": sum(parameter.numel() for parameter in network.parameters()),
    }
    rounded = {name: round(value, 3) if isinstance(value, float) else value for name, value in figures.items()}
    versions = {"torch": torch.__version__, "python": platform.python_version(), "threads": arguments.threads}
    print(json.dumps({**rounded, **versions}, indent=2))


if __name__ == "__main__":
    main()
