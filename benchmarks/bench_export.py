"""Times a shipped policy as it is against its export, in single precision and in int8; prints a table and JSON.

All take turns within one run, on one thread, one robot a call: the whole call from an observation to a chunk, and the
network alone. What int8 costs in closed loop is not for a clock to tell: `millwright export --int8` tries it.
"""

from __future__ import annotations

import argparse
import json
import platform
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime
import torch
from bench_policies import make_raw

from millwright.catalog import SHIPPED
from millwright.policies.bundle import Bundle, load_bundle
from millwright.policies.network import FIRST
from millwright.policies.onnx_export import export_onnx
from millwright.policies.onnx_int8 import quantise
from millwright.policies.onnx_planner import make_session
from millwright.processors.text import EncodeText

CALLS = 25
"""Of each way in a turn."""


def make_observations(bundle: Bundle, count: int) -> list[dict[str, Any]]:
    """What the clock does not mind: noise in the picture, the box somewhere in it."""
    raw = make_raw(count)
    raw["observation.hand_pose"][:, 3:] = (0.0, 1.0, 0.0, 0.0)
    rng = np.random.default_rng(1)
    for feature in bundle.inputs.values():
        raw.setdefault(feature.name, rng.random((count, *feature.shape), dtype=np.float32))
    return [{name: raw[name][row] for name in bundle.inputs} for row in range(count)]


def make_network_calls(bundle: Bundle, seen: dict[str, Any]) -> dict[str, Callable[[], object]]:
    """The network alone, on what the pipeline made of an observation: torch, and a graph of it."""
    planner = bundle.planner(threads=1)
    plain = [step for step in bundle.pipeline.inputs if not isinstance(step, EncodeText)]
    batch: dict[str, Any] = {name: torch.from_numpy(np.array(value)[None]) for name, value in seen.items()}
    with torch.inference_mode():
        for step in plain:
            batch = step(batch)
        batch |= {FIRST + name: batch[name] for name in bundle.network.remembered}
    batch = {name: batch[name].clone() for name in bundle.network.inputs}

    class Alone(torch.nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.network = bundle.network

        def forward(self, values: list[torch.Tensor]) -> torch.Tensor:
            return self.network.sample(dict(zip(batch, values, strict=True)))

    with torch.no_grad():
        bundle.network.sample(batch)  # works out what is kept between calls, from true numbers
        program = torch.onnx.export(
            Alone().eval(), (list(batch.values()),), dynamo=True, opset_version=18, input_names=list(batch),
            output_names=["target"], verbose=False,
        )  # fmt: skip
    assert program is not None
    session = make_session(program.model_proto.SerializeToString(), 1)
    names = {node.name for node in session.get_inputs()}
    feeds = {name: value.numpy() for name, value in batch.items() if name in names}

    def call_torch() -> object:
        with torch.inference_mode():
            return planner.network.sample(batch)

    return {"torch, network alone": call_torch, "fp32, network alone": lambda: session.run(None, feeds)}


def take_turns(calls: dict[str, Callable[[], object]], rounds: int) -> dict[str, list[float]]:
    """Ms of a call of each way, a mean for every turn."""
    times: dict[str, list[float]] = {name: [] for name in calls}
    for turn in range(rounds + 2):
        for name, call in calls.items():
            started = time.perf_counter()
            for _ in range(CALLS):
                call()
            if turn >= 2:
                times[name].append(1000 * (time.perf_counter() - started) / CALLS)
    return times


def find_interval(slow: list[float], fast: list[float]) -> list[float]:
    """95% of the ratio of medians, the turns drawn again 2,000 times."""
    rows = np.random.default_rng(0).integers(len(slow), size=(2000, len(slow)))
    ratios = np.median(np.array(slow)[rows], 1) / np.median(np.array(fast)[rows], 1)
    return [round(float(edge), 3) for edge in np.quantile(ratios, (0.025, 0.975))]


def main() -> None:
    """Print the figures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--bundle", default="brick-pick", help="a shipped one, or a path")
    parser.add_argument("--rounds", type=int, default=80, help="turns of each way")
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    folder = SHIPPED / arguments.bundle
    bundle = load_bundle(folder if folder.is_dir() else Path(arguments.bundle))
    observations = make_observations(bundle, 64)
    network_calls = make_network_calls(bundle, observations[0])
    export = export_onnx(bundle)
    small = quantise(export, [observations])
    planners = {"torch": bundle.planner(threads=1), "fp32": export.planner(threads=1), "int8": small.planner(threads=1)}
    seen = [observations[0]]
    whole = {name: lambda planner=planner: planner.plan(seen, [None]) for name, planner in planners.items()}
    times = take_turns({**whole, **network_calls}, arguments.rounds)
    print("| how | a call, ms, median | fastest turn |\n| --- | --- | --- |")
    for name, found in times.items():
        print(f"| {name} | {np.median(found):.3f} | {min(found):.3f} |")
    medians = {name: float(np.median(found)) for name, found in times.items()}
    figures = {
        "torch_ms_p50": medians["torch"], "fp32_ms_p50": medians["fp32"], "int8_ms_p50": medians["int8"],
        "torch_network_ms_p50": medians["torch, network alone"],
        "fp32_network_ms_p50": medians["fp32, network alone"],
        "torch_over_fp32": medians["torch"] / medians["fp32"],
        "torch_over_fp32_network": medians["torch, network alone"] / medians["fp32, network alone"],
        "fp32_over_int8": medians["fp32"] / medians["int8"],
    }  # fmt: skip
    rounded = {name: round(value, 3) for name, value in figures.items()}
    intervals = {
        "torch_over_fp32_interval": find_interval(times["torch"], times["fp32"]),
        "fp32_over_int8_interval": find_interval(times["fp32"], times["int8"]),
    }
    versions = {"torch": torch.__version__, "onnxruntime": onnxruntime.__version__, "python": platform.python_version()}
    print(json.dumps({"bundle": bundle.network.__class__.__name__, **rounded, **intervals, **versions}, indent=2))


if __name__ == "__main__":
    main()
