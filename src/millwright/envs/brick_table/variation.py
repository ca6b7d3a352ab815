"""What makes an episode's table another one: which of it is wanted, how it is drawn, what of it is applied."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import mujoco
import numpy as np

from millwright.envs.brick_table.bricks import ORDINARY_BRICKS, Bricks, draw_shapes, draw_sizes, draw_twins
from millwright.envs.brick_table.lighting import Lighting, draw_lighting
from millwright.envs.brick_table.options import BrickTableOptions
from millwright.envs.brick_table.scene import (
    POSE_WRIST_CAMERA_IN_HAND,
    TABLETOP_PX,
    cover_table,
    make_model,
    place_wrist_camera,
    take_over,
)
from millwright.envs.brick_table.sensor import draw_sensor_noise
from millwright.envs.brick_table.tabletop import Texture, draw_tabletop
from millwright.envs.brick_table.troubles import draw_camera_error
from millwright.envs.mujoco.rendering import Image
from millwright.geometry.poses import Floats

RANDOMISED = ("lighting", "texture", "camera_moved", "sensor_noise", "twins")
"""What `randomise` draws, each in this share of the episodes. Shapes are not among them: no policy trains on those."""
RANDOMISED_SHARE = 0.75
VARIATIONS = (*RANDOMISED, "shapes", "glow", "sizes")


@dataclass(frozen=True, eq=False)
class Variation:
    """One episode's table; as it stands, the ordinary one."""

    bricks: Bricks = ORDINARY_BRICKS
    lighting: Lighting | None = None
    tabletop: Texture | None = None
    camera_moved: Floats = field(default_factory=lambda: np.eye(4))  # (4, 4) the wrist camera where it was calibrated
    sensor: Callable[[Image], Image] | None = None
    color: Callable[[Bricks, int], Bricks] = lambda bricks, target: bricks  # for when the target is known


ORDINARY = Variation()


def change_model(model: mujoco.MjModel, compiled: mujoco.MjModel, variation: Variation, wrist_fov_deg: float) -> None:
    """Make a model, in place, that of a variation: what it shares with `compiled`, the ordinary table's, and the rest.

    Renderers of the model have to reload textures.
    """
    ordinary = variation.bricks is ORDINARY_BRICKS
    take_over(model, compiled if ordinary else make_model(wrist_fov_deg, variation.bricks))
    place_wrist_camera(model, POSE_WRIST_CAMERA_IN_HAND @ variation.camera_moved)
    if variation.lighting is not None:
        variation.lighting.apply(model)
    if variation.tabletop is not None:
        cover_table(model, variation.tabletop)


def draw_variation(rng: np.random.Generator, options: BrickTableOptions) -> Variation:
    """A table with what the options want; if they want nothing, `ORDINARY` itself.

    Everything has a generator of its own, so that no option changes what another one draws, nor the scene.
    """
    coins, *spawned = rng.spawn(1 + len(VARIATIONS))
    generators = dict(zip(VARIATIONS, spawned, strict=True))
    drawn = {name for name in RANDOMISED if coins.random() < RANDOMISED_SHARE and options.randomise}
    drawn |= {name for name in VARIATIONS if getattr(options, name)}
    make: dict[str, Callable[[np.random.Generator], dict[str, Any]]] = {
        "lighting": lambda rng: {"lighting": draw_lighting(rng)},
        "texture": lambda rng: {"tabletop": draw_tabletop(rng, TABLETOP_PX)},
        "camera_moved": lambda rng: {"camera_moved": draw_camera_error(rng)},
        "sensor_noise": lambda rng: {"sensor": draw_sensor_noise(rng)},
        "twins": lambda rng: {"color": partial(draw_twins, rng)},
        "glow": lambda rng: {"color": Bricks.highlight},
        "sizes": lambda rng: {"bricks": draw_sizes(rng, ORDINARY_BRICKS)},
        "shapes": lambda rng: {"bricks": draw_shapes(rng, ORDINARY_BRICKS)},
    }
    fields: dict[str, Any] = {}
    for name in sorted(drawn):
        fields |= make[name](generators[name])
    return Variation(**fields) if fields else ORDINARY
