"""Times calls of the vla networks at batch 1, pictures and words in, a chunk out; prints parts' parameters and JSON.

Weights are random: what they are does not matter to the clock. `small` and `document` are calls of a planner whose
memory holds the text's embedding and, for the document's network, the features of nine earlier frames. `document_cold`
sees ten frames at once, as a network without a memory does in every call; `text` is one sentence, once an episode.
"""

from __future__ import annotations

import argparse
import json
import platform
import time
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import torch

from millwright.core.errors import MillwrightError
from millwright.core.features import Feature, Features
from millwright.nets.parameters import count_parameters, tell_parameters
from millwright.nets.quick import make_quick
from millwright.nets.text import TextEncoder, load_text_encoder
from millwright.policies.network_planner import NetworkPlanner
from millwright.policies.networks import make_network
from millwright.policies.vla import DOCUMENT
from millwright.processors.concat import Concat
from millwright.processors.gripper import GripperSign
from millwright.processors.normalise import Normalise, Unnormalise
from millwright.processors.pipeline import Pipeline
from millwright.processors.resize import ResizeImage
from millwright.processors.text import EncodeText

PARTS = (("observation.hand_pose", ()), ("observation.state", (7,)))
TASK = "grasp the red cube and lift it up"


def make_planner(fields: Mapping[str, Any], threads: int) -> NetworkPlanner:
    """A planner of a lift network with random weights, and all that a trained one has around it."""
    network = make_network("vla", fields)
    config = network.config
    size, dof = config.image_size, (config.length, config.dof)
    cameras = {camera: f"observation.images.{camera}" for camera in config.cameras}
    inputs = Features(
        *(Feature(name, (size, size, 3), "uint8") for name in cameras.values()),
        Feature("observation.hand_pose", (7,)), Feature("observation.state", (8,)), Feature("task", (), "string"),
    )  # fmt: skip
    before = (
        *(ResizeImage(name, size, camera) for camera, name in cameras.items()),
        Concat(PARTS),
        EncodeText(words=config.words),
        Normalise("proprio", torch.zeros(8), torch.ones(8), 5.0),
    )
    pipeline = Pipeline(before, (Unnormalise("target", torch.zeros(dof), torch.ones(dof)), GripperSign()))
    return NetworkPlanner(network, pipeline, inputs, Feature("hand_motion", (7,)), 20.0, threads=threads)


def make_observations(planner: NetworkPlanner, count: int) -> list[dict[str, Any]]:
    """What an arm might see."""
    rng = np.random.default_rng(0)

    def draw(feature: Feature) -> Any:
        if feature.is_text:
            return TASK
        return rng.integers(0, 256, feature.shape, np.uint8) if feature.is_image else rng.random(feature.shape, "f4")

    return [{feature.name: draw(feature) for feature in planner.inputs.values()} for _ in range(count)]


def measure(call: Callable[[int], object], calls: int, warm: int = 20) -> dict[str, float]:
    """Median and 99th percentile of the wall time of a call, ms."""
    times_ms = []
    for index in range(calls + warm):
        started = time.perf_counter()
        call(index)
        times_ms.append(1000 * (time.perf_counter() - started))
    p50, p99 = np.percentile(times_ms[warm:], [50, 99])
    return {"p50": p50, "p99": p99, "min": min(times_ms[warm:])}


def time_planner(fields: Mapping[str, Any], threads: int, calls: int) -> dict[str, float]:
    """Calls of an episode that has begun."""
    planner = make_planner(fields, threads)
    seen = make_observations(planner, 16)
    network = planner.network.config
    said = torch.randn((network.words + 1, network.text) if network.words else (network.text,))
    shapes = {"pooled": (len(network.cameras), 512), "proprio": (network.proprio,)}
    past = {f"past.{name}": torch.randn(count, *shapes[name]) for name, count in planner.network.kept.items()}
    memory: list[Any] = [{"known.text": (TASK, said), **past}]

    def go_on(index: int) -> None:
        memory[:] = planner.plan([seen[index % 16]], memory)[1]

    return measure(go_on, calls)


def time_cold(threads: int, calls: int) -> dict[str, float]:
    """The document's network on ten new frames: what a call costs without a memory, the text's encoding apart."""
    torch.set_num_threads(threads)
    network = make_quick(make_network("vla", DOCUMENT))
    config = network.config
    size = (3, config.image_size, config.image_size)
    batch = {"agentview": torch.randint(0, 256, (1, *size)), "text": torch.randn(1, config.words + 1, config.text)}
    batch["past.agentview"] = torch.randint(0, 256, (1, config.history - 1, *size))
    with torch.inference_mode():
        return measure(lambda index: network.sample(batch), calls, 3)


def time_text(name: str, calls: int) -> dict[str, float]:
    """One sentence on one thread; nothing where the encoder is not there."""
    torch.set_num_threads(1)
    try:
        encoder = load_text_encoder(name) if name != "clip" else _make_random_clip()
    except MillwrightError:
        return {}
    return measure(lambda index: encoder.encode([TASK]), calls, 3)


def _make_random_clip() -> TextEncoder:
    """CLIP of the document's size without its weights, which need a network, and without its tokeniser."""
    from millwright.core.errors import import_extra

    transformers = import_extra("transformers", "clip")
    clip = transformers.CLIPTextModelWithProjection(transformers.CLIPTextConfig()).eval()

    class RandomClip(TextEncoder):
        dim = 512

        def _encode(self, texts: list[str]) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
            ids = torch.tensor([[49406, *range(320, 328), 49407]] * len(texts))
            seen = clip(input_ids=ids)
            return seen.text_embeds, seen.last_hidden_state, torch.ones_like(ids, dtype=torch.bool)

    return RandomClip()


def main() -> None:
    """Print the figures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--calls", type=int, default=500, help="timed, of each kind; a tenth of it of the slow ones")
    calls = parser.parse_args().calls
    figures: dict[str, dict[str, float]] = {}
    for name, fields, count in (("small", {}, calls), ("document", DOCUMENT, calls // 5)):
        print(f"{name}\n\n{tell_parameters(count_parameters(make_network('vla', fields)))}")
        for threads in (1, 2):
            figures[f"{name}_threads{threads}"] = time_planner(fields, threads, count)
    figures["document_cold_threads2"] = time_cold(2, calls // 10)
    figures |= {f"text_{name}_threads1": time_text(name, calls // 10) for name in ("minilm", "clip")}
    flat = {f"{name}_ms_{kind}": round(ms, 2) for name, found in figures.items() for kind, ms in found.items()}
    print(json.dumps({**flat, "torch": torch.__version__, "python": platform.python_version()}, indent=2))


if __name__ == "__main__":
    main()
