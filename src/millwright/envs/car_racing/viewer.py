"""Views of driving for people, drawn from a state alone, so that another process can draw them."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray
from PIL import Image

from millwright.core.errors import OptionError
from millwright.envs.car_racing.bar import NUM_ROWS
from millwright.envs.car_racing.circuit import Circuit
from millwright.envs.car_racing.options import CarRacingOptions
from millwright.geometry.poses import Floats

Picture = NDArray[np.uint8]
WINDOW, FRONT = "window", "front"
SIZES = {WINDOW: (600, 480), FRONT: (384, 384)}
"""Width and height, pixels."""
WHEEL = 5
"""Numbers of a wheel: place (2), angle, how fast it turns, how far it has turned."""


class CarRacingViewer:
    """Draws scene states: `window` as CarRacing shows itself to people, `front` as who drives sees it, enlarged."""

    cameras = (WINDOW, FRONT)

    def __init__(self, options: CarRacingOptions) -> None:
        self._options = options
        self._circuit = Circuit()
        self._track: tuple[float, ...] = ()

    def size(self, camera: str) -> tuple[int, int]:
        """Width and height in pixels."""
        return SIZES[camera]

    def render(self, state: ArrayLike, camera: str) -> Picture:
        """RGB (height, width, 3) of a `CarRacingEnv.scene_state()`.

        Raises:
            OptionError: the state is of a track that no seed tells of.
        """
        self._place(np.asarray(state, np.float64))
        if camera == WINDOW:
            return self._circuit.draw(*SIZES[WINDOW])
        seen = Image.fromarray(cut_front(self._circuit.draw(), self._options))
        return np.asarray(seen.resize(SIZES[FRONT], Image.Resampling.NEAREST))

    def project(self, state: ArrayLike, camera: str, points: ArrayLike) -> Floats:
        """NaN (n, 2): nothing in these pictures is pointed at."""
        return np.full((len(np.atleast_2d(points)), 2), np.nan)

    def close(self) -> None:
        self._circuit.close()

    def _place(self, state: Floats) -> None:
        track = tuple(state[:2])
        if track != self._track:
            if track[0] < 0:
                raise OptionError("a track that was drawn without a seed cannot be drawn again; reset with a seed")
            self._circuit.random_start = bool(track[1])
            self._circuit.reset(seed=int(track[0]))
            self._track = track
        move(self._circuit, state[2:])


def cut_front(picture: Picture, options: CarRacingOptions) -> Picture:
    """What who drives sees of CarRacing's picture (96, 96, 3)."""
    seen = picture if options.bar else picture[:NUM_ROWS]
    size = (options.image_size, options.image_size)
    return seen if seen.shape[:2] == size else np.asarray(Image.fromarray(seen).resize(size, Image.Resampling.BOX))


def find_motion(circuit: Circuit) -> Floats:
    """All that `move` needs: time, hull, and the four wheels."""
    hull = circuit.car.hull
    wheels = [
        value for wheel in circuit.car.wheels for value in (*wheel.position, wheel.angle, wheel.omega, wheel.phase)
    ]
    body = (*hull.position, hull.angle, *hull.linearVelocity, hull.angularVelocity)
    return np.array([circuit.t, *body, *wheels], np.float64)


def move(circuit: Circuit, motion: Floats) -> None:
    """Put time and car where `find_motion` found them."""
    hull = circuit.car.hull
    circuit.t = float(motion[0])
    hull.position, hull.angle = (float(motion[1]), float(motion[2])), float(motion[3])
    hull.linearVelocity, hull.angularVelocity = (float(motion[4]), float(motion[5])), float(motion[6])
    for wheel, row in zip(circuit.car.wheels, motion[7:].reshape(-1, WHEEL), strict=True):
        x, y, angle, wheel.omega, wheel.phase = (float(value) for value in row)
        wheel.position, wheel.angle = (x, y), angle
