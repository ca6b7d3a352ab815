"""Small bundles and observations for tests."""

import numpy as np
import torch

from millwright.core.features import Feature, Features
from millwright.policies.bundle import Bundle
from millwright.policies.networks import make_network
from millwright.processors.concat import Concat
from millwright.processors.crop import PromptCrop
from millwright.processors.hand import HandAbsolute
from millwright.processors.normalise import Normalise, Unnormalise
from millwright.processors.pipeline import Pipeline

INPUTS = Features(
    Feature("observation.images.wrist", (64, 64, 3), "uint8"),
    Feature("observation.environment_state", (6,)),
    Feature("observation.hand_pose", (7,), unit="m, wxyz", frame="base"),
    Feature("observation.state", (7,)),
)
HAND_TARGET = Feature("hand_target", (8,), unit="m, wxyz, m", frame="base")
PARTS = (
    ("observation.environment_state", (0, 1, 2, 3, 4, 5)),
    ("observation.hand_pose", (2,)),
    ("observation.state", (6,)),
)
SMALL = {"channels": (4, 8), "crop_size": 16, "proprio_widths": (8,), "head_widths": (16,), "length": 4}


def make_bundle(seed=0, **fields):
    generator = torch.Generator().manual_seed(seed)
    pipeline = Pipeline(
        (
            PromptCrop(size=16),
            Concat(PARTS),
            Normalise("proprio", torch.rand(8, generator=generator), torch.ones(8), 5.0),
        ),
        (Unnormalise("target", torch.rand((4, 5), generator=generator) * 0.1, torch.full((4, 5), 0.1)), HandAbsolute()),
    )
    network = make_network("prompt-chunk", {**SMALL, **fields}, seed)
    lineage = {"recipe": "test", "seed": seed}
    return Bundle(network, pipeline, INPUTS, HAND_TARGET, 15.0, "brick-table", "lift", {"hard": False}, lineage)


def make_observation(seed=0):
    rng = np.random.default_rng(seed)
    return {
        "observation.images.wrist": rng.integers(0, 256, (64, 64, 3), dtype=np.uint8),
        "observation.environment_state": rng.random(6, dtype=np.float32),
        "observation.hand_pose": np.array([*rng.random(3), 0, 1, 0, 0], np.float32),
        "observation.state": rng.random(7, dtype=np.float32),
        "task": "pick the red brick",
    }
