"""How far apart boxes are in space, many against many."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from millwright.geometry.poses import Floats, matrix_from_quaternion

TOUCHING_M = 0.001
"""Boxes nearer than this touch each other."""


class Boxes(NamedTuple):
    """n boxes anywhere, m."""

    centers: Floats  # (n, 3)
    axes: Floats  # (n, 3, 3), columns: the box's own x, y, z
    halves: Floats  # (n, 3)

    @staticmethod
    def at(positions: ArrayLike, quaternions: ArrayLike, half_sizes: ArrayLike) -> Boxes:
        """Equal boxes at positions (n, 3) m, turned by quaternions (n, 4) wxyz."""
        centers = np.atleast_2d(np.asarray(positions, dtype=np.float64))
        axes = np.array([matrix_from_quaternion(q) for q in np.atleast_2d(np.asarray(quaternions))])
        return Boxes(centers, axes.reshape(-1, 3, 3), np.broadcast_to(np.asarray(half_sizes, float), centers.shape))

    def select(self, which: ArrayLike) -> Boxes:
        """Some of them."""
        return Boxes(*(values[np.asarray(which)] for values in self))


def compute_separations(a: Boxes, b: Boxes) -> Floats:
    """(m, n) m: the gap between two boxes, along that axis on which it is widest; below 0 they overlap.

    Never more than the distance. Gottschalk, Lin and Manocha, OBBTree (1996), section 5: the separating axes.
    """
    turn = np.einsum("mji,njk->mnik", a.axes, b.axes)  # b's axes, seen from a
    away = np.einsum("mji,mnj->mni", a.axes, b.centers[None] - a.centers[:, None])
    lean = np.abs(turn)
    ours = np.abs(away) - a.halves[:, None] - np.einsum("mnik,nk->mni", lean, b.halves)
    theirs = np.abs(np.einsum("mni,mnik->mnk", away, turn)) - b.halves[None] - np.einsum("mnik,mi->mnk", lean, a.halves)
    widest = np.maximum(ours.max(axis=2), theirs.max(axis=2))
    for i in range(3):
        j, k = (i + 1) % 3, (i + 2) % 3
        # The axis a_i x b_l has in a's frame the components 0, -turn[k, l], turn[j, l]; parallel edges have none.
        length = np.hypot(turn[:, :, j], turn[:, :, k])  # (m, n, 3)
        between = np.abs(away[:, :, k, None] * turn[:, :, j] - away[:, :, j, None] * turn[:, :, k])
        reach = a.halves[:, None, j, None] * lean[:, :, k] + a.halves[:, None, k, None] * lean[:, :, j]
        for ell in range(3):
            p, q = (ell + 1) % 3, (ell + 2) % 3
            theirs_reach = b.halves[None, :, p] * lean[:, :, i, q] + b.halves[None, :, q] * lean[:, :, i, p]
            gap = between[:, :, ell] - reach[:, :, ell] - theirs_reach
            apart = length[:, :, ell] > 1e-3
            widest = np.where(apart, np.maximum(widest, gap / np.where(apart, length[:, :, ell], 1.0)), widest)
    return np.asarray(widest)
