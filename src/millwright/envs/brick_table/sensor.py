"""SensorNoise: what a cheap camera and its compression make of a picture."""

from __future__ import annotations

import io
from dataclasses import dataclass

import numpy as np
from PIL import Image as Pictures
from PIL import ImageFilter

from millwright.envs.mujoco.rendering import Image
from millwright.geometry.poses import Floats

BLUR_PX, GAIN, GAMMA = (0.0, 0.8), (0.85, 1.15), (0.8, 1.25)
"""Blur of a picture of 128 pixels; each colour's gain; the exponent of its curve."""
READ_NOISE, SHOT_NOISE = (2.0, 10.0), (0.0, 0.6)
"""Standard deviations in grey levels of 255: of every pixel; times the root of its level."""
JPEG_QUALITY = (20, 60)


@dataclass(frozen=True, eq=False)
class SensorNoise:
    """Blur, colour shift, noise, then JPEG: a callable picture -> picture, its noise new every time."""

    blur: float  # share of the picture's height
    gain: Floats  # (3,)
    gamma: float
    read_noise: float
    shot_noise: float
    quality: int
    rng: np.random.Generator

    def __call__(self, image: Image) -> Image:
        """The picture (height, width, 3) as the camera delivers it."""
        blurred = Pictures.fromarray(image).filter(ImageFilter.GaussianBlur(self.blur * len(image)))
        levels = 255 * np.clip(np.asarray(blurred) / 255.0 * self.gain, 0, 1) ** self.gamma
        spread = np.hypot(self.read_noise, self.shot_noise * np.sqrt(levels))
        noisy = np.clip(levels + spread * self.rng.standard_normal(levels.shape), 0, 255).astype(np.uint8)
        file = io.BytesIO()
        Pictures.fromarray(noisy).save(file, "jpeg", quality=self.quality)
        return np.asarray(Pictures.open(file))


def draw_sensor_noise(rng: np.random.Generator) -> SensorNoise:
    """One camera: its faults stay the same for an episode, its noise does not."""
    return SensorNoise(
        blur=rng.uniform(*BLUR_PX) / 128,
        gain=rng.uniform(*GAIN, 3),
        gamma=rng.uniform(*GAMMA),
        read_noise=rng.uniform(*READ_NOISE),
        shot_noise=rng.uniform(*SHOT_NOISE),
        quality=int(rng.integers(JPEG_QUALITY[0], JPEG_QUALITY[1] + 1)),
        rng=rng,
    )
