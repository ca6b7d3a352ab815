"""Small vla bundles and what an arm with two cameras and an instruction observes, for tests."""

import numpy as np
import torch

from millwright.core.features import Feature, Features
from millwright.policies.bundle import Bundle
from millwright.policies.networks import make_network
from millwright.processors.concat import Concat
from millwright.processors.gripper import GripperSign
from millwright.processors.normalise import Unnormalise
from millwright.processors.pipeline import Pipeline
from millwright.processors.resize import ResizeImage
from millwright.processors.text import EncodeText

CAMERAS = ("agentview", "wrist")
OBSERVED = Features(
    *(Feature(f"observation.images.{camera}", (32, 32, 3), "uint8") for camera in CAMERAS),
    Feature("observation.state", (8,)),
    Feature("task", (), "string"),
)
MOTION = Feature("hand_motion", (7,), names=("x", "y", "z", "rx", "ry", "rz", "gripper"))
FILM = {"length": 4, "image_size": 32, "channels": (8, 16, 16), "film_layers": 2, "film_width": 16, "text": 64,
        "proprio": 8, "proprio_widths": (8,), "head_widths": (32,)}  # fmt: skip
POINTING = {**FILM, "fusion": "pointing", "channels": (8, 16, 16, 16), "words": 3, "query": 8}
ATTENTION = {**FILM, "fusion": "attention", "words": 6, "hidden": 32, "heads": 2, "history": 3,
             "decoder": "transformer", "width": 16, "blocks": 1}  # fmt: skip


def make_arm_bundle(fields, seed=0):
    network = make_network("vla", fields, seed)
    resize = (ResizeImage(f"observation.images.{camera}", 32, camera) for camera in CAMERAS)
    numbers = Concat((("observation.state", ()),))
    texts = EncodeText(encoder="hashed", words=network.config.words)
    mean, std = torch.zeros(4, 7), torch.full((4, 7), 0.5)
    std[:, 6] = 1
    pipeline = Pipeline((*resize, numbers, texts), (Unnormalise("target", mean, std), GripperSign()))
    return Bundle(network, pipeline, OBSERVED, MOTION, 20.0, "lift", "lift")


def make_arm_observation(seed=0, task="pick up the red cube"):
    rng = np.random.default_rng(seed)
    pictures = {f"observation.images.{name}": rng.integers(0, 256, (32, 32, 3), dtype=np.uint8) for name in CAMERAS}
    return {**pictures, "observation.state": rng.random(8, dtype=np.float32), "task": task}


def make_arm_batch(network, count=4, seed=0):
    """Random inputs of a network, and a target of motions and gripper probabilities."""
    generator = torch.Generator().manual_seed(seed)
    config = network.config
    size = (3, config.image_size, config.image_size)
    shapes = {"text": (config.words + 1, config.text) if config.words else (config.text,), "proprio": (config.proprio,)}
    shapes |= dict.fromkeys(config.cameras, size)
    shapes |= {f"past.{camera}": (config.history - 1, *size) for camera in config.cameras}
    shapes["past.proprio"] = (config.recent - 1, config.proprio)
    batch = {name: torch.randn((count, *shapes[name]), generator=generator) for name in network.inputs}
    batch |= {name: value * 60 + 128 for name, value in batch.items() if len(value.shape) >= 4}
    batch |= {name: torch.rand((count, len(config.cameras), 2), generator=generator) for name in network.labels}
    target = torch.randn((count, config.length, config.dof), generator=generator)
    target[..., -1] = (target[..., -1] > 0).float()
    return {**batch, "target": target}
