"""Places in the base frame as the hand sees them: where something lies, and where it is to be put."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from millwright.processors.hand import compute_yaw
from millwright.processors.processor import Batch, Processor, need


@dataclass(frozen=True)
class PlaceInHand(Processor):
    """A place in the base frame as seen from the hand.

    Reads `place` (batch, 3): x, y m and the yaw, rad, that the hand is to have there, and the hand's `pose` (batch, 7).
    Writes `to` (batch, 4): how far ahead and to the left in the hand's yaw frame (m), and cosine and sine of twice the
    turn: parallel fingers fit half a turn further just as well.
    """

    place: str = "observation.place"
    pose: str = "observation.hand_pose"
    to: str = "place"

    def __call__(self, batch: Batch) -> dict[str, Any]:
        place, pose = need(batch, self.place), need(batch, self.pose)
        turn = 2 * (place[:, 2] - compute_yaw(pose[:, 3:]))
        turned = torch.stack((turn.cos(), turn.sin()), 1)
        return {**batch, self.to: torch.cat((_look_at(place[:, :2], pose), turned), 1)}


@dataclass(frozen=True)
class PointInHand(Processor):
    """A point in the base frame as seen from the hand.

    Reads `point` (batch, 2): x, y m, and the hand's `pose` (batch, 7).
    Writes `to` (batch, 2): how far ahead and to the left it is in the hand's yaw frame, m.
    """

    point: str = "observation.anchor"
    pose: str = "observation.hand_pose"
    to: str = "anchor"

    def __call__(self, batch: Batch) -> dict[str, Any]:
        return {**batch, self.to: _look_at(need(batch, self.point), need(batch, self.pose))}


def _look_at(points: Tensor, pose: Tensor) -> Tensor:
    """(batch, 2) x, y in the base frame -> ahead, left in the yaw frames of hands (batch, 7)."""
    yaw = compute_yaw(pose[:, 3:])
    x, y = (points - pose[:, :2]).unbind(1)
    cos, sin = yaw.cos(), yaw.sin()
    return torch.stack((cos * x + sin * y, cos * y - sin * x), 1)
