"""Lighting: another lamp and another brightness of the room."""

from __future__ import annotations

import math
from dataclasses import dataclass

import mujoco
import numpy as np

from millwright.geometry.poses import Floats

BRIGHTNESS = (0.45, 1.6)
"""Of a white level surface; the ordinary room has 1.3, and pictures saturate above 1."""
AMBIENT_SHARE, LAMP_SHARE = (0.2, 0.6), (0.3, 1.0)
"""Of all light, what comes from everywhere; of the rest, what comes from the lamp and not from beside the camera."""
ELEVATION_DEG = (30.0, 90.0)
TINT = 0.25
"""By how much a colour of the light may be stronger or weaker than ordinarily."""
SPECULAR = (0.0, 0.5)


@dataclass(frozen=True, eq=False)
class Lighting:
    """A directional lamp, light from everywhere, and some from where the camera is."""

    direction: Floats  # (3,) the way the lamp's light goes, base frame
    lamp: Floats  # (3,) red, green, blue
    ambient: Floats
    headlight: Floats
    specular: float

    def apply(self, model: mujoco.MjModel) -> None:
        lamp = model.light("lamp").id
        model.light_dir[lamp] = self.direction
        model.light_diffuse[lamp], model.light_specular[lamp] = self.lamp, self.specular
        model.vis.headlight.ambient, model.vis.headlight.diffuse = self.ambient, self.headlight


def draw_lighting(rng: np.random.Generator) -> Lighting:
    """From dusk to glare, warm to cold, the lamp on any side and as low as 30 degrees."""
    azimuth, sine = rng.uniform(-math.pi, math.pi), math.sin(math.radians(rng.uniform(*ELEVATION_DEG)))
    flat = math.sqrt(1 - sine * sine)
    brightness, ambient, lamp = rng.uniform(*np.array([BRIGHTNESS, AMBIENT_SHARE, LAMP_SHARE]).T)
    rest = brightness * (1 - ambient)
    tint, room_tint = rng.uniform(1 - TINT, 1 + TINT, (2, 3))
    return Lighting(
        direction=np.array([flat * math.cos(azimuth), flat * math.sin(azimuth), -sine]),
        lamp=rest * lamp / sine * tint,
        ambient=brightness * ambient * room_tint,
        headlight=rest * (1 - lamp) * room_tint,
        specular=float(rng.uniform(*SPECULAR)),
    )
