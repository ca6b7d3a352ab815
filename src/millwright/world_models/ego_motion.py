"""EgoMotion: a world that stands still while the one who sees it moves; what is learned is how one moves.

Next pictures are not painted: the last one seen is moved by how far one has come since, as in view synthesis from
ego-motion (Zhou et al., *Unsupervised Learning of Depth and Ego-Motion from Video*, 2017), here over flat ground seen
from above.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.functional import grid_sample, huber_loss

from millwright.core.errors import OptionError
from millwright.nets.dropout import Dropout
from millwright.nets.mlp import MLP
from millwright.world_models.events import Events, compute_losses, decode
from millwright.world_models.world_model import DynamicsConfig, Outcome, State, WorldModel, average

GROUND = ((25 / 32, 30 / 32), (13 / 32, 18 / 32))
"""Rows and columns of CarRacing's picture without its bar, shares of it, in which the ground around the car lies."""
HALF_WIDTH_M, HALF_HEIGHT_M = 30.9, 21.6
"""Of what that picture shows."""
TICK_S = 0.08
SPEED_M_S, GYRO_RAD_S = 50.0, 2.5
"""What 1 of the scalars 0 and 6 means."""
ODOMETRY = ((0, 1, SPEED_M_S * TICK_S / HALF_WIDTH_M), (6, 2, GYRO_RAD_S * TICK_S))
LARGE_ERROR = 0.3
"""From here on errors count by their size, not by its square: a car that spins is not what matters."""
RESIDUAL = 0.1
"""Of half a picture's width, or of a radian: what the learned part of a motion is measured in."""


@dataclass(frozen=True)
class EgoMotionConfig(DynamicsConfig):
    """Sizes, those of `DynamicsConfig` among them; the defaults of what a picture shows are CarRacing's.

    Args:
        code: pixels of a square picture, row by row.
        memory: numbers of the scalars and the action of the step before.
        hidden: width of the two layers between what is known and what is predicted.
        dropout: share of them that is dropped, in dreams too.
        aspect: height over width of the ground that a picture shows.
        pivot: where the one who sees stands: row and column, shares of the picture.
        ground: rows and columns that tell the ground one stands on, shares of the picture.
        odometry: what is known of the motion before anything is learned: scalar, component of the motion (sideways,
            ahead: half widths of the picture; turn: rad, to the right), gain. None: all of it is learned.
        code_weight, scalars_weight: of their errors, where that of the events is 1.

    Raises:
        OptionError: a code that is no square, or another memory.
    """

    code: int = 576
    memory: int = 10
    context: int = 1
    hidden: int = 128
    dropout: float = 0.1
    aspect: float = HALF_HEIGHT_M / HALF_WIDTH_M
    pivot: tuple[float, float] = (72 / 84, 0.5)
    ground: tuple[tuple[float, float], tuple[float, float]] = GROUND
    odometry: tuple[tuple[int, int, float], ...] = ODOMETRY
    code_weight: float = 10.0
    scalars_weight: float = 10.0

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.side**2 != self.code:
            raise OptionError(
                f"a world that moves pictures needs a square one as its code, not {self.code} numbers: pixels make one"
            )
        if self.memory != self.scalars + self.actions:
            raise OptionError(f"its memory has {self.scalars + self.actions} numbers, not {self.memory}")

    @property
    def side(self) -> int:
        """Height and width of the picture."""
        return math.isqrt(self.code)


class EgoMotion(WorldModel):
    """The picture last seen, moved by how far one has come since; two layers tell the next scalars, and the motion.

    A state's memory is the scalars and the action of the step before, then the picture last seen and the pose in it:
    sideways, ahead and turned. What lies beyond the picture's edge goes on as it is at the edge.
    """

    Config = EgoMotionConfig
    config: EgoMotionConfig
    odometry: Tensor
    lattice: Tensor

    def __init__(self, config: EgoMotionConfig) -> None:
        super().__init__()
        self.config = config
        self._rows, self._columns = (slice(*(round(share * config.side) for share in ends)) for ends in config.ground)
        pixels = (self._rows.stop - self._rows.start) * (self._columns.stop - self._columns.start)
        self.first = MLP(pixels + 2 * config.memory, (config.hidden,), activate_last=True)
        self.second = MLP(config.hidden, (config.hidden,), activate_last=True)
        self.dropout = Dropout(config.dropout)
        self.change, self.motion = nn.Linear(config.hidden, config.scalars), nn.Linear(config.hidden, 3)
        self.events = nn.Sequential(MLP(config.hidden + 2 * pixels + 3, (64,), activate_last=True), Events(64))
        for layer in (self.change, self.motion):
            nn.init.zeros_(layer.weight)
            nn.init.zeros_(layer.bias)
        odometry = torch.zeros(config.scalars, 3)
        for scalar, component, gain in config.odometry:
            odometry[scalar, component] = gain
        self.register_buffer("odometry", odometry, persistent=False)
        self.register_buffer("lattice", _lay_lattice(config), persistent=False)

    @property
    def width(self) -> int:
        return self.config.memory + self.config.code + 3

    def initial(self, latent: Tensor) -> State:
        """As `WorldModel.initial`."""
        return self._stand(latent, super().initial(latent).memory[:, : self.config.memory])

    def observe(self, state: State, action: Tensor, latent: Tensor) -> State:
        """As `WorldModel.observe`."""
        return self._stand(latent, self._recall(state, action))

    def imagine(self, state: State, action: Tensor, temperature: float = 1.0) -> tuple[State, Outcome]:
        """As `WorldModel.imagine`; the temperature changes nothing, what varies is the dropout."""
        after, events, _ = self._step(state, action)
        return after, decode(events)._replace(off_road=self.find_ground(after.latent).mean(1))

    def find_ground(self, latent: Tensor) -> Tensor:
        """The pixels (batch, n) around where one stands."""
        picture = latent[:, : self.config.code].reshape(-1, self.config.side, self.config.side)
        return picture[:, self._rows, self._columns].flatten(1)

    def loss(self, batch: Mapping[str, Any]) -> dict[str, Tensor]:
        """As `WorldModel.loss`: the first steps start from what was seen, all others from what was predicted.

        `code` is the error where the moved picture shows what it had shown; what comes into view is not predicted.
        """
        latents, actions = batch["latents"], batch["actions"]
        begun, code = self.config.context, self.config.code
        state = self.initial(latents[:, 0])
        for step in range(begun):
            state = self.observe(state, actions[:, step], latents[:, step + 1])
        made, told, known = [], [], []
        for step in range(begun, actions.shape[1]):
            state, events, pixels = self._step(state, actions[:, step])
            made.append(state.latent)
            told.append(events)
            known.append(_find_known(pixels))
        wanted, weight = latents[:, begun + 1 :], batch["weight"][:, begun:]
        errors = 2 * huber_loss(torch.stack(made, 1).float(), wanted, reduction="none", delta=LARGE_ERROR)
        inside = torch.stack(known, 1)
        pixels, scalars = errors.split((code, self.config.scalars), -1)
        seen = (pixels * inside).sum(-1) / inside.sum(-1).clamp(min=1.0)
        losses = compute_losses(torch.stack(told, 1), batch, slice(begun, None))
        del losses["off_road"]  # that is seen, not told
        losses["code"] = self.config.code_weight * average(seen, weight)
        losses["scalars"] = self.config.scalars_weight * average(scalars, weight)
        return {"loss": torch.stack(tuple(losses.values())).sum(), **losses}

    # ---------------------------------------------------------------- one step

    def _step(self, state: State, action: Tensor) -> tuple[State, Tensor, Tensor]:
        """The state after a step, its events for `decode`, and where in the picture last seen its pixels lie."""
        memory, picture, pose = state.memory.split((self.config.memory, self.config.code, 3), 1)
        picture = picture.detach()  # it was seen: no gradient of its own has anywhere to go
        recalled, ground = self._recall(state, action), self.find_ground(state.latent)
        hidden = self.dropout(self.second(self.dropout(self.first(torch.cat((ground, recalled, memory), 1)))))
        before = state.latent[:, self.config.code :]
        scalars = before + self.change(hidden)
        motion = 0.5 * (before + scalars) @ self.odometry + RESIDUAL * self.motion(hidden)
        pose = _move(pose, motion)
        pixels = self._find_pixels(pose)
        latent = torch.cat((self._show(picture, pixels), scalars), 1)
        events = self.events(torch.cat((hidden, ground, self.find_ground(latent), motion), 1))
        return State(latent, torch.cat((recalled, picture, pose), 1)), events, pixels

    def _stand(self, latent: Tensor, recalled: Tensor) -> State:
        """Where a picture was seen: one has not moved in it yet."""
        return State(latent, torch.cat((recalled, latent[:, : self.config.code], latent.new_zeros(len(latent), 3)), 1))

    def _recall(self, state: State, action: Tensor) -> Tensor:
        return torch.cat((state.latent[:, self.config.code :], action), 1)

    # ---------------------------------------------------------------- moving pictures

    def _show(self, picture: Tensor, pixels: Tensor) -> Tensor:
        """What is seen (batch, code) where these pixels lie in a picture (batch, code)."""
        shown = picture.unflatten(1, (1, self.config.side, self.config.side))
        return grid_sample(shown, pixels, padding_mode="border", align_corners=False).flatten(1)

    def _find_pixels(self, pose: Tensor) -> Tensor:
        """Where in the picture each pixel (batch, side, side, 2) of what is seen from a pose lies, -1..1.

        As `affine_grid`, which multiplies a matrix of three columns for each picture, and is a third of all learning.
        """
        aside, ahead, turned = pose.unbind(1)
        cos, sin, aspect = turned.cos(), turned.sin(), self.config.aspect
        row, column = (2 * share - 1 for share in self.config.pivot)
        to_column = (cos, -aspect * sin, aside + column)
        to_row = (sin / aspect, cos, row - ahead / aspect)
        found: Tensor = torch.stack((*to_column, *to_row), 1) @ self.lattice
        return found.reshape(-1, self.config.side, self.config.side, 2)


def _lay_lattice(config: EgoMotionConfig) -> Tensor:
    """What an affine motion's six numbers mean for column and row of each pixel (6, side * side * 2)."""
    centres = (2 * torch.arange(config.side) + 1) / config.side - 1
    row, column = (2 * share - 1 for share in config.pivot)
    rows, columns = torch.meshgrid(centres - row, centres - column, indexing="ij")
    terms = torch.stack((columns, rows, torch.ones_like(rows))).flatten(1)
    return torch.cat([torch.kron(terms, side) for side in torch.eye(2).unbind()])


def _find_known(pixels: Tensor) -> Tensor:
    """Which pixels (batch, code) lie inside the picture, 0 or 1."""
    return (pixels.detach().abs() < 1).all(-1).flatten(1).float()


def _move(pose: Tensor, motion: Tensor) -> Tensor:
    """A pose (batch, 3) after a motion (batch, 3) in one's own frame, along an arc."""
    x, y, turned = pose.unbind(1)
    aside, ahead, turn = motion.unbind(1)
    course = turned + 0.5 * turn
    cos, sin = course.cos(), course.sin()
    return torch.stack((x + cos * aside + sin * ahead, y - sin * aside + cos * ahead, turned + turn), 1)
