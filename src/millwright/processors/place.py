"""Where something is to be put, as the hand sees it: the prompt of placing."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import torch

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
        yaw = compute_yaw(pose[:, 3:])
        x, y = (place[:, :2] - pose[:, :2]).unbind(1)
        cos, sin, turn = yaw.cos(), yaw.sin(), 2 * (place[:, 2] - yaw)
        return {**batch, self.to: torch.stack((cos * x + sin * y, cos * y - sin * x, turn.cos(), turn.sin()), 1)}
