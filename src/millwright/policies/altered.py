"""Altered: a learned driver made worse in stated ways, the same in dreams and on the road.

Whether dreams rank drivers as the road does can only be seen of drivers who differ. All read the same world model, so
that what a dream says of each can be held against what the road says of the very same one.
"""

from __future__ import annotations

from collections.abc import Sequence
from copy import deepcopy
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor, nn

from millwright.geometry.poses import Floats
from millwright.policies.controllers import Controller
from millwright.policies.driving import STRAYS, Wandering
from millwright.policies.latent_controller import LatentController

LOW = (-1.0, 0.0, 0.0)
"""The least of each action; the most is 1."""


@dataclass(frozen=True)
class Alteration:
    """What is done to a driver.

    Args:
        kind: `learned` (nothing), `round` (the controller of an earlier round), `hand` (how unsteady, in `STRAYS`),
            `throttle` or `steering` (what it is multiplied by), `weights` (noise on the controller's, as a share of
            each layer's own deviation).
        size: how much of it.
        seed: of what is drawn.
    """

    kind: str = "learned"
    size: float = 0.0
    seed: int = 0

    @property
    def name(self) -> str:
        """`weights-0.2-1`, `throttle-0.5`, `learned`."""
        if self == LEARNED:
            return self.kind
        return f"{self.kind}-{self.size:g}" + (f"-{self.seed}" if self.seed else "")

    @property
    def unsteady(self) -> float:
        """Share of `STRAYS`."""
        return self.size if self.kind == "hand" else 0.0


LEARNED = Alteration()
ALTERATIONS: tuple[Alteration, ...] = (
    *(Alteration("hand", size) for size in (1.0, 2.0, 4.0)),
    *(Alteration("throttle", size) for size in (0.25, 0.5, 0.75)),
    *(Alteration("steering", size) for size in (0.3, 0.6, 1.6)),
    *(Alteration("weights", size, seed) for size in (0.1, 0.2, 0.4, 0.8) for seed in (1, 2, 3)),
)
"""Beside the learned driver and those of earlier rounds; of small ones, so that ranks have something to tell apart."""


class Geared(nn.Module):
    """A controller whose actions are multiplied."""

    def __init__(self, controller: nn.Module, gains: Sequence[float]) -> None:
        super().__init__()
        self.controller = controller
        self.register_buffer("gains", torch.tensor(gains, dtype=torch.float32))

    def forward(self, read: Tensor) -> Tensor:
        made: Tensor = self.controller(read) * self.gains
        return clip_actions(made)


def clip_actions(actions: Tensor) -> Tensor:
    """(..., 3) within their ranges."""
    return actions.maximum(actions.new_tensor(LOW)).clamp(max=1.0)


def alter(network: LatentController, alteration: Alteration, earlier: Sequence[Controller] = ()) -> LatentController:
    """A copy with another controller; an unsteady hand is no part of it: `draw_strays` is its, in dreams.

    Args:
        earlier: controllers of the rounds before the last, from the first on.
    """
    altered = deepcopy(network)
    kind, size = alteration.kind, alteration.size
    if kind == "round":
        altered.controller.load_state_dict(earlier[int(size)].state_dict())
    if kind == "weights":
        random = torch.Generator().manual_seed(alteration.seed)
        with torch.no_grad():
            for weights in altered.controller.parameters():
                deviation = float(weights.std()) if weights.numel() > 1 else 0.0
                weights.add_(size * deviation * torch.randn(weights.shape, generator=random))
    if kind in ("throttle", "steering"):
        gains = (size, 1.0, 1.0) if kind == "steering" else (1.0, size, 1.0)
        altered.add_module("controller", Geared(altered.controller, gains))
    return altered


def draw_strays(alteration: Alteration, num: int, steps: int, control_hz: float) -> Floats | None:
    """What an unsteady hand adds in `num` dreams (num, steps, 3); None of a steady one."""
    if not alteration.unsteady:
        return None
    rows = []
    for row in range(num):
        wandering = Wandering(control_hz)
        wandering.reset(row)
        rows.append([wandering.draw() for _ in range(steps)])
    strays: Floats = alteration.unsteady * STRAYS * np.array(rows)
    return strays
