"""Driving: what a track is like, and what is worth a look in a lap."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from millwright.geometry.poses import Floats

SHARP_RAD = 0.2
"""A bend that turns by more than this from tile to tile (3.5 m) is sharp."""


def find_track_properties(centre_line: Floats) -> Mapping[str, str | float]:
    """How long a track is and how it bends.

    Args:
        centre_line: (n, 2) m, a closed line, one point a tile.
    """
    steps = np.diff(np.vstack([centre_line, centre_line[:1]]), axis=0)
    headings = np.unwrap(np.arctan2(steps[:, 1], steps[:, 0]))
    bends = np.diff(headings)
    return {
        "num_tiles": float(len(centre_line)),
        "length_m": round(float(np.linalg.norm(steps, axis=1).sum()), 1),
        "sharpest_bend_deg": round(float(np.degrees(np.abs(bends).max())), 1),
        "sharp_tiles": float((np.abs(bends) > SHARP_RAD).sum()),
        "first_bend_deg": round(float(np.degrees(headings[min(15, len(headings) - 1)] - headings[0])), 1),
    }
