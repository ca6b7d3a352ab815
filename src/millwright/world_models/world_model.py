"""WorldModel: one latent world, stepped with or without observations."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, NamedTuple

import torch
from torch import Tensor

from millwright.core.errors import FeatureError, OptionError
from millwright.nets.trainable import Trainable


class State(NamedTuple):
    """Where many worlds are."""

    latent: Tensor  # (batch, latent): what is seen now, or dreamed to be seen
    memory: Tensor  # (batch, memory): what came before


class Outcome(NamedTuple):
    """What a step is expected to bring; each (batch,)."""

    tiles: Tensor
    """Reward events: tiles of road reached, a count."""
    off_road: Tensor
    """Share of the ground beside the car that is no road, 0..1."""
    done: Tensor
    """Chance that the episode ends, 0..1."""
    disagreement: Tensor
    """How far the members of an ensemble part, per dimension; 0 of a single model."""


@dataclass(frozen=True)
class DynamicsConfig:
    """Sizes of a recurrent world.

    Args:
        code: numbers that a picture was encoded as.
        scalars: numbers that are seen beside it; they come after the code.
        actions: numbers of an action.
        memory: width of the recurrent layer.
        context: first steps of a training sequence, in which each step starts from what was really seen.

    Raises:
        OptionError: a size below 1, or less than nothing of scalars or context.
    """

    code: int = 32
    scalars: int = 7
    actions: int = 3
    memory: int = 256
    context: int = 6

    def __post_init__(self) -> None:
        if min(self.code, self.actions, self.memory) < 1 or min(self.scalars, self.context) < 0:
            raise OptionError(f"sizes of a world must be at least 1 (scalars and context at least 0), got {self}")

    @property
    def latent(self) -> int:
        return self.code + self.scalars


class WorldModel(Trainable):
    """Knows latents alone: what encodes pictures is beside it.

    In training mode dropout is on, also while dreaming: a controller learns less to exploit what changes every time.
    """

    Config: ClassVar[type[DynamicsConfig]] = DynamicsConfig
    config: DynamicsConfig

    @property
    @abstractmethod
    def width(self) -> int:
        """Numbers of a state's memory; the first `config.memory` of them are what a controller reads."""

    @abstractmethod
    def observe(self, state: State, action: Tensor, latent: Tensor) -> State:
        """One step of `action` (batch, actions), after which `latent` was seen."""

    @abstractmethod
    def imagine(self, state: State, action: Tensor, temperature: float = 1.0) -> tuple[State, Outcome]:
        """One step, after which nothing was seen.

        Args:
            temperature: of what is drawn; 0: the likeliest.
        """

    @abstractmethod
    def loss(self, batch: Mapping[str, Any]) -> dict[str, Tensor]:
        """Of sequences: latents (batch, steps + 1, latent), actions (batch, steps, actions), and of each step
        tiles, off_road, done and weight (batch, steps), the weight 0 beyond an episode's end."""

    def initial(self, latent: Tensor) -> State:
        """Where nothing came before.

        Raises:
            FeatureError: not (batch, latent).
        """
        if latent.ndim != 2 or latent.shape[1] != self.config.latent:
            raise FeatureError(f"a latent is (batch, {self.config.latent}), got {tuple(latent.shape)}")
        return State(latent, latent.new_zeros(len(latent), self.width))

    def read(self, state: State) -> Tensor:
        """What a controller may read: latent and memory side by side (batch, latent + config.memory)."""
        return torch.cat((state.latent, state.memory[:, : self.config.memory]), 1)


class RecurrentWorld(WorldModel):
    """A world whose memory is that of a recurrent layer: the same whether something was seen or dreamed."""

    @abstractmethod
    def remember(self, state: State, action: Tensor) -> Tensor:
        """The memory (batch, width) after doing `action` (batch, actions) in a state."""

    @abstractmethod
    def predict(self, state: State, memory: Tensor, temperature: float) -> tuple[Tensor, Outcome]:
        """The next latent and the outcome of the step that led from `state` to `memory`."""

    def observe(self, state: State, action: Tensor, latent: Tensor) -> State:
        """As `WorldModel.observe`."""
        return State(latent, self.remember(state, action))

    def imagine(self, state: State, action: Tensor, temperature: float = 1.0) -> tuple[State, Outcome]:
        """As `WorldModel.imagine`."""
        memory = self.remember(state, action)
        latent, outcome = self.predict(state, memory, temperature)
        return State(latent, memory), outcome


def average(values: Tensor, weight: Tensor) -> Tensor:
    """The mean of what counts; `values` may have dimensions beyond those of `weight`, over which is averaged."""
    values = values.float().flatten(weight.ndim).mean(-1) if values.ndim > weight.ndim else values.float()
    return (values * weight).sum() / weight.sum().clamp(min=1.0)
