"""Hand-written facts of placings: object 0 is the target, object 1 lies on the table, object 2 in the tray."""

from __future__ import annotations

import numpy as np

from millwright.core.facts import PlaceFacts
from tests.judges.lifts import UP, make_facts

TRAY = np.array([[0.3, 0.3, 0.0], [0.5, 0.5, 0.03]])
FLAT = np.array([1.0, 0, 0, 0])
TABLE, MIDDLE, HIGH = (0.5, 0.0, 0.012), (0.35, 0.45, 0.012), 0.08


def make_row(tick: int, place, held: bool, **changes) -> PlaceFacts:
    """Object 0 at `place`, between closed fingers or far below an open hand."""
    place = np.asarray(place, float)
    hand = place if held else place + 0.1 * UP
    touching = np.zeros((3, 2), bool)
    touching[0] = held
    known = {
        "names": ("red", "blue", "green"),
        "positions": np.array([place, [0.6, 0.1, 0.012], [0.45, 0.35, 0.012]]),
        "orientations": np.tile(FLAT, (3, 1)),
        "velocities": np.zeros((3, 3)),
        "pad_contacts": touching,
        "hand_pose": np.array([*hand, 0, 1, 0, 0]),
        "half_sizes": np.tile([0.016, 0.032, 0.012], (3, 1)),
        "opening_m": 0.0315 if held else 0.037,
    }
    plain = make_facts(tick, 0.0, **known)
    more = {"tray": TRAY, "joint_speed": 1.0, "joint_acceleration": 4.0}
    return PlaceFacts(**{**vars(plain), **more, **changes})


def make_placing(end=MIDDLE, over=None, ticks=4, last_touch=None, start=TABLE, **changes) -> list[PlaceFacts]:
    """Lifted from `start`, carried, let go at `over`, lying at `end`; `last_touch`, `changes`: of the ends of these."""
    over = (*end[:2], end[2] + 0.005) if over is None else over
    lying = [make_row(tick, start, held=False) for tick in range(2)]
    lift = [make_row(2, start, held=True), make_row(3, (*start[:2], 0.05), held=True)]
    ways = np.linspace((*start[:2], HIGH), (*over[:2], HIGH), 7)
    carry = [make_row(4 + index, place, held=True) for index, place in enumerate(ways)]
    lower = [make_row(11, over, held=True, **(last_touch or {}))]
    fall = [make_row(12, end, held=False, velocities=np.array([-0.3 * UP, 0 * UP, 0 * UP]))]
    return [*lying, *lift, *carry, *lower, *fall, *(make_row(13 + k, end, held=False, **changes) for k in range(ticks))]
