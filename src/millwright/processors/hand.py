"""Targets of the hand, in the base frame and relative to where the hand is now.

Convention: the hand's frame sits at the midpoint of the fingertips; z is the direction of approach (down in normal
use), y the direction in which the fingers open, x forward. Its *yaw* is the direction of its x axis seen from above:
the atan2 of that axis' y and x in the base frame. The *yaw frame* stands upright at the hand: x where the hand's x
axis points seen from above, z up. A hand that points straight down at yaw a has the quaternion
(w, x, y, z) = (0, cos a/2, sin a/2, 0).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from millwright.processors.processor import Batch, Invertible, need

Q_TO_X_AXIS = torch.zeros(4, 4, 2)
"""q^T M q: the base-frame x and y of the rotated x axis (times |q|^2, so that q need not be normalised)."""
for _row, _column, _axis, _factor in (
    (0, 0, 0, 1.0), (1, 1, 0, 1.0), (2, 2, 0, -1.0), (3, 3, 0, -1.0), (1, 2, 1, 2.0), (0, 3, 1, 2.0),
):  # fmt: skip
    Q_TO_X_AXIS[_row, _column, _axis] = _factor
Q_TO_X_AXIS = Q_TO_X_AXIS.view(16, 2)


def compute_yaw(quaternion: Tensor) -> Tensor:
    """Yaw, rad in -pi..pi, of hands (batch, 4) wxyz -> (batch,); 0 where the x axis stands upright."""
    return _compute_yaw(quaternion).squeeze(1)


@dataclass(frozen=True)
class HandRelative(Invertible):
    """Hand targets relative to the hand now.

    Reads `source` (batch, n, 8): xyz m + wxyz + opening m in the base frame, and `pose` (batch, 7).
    Writes `to` (batch, n, 5): dx, dy, dz m in the hand's yaw frame, dyaw rad in -pi..pi, opening m. A tilt is dropped.
    """

    source: str = "action"
    to: str = "target"
    pose: str = "observation.hand_pose"

    def __call__(self, batch: Batch) -> dict[str, Any]:
        targets, pose = need(batch, self.source), need(batch, self.pose)
        yaw = _compute_yaw(pose[:, 3:])
        offset = targets[:, :, :3] - pose[:, None, :3]
        turn = compute_yaw(targets[:, :, 3:7].reshape(-1, 4)).view(targets.shape[:2]) - yaw
        turn = torch.atan2(turn.sin(), turn.cos())
        level = torch.bmm(offset[:, :, :2], _turning(-yaw))
        relative = torch.cat((level, offset[:, :, 2:], turn[:, :, None], targets[:, :, 7:]), 2)
        return {**batch, self.to: relative}

    def inverse(self) -> HandAbsolute:
        return HandAbsolute(source=self.to, to=self.source, pose=self.pose)


@dataclass(frozen=True)
class HandAbsolute(Invertible):
    """The inverse of `HandRelative`: `source` (batch, n, 5) -> `to` (batch, n, 8), the tool pointing straight down.

    Quaternions of a chunk are continuous: neighbours differ by half the turn between them, never by a sign.
    """

    source: str = "target"
    to: str = "action"
    pose: str = "observation.hand_pose"

    def __call__(self, batch: Batch) -> dict[str, Any]:
        level, up, turn, opening = need(batch, self.source).split((2, 1, 1, 1), 2)
        here, quaternion = need(batch, self.pose).split((3, 4), 1)
        yaw = _compute_yaw(quaternion)
        position = torch.cat((torch.bmm(level, _turning(yaw)), up), 2) + here.unsqueeze(1)
        half = (turn + yaw.unsqueeze(2)) * 0.5
        zero = torch.zeros_like(half)
        return {**batch, self.to: torch.cat((position, zero, half.cos(), half.sin(), zero, opening), 2)}

    def inverse(self) -> HandRelative:
        return HandRelative(source=self.to, to=self.source, pose=self.pose)


def _compute_yaw(quaternion: Tensor) -> Tensor:
    """As `compute_yaw`, (batch, 1)."""
    products = (quaternion.unsqueeze(2) * quaternion.unsqueeze(1)).view(-1, 16)
    x, y = (products @ Q_TO_X_AXIS.to(products.device)).split(1, 1)
    return torch.atan2(y, x)


def _turning(yaw: Tensor) -> Tensor:
    """(batch, 1) -> (batch, 2, 2): row vectors times it are turned by `yaw`."""
    cos, sin = yaw.cos(), yaw.sin()
    return torch.cat((cos, sin, -sin, cos), 1).view(-1, 2, 2)
