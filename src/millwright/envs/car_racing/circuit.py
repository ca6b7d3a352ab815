"""Circuit: gymnasium's CarRacing, drawn only when asked to, and the same for a seed whatever was driven before."""

from __future__ import annotations

import math
from typing import Any, NamedTuple

import Box2D
import numpy as np
import pygame
from gymnasium.envs.box2d import car_racing
from gymnasium.envs.box2d.car_racing import CarRacing
from numpy.typing import NDArray

from millwright.geometry.poses import Floats

MAX_OFFSET_M, MAX_TURN_RAD = 4.0, 0.5
"""Of a random start: beside the middle of the road, which is 13.3 m wide, and askew to it."""
_WIDEST_M = car_racing.GRASS_DIM * math.sqrt(0.5)
"""From the middle of anything that is drawn to its farthest corner, at most."""


class Pose(NamedTuple):
    """Where a car stands and looks to: `angle` is 0 along the world's y axis and grows to the left."""

    angle: float
    x: float
    y: float


class Circuit(CarRacing):  # type: ignore[misc]  # gymnasium types none of its Box2D environments
    """CarRacing whose pictures are made when `draw` is called, not at every step.

    Each reset begins with a new Box2D world: an old one keeps what went on before, so that the same seed would not be
    the same episode. With `random_start` it begins anywhere on the track, a little askew and beside the middle.
    """

    def __init__(self) -> None:
        super().__init__()
        self.random_start = False
        self.track: list[tuple[float, float, float, float]] = []  # turn around the world's middle, angle, x, y
        self.centre_line: Floats = np.zeros((0, 2))  # (n, 2) m, of the tiles from the start on, a closed line

    def reset(self, *, seed: int | None = None, options: dict[str, Any] | None = None) -> tuple[Any, dict[str, Any]]:
        self.road: Any = None  # it goes with its world, and so does the car
        self.car: Any = None
        self.world = Box2D.b2World((0, 0))
        begun: tuple[Any, dict[str, Any]] = super().reset(seed=seed, options=options)
        return begun

    def draw(self, width: int = car_racing.STATE_W, height: int = car_racing.STATE_H) -> NDArray[np.uint8]:
        """The picture (96, 96, 3) that CarRacing's steps give, without the score in its corner; or a larger one."""
        size = car_racing.WINDOW_W, car_racing.WINDOW_H
        self.surf = pygame.Surface(size)
        car = self.car
        angle = -car.hull.angle
        zoom = car_racing.SCALE * (0.1 * max(1 - self.t, 0) + car_racing.ZOOM * min(self.t, 1))
        here = -pygame.math.Vector2(*car.hull.position) * zoom
        turned = here.rotate_rad(angle)
        place = (size[0] / 2 + turned[0], size[1] / 4 + turned[1])
        self._render_road(zoom, place, angle)
        car.draw(self.surf, zoom, place, angle, False)
        self.surf = pygame.transform.flip(self.surf, False, True)
        self._render_indicators(*size)
        picture: NDArray[np.uint8] = self._create_image_array(self.surf, (width, height))
        return picture

    def _render(self, mode: str) -> None:
        """Nothing: steps draw no pictures."""

    def _create_track(self) -> bool:
        if not super()._create_track():
            return False
        if self.random_start:
            self._begin_elsewhere()
        self.centre_line = np.array([(x, y) for _, _, x, y in self.track])
        angle, x, y = self.track[0][1:]
        if self.random_start:
            self.track[0] = (self.track[0][0], *self._stray(Pose(angle, x, y)))
        self._list_polygons()
        return True

    def _begin_elsewhere(self) -> None:
        """Let a drawn tile be the first; the lap rule goes by numbers, so all are counted from there."""
        first = int(self.np_random.integers(len(self.track)))
        self.track = [*self.track[first:], *self.track[:first]]
        for tile in self.road:
            tile.idx = (tile.idx - first) % len(self.road)

    def _stray(self, pose: Pose) -> Pose:
        offset = self.np_random.uniform(-MAX_OFFSET_M, MAX_OFFSET_M)
        turn = self.np_random.uniform(-MAX_TURN_RAD, MAX_TURN_RAD)
        return Pose(pose.angle + turn, pose.x + offset * math.cos(pose.angle), pose.y + offset * math.sin(pose.angle))

    # ---------------------------------------------------------------- drawing

    def _list_polygons(self) -> None:
        side = car_racing.GRASS_DIM
        corners = ((1, 0), (0, 0), (0, 1), (1, 1))
        squares = [(x, y) for x in range(-20, 20, 2) for y in range(-20, 20, 2)]
        self._grass = [[(side * x + side * dx, side * y + side * dy) for dx, dy in corners] for x, y in squares]
        polygons = [*self._grass, *(polygon for polygon, _ in self.road_poly)]
        self._middles = np.array(polygons).mean(axis=1)  # (polygons, 2) m

    def _render_road(self, zoom: float, translation: tuple[float, float], angle: float) -> None:
        """As CarRacing draws it, but what is too far away to be seen is not even turned into place: 7 times as fast."""
        bounds = car_racing.PLAYFIELD
        field = [(bounds, bounds), (bounds, -bounds), (-bounds, -bounds), (-bounds, bounds)]
        view = (zoom, translation, angle)
        self._draw_colored_polygon(self.surf, field, self.bg_color, *view, clip=False)
        margin = car_racing.MAX_SHAPE_DIM
        seen = math.hypot(car_racing.WINDOW_W / 2 + margin, 0.75 * car_racing.WINDOW_H + margin)
        away = np.linalg.norm(self._middles - np.array(self.car.hull.position), axis=1)
        for number in np.flatnonzero(away < seen / zoom + _WIDEST_M):
            if number < len(self._grass):
                polygon, color = self._grass[number], self.grass_color
            else:
                polygon, color = self.road_poly[number - len(self._grass)]
                color = [int(part) for part in color]
            self._draw_colored_polygon(self.surf, polygon, color, *view)
