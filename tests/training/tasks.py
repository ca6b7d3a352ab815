"""Tiny trainings for tests: numbers that follow from numbers, and a bright square that is to be found."""

import numpy as np
import torch
from torch import nn

from millwright.nets.trainable import Trainable
from millwright.training.data import ArrayData


class Line(Trainable):
    """A straight line with dropout, a norm and a counting buffer: all that a checkpoint can forget."""

    def __init__(self):
        super().__init__()
        with torch.random.fork_rng([]):
            torch.manual_seed(0)
            self.layers = nn.Sequential(nn.Linear(3, 8), nn.LayerNorm(8), nn.Dropout(0.2), nn.Linear(8, 1))
        self.register_buffer("calls", torch.zeros((), dtype=torch.int64))

    def loss(self, batch):
        self.calls += 1
        error = self.layers(batch["x"])[:, 0] - batch["y"]
        return {"loss": error.square().mean(), "absolute": error.abs().mean()}


def make_line_data(num=200):
    x = np.random.default_rng(0).normal(size=(num, 3)).astype(np.float32)
    return ArrayData({"x": x, "y": (x @ np.array([1, -2, 0.5], np.float32)).astype(np.float32)})


def make_square_raw(num=256, size=64):
    """Raw arrays of scenes in which the plan is to go where the bright square in the box is."""
    rng = np.random.default_rng(0)
    image = np.full((num, size, size, 3), 40, np.uint8)
    box = np.zeros((num, 6), np.float32)
    plan = np.zeros((num, 4, 8), np.float32)
    plan[..., 4] = 1
    for i, (x, y) in enumerate(rng.integers(8, size - 16, (num, 2))):
        image[i, y : y + 8, x : x + 8] = 220
        shift = rng.uniform(-0.05, 0.05, 2)
        box[i, :4] = np.array([x, y, x + 8, y + 8]) / size + np.tile(shift, 2)
        plan[i, :, :2] = (np.array([x, y]) + 4) / size * np.linspace(0.25, 1, 4)[:, None]
    pose = np.tile(np.array([0, 0, 0, 0, 1, 0, 0], np.float32), (num, 1))
    return {
        "observation.images.wrist": image,
        "observation.environment_state": box,
        "observation.hand_pose": pose,
        "observation.state": rng.random((num, 7), dtype=np.float32),
        "label.plan": plan,
    }
