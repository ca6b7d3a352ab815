"""Objects that may lie on the table, and scenes of them."""

from __future__ import annotations

import colorsys
from dataclasses import dataclass, replace

import numpy as np

from millwright.core.errors import MillwrightError
from millwright.envs.lift.instructions import HELD_OUT_PAIRS, TRAINED_PAIRS
from millwright.envs.lift.words import COLOURS, Item
from millwright.geometry.poses import Floats, quaternion_from_yaw


@dataclass(frozen=True)
class Part:
    """One body: its name, its shape, and half its size along its own axes, m."""

    name: str
    shape: str
    half_sizes: tuple[float, float, float]


CUBE = (Part("cube", "cube", (0.021, 0.021, 0.021)),)
"""What robosuite's Lift has; there each edge is drawn between 40 and 44 mm whenever the model is loaded."""
POOL = (
    Part("cube 1", "cube", (0.02, 0.02, 0.02)),
    Part("cube 2", "cube", (0.021, 0.021, 0.021)),
    Part("cube 3", "cube", (0.022, 0.022, 0.022)),
    Part("ball 1", "ball", (0.021, 0.021, 0.021)),
    Part("ball 2", "ball", (0.023, 0.023, 0.023)),
    Part("cylinder 1", "cylinder", (0.02, 0.02, 0.024)),
    Part("cylinder 2", "cylinder", (0.021, 0.021, 0.021)),
)

CUBE_HALF_M = 0.03
"""A single cube lies within this of the table's middle, along x and y, as in robosuite."""
AREA_M = ((-0.13, 0.12), (-0.18, 0.18))
"""Where the centres of several objects lie, x and y."""
APART_M = 0.11
"""At least from centre to centre: room for open fingers, however the hand is turned."""
NUM_OBJECTS = (2, 4)
TRIES = 1000
NAMELESS, UNLIKE = 0.75, 0.25
"""Of repainted objects the share without a named colour, and how far theirs are from those that are named."""


@dataclass(frozen=True, eq=False)
class Scene:
    """What lies on the table: k bodies, which they are, where they lie, and how they look."""

    bodies: tuple[int, ...]
    poses: Floats  # (k, 7) xyz m, wxyz, table frame
    paints: Floats  # (k, 3) red, green, blue in 0..1
    items: tuple[Item, ...]

    @property
    def names(self) -> tuple[str, ...]:
        """Colour and shape of each, which no other has; of one whose colour has no name, its shape."""
        return tuple(f"{item.colour} {item.shape}".lstrip() for item in self.items)


def draw_cube(rng: np.random.Generator) -> Scene:
    """Robosuite's one red cube near the middle of the table."""
    place = rng.uniform(-CUBE_HALF_M, CUBE_HALF_M, (1, 2))
    return _lay(CUBE, (0,), place, rng.uniform(-np.pi, np.pi, 1), ("red",))


def draw_choice(rng: np.random.Generator, unseen: bool = False) -> Scene:
    """Two to four objects that differ in colour or shape.

    Args:
        unseen: the first is of a pair that training never has, and the others may be.
    """
    count = int(rng.integers(NUM_OBJECTS[0], NUM_OBJECTS[1] + 1))
    bodies = tuple(int(body) for body in rng.permutation(len(POOL))[:count])
    colours = _draw_colours(rng, bodies, unseen)
    yaws = rng.uniform(-np.pi, np.pi, count)
    return _lay(POOL, bodies, _draw_apart(rng, count), yaws, colours)


def _draw_colours(rng: np.random.Generator, bodies: tuple[int, ...], unseen: bool) -> tuple[str, ...]:
    """A colour for each, so that no two have the same colour and shape."""
    allowed = [*TRAINED_PAIRS, *(HELD_OUT_PAIRS if unseen else ())]
    colours: list[str] = []
    taken: set[tuple[str, str]] = set()
    for index, body in enumerate(bodies):
        shape = POOL[body].shape
        pairs = HELD_OUT_PAIRS if unseen and index == 0 else allowed
        free = [colour for colour in COLOURS if (colour, shape) in pairs and (colour, shape) not in taken]
        colours.append(free[int(rng.integers(len(free)))])
        taken.add((colours[-1], shape))
    return tuple(colours)


def repaint(scene: Scene, rng: np.random.Generator) -> Scene:
    """Most of the objects in colours that nobody has a name for: only their shapes and places can be told then.

    Of each colour some shapes are never seen, so that *ball* may be learned as *round and not green*; among colours
    of all kinds it cannot. None of them looks like one that has a name, so the pairs that are held out stay unseen.
    """
    nameless = rng.random(len(scene.items)) < NAMELESS
    paints = np.array([_draw_paint(rng) if odd else paint for odd, paint in zip(nameless, scene.paints, strict=True)])
    items = tuple(replace(item, colour="") if odd else item for odd, item in zip(nameless, scene.items, strict=True))
    return replace(scene, paints=paints, items=items)


def _draw_paint(rng: np.random.Generator) -> Floats:
    """Red, green, blue, far from every colour that has a name."""
    named = np.array(list(COLOURS.values()))
    while True:
        paint: Floats = np.array(colorsys.hsv_to_rgb(rng.random(), rng.random(), rng.uniform(0.2, 1.0)))
        if np.linalg.norm(named - paint, axis=1).min() > UNLIKE:
            return paint


def _draw_apart(rng: np.random.Generator, count: int) -> Floats:
    """(count, 2) m, each `APART_M` from all others."""
    (low_x, high_x), (low_y, high_y) = AREA_M
    for _ in range(TRIES):
        places: Floats = rng.uniform((low_x, low_y), (high_x, high_y), (count, 2))
        gaps = np.linalg.norm(places[:, None] - places[None], axis=2) + np.eye(count)
        if gaps.min() > APART_M:
            return places
    raise MillwrightError(f"no room for {count} objects {APART_M} m apart within {AREA_M}")


def _lay(
    parts: tuple[Part, ...], bodies: tuple[int, ...], places: Floats, yaws: Floats, colours: tuple[str, ...]
) -> Scene:
    chosen = [parts[body] for body in bodies]
    poses = np.array(
        [
            [*place, part.half_sizes[2], *quaternion_from_yaw(yaw)]
            for part, place, yaw in zip(chosen, places, yaws, strict=True)
        ]
    )
    items = tuple(
        Item(colour, part.shape, float(x), float(y))
        for part, colour, (x, y) in zip(chosen, colours, places, strict=True)
    )
    return Scene(bodies, poses, np.array([COLOURS[colour] for colour in colours]), items)
