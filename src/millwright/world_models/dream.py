"""dream: many worlds at once, in latent space, without a decoder."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import NamedTuple

import torch
from torch import Tensor

from millwright.world_models.world_model import Outcome, State, WorldModel

Act = Callable[[Tensor], Tensor]
"""What a controller reads (batch, features) -> actions (batch, actions)."""


@dataclass(frozen=True)
class DrivingReward:
    """What a dreamed step is worth: tiles reached, less what is not wanted.

    All but the tiles are priors, not part of the real return; 0 takes each of them out.

    Args:
        grass: a step beside the road.
        speed: by how much the speed is above `fast`, both in the units of the latent.
        fast: the speed above which the models' pictures are no longer good for driving.
        speed_column: of the scalars.
        steering: the square of it.
        swerving: the square of its change from one step to the next.
        pedals: throttle and brake at once.
        disagreement: of an ensemble's members.
    """

    grass: float = 0.5
    speed: float = 2.0
    fast: float = 1.3
    speed_column: int = 0
    steering: float = 0.02
    swerving: float = 0.0
    pedals: float = 0.1
    disagreement: float = 0.0

    def __call__(self, code: int, dreamed: Dreamed) -> Tensor:
        """(batch,) of a step; `code` is how many numbers of the latent come before the scalars."""
        speed = dreamed.after.latent[:, code + self.speed_column]
        steering, throttle, brake = dreamed.action.unbind(1)
        return (
            dreamed.outcome.tiles
            - self.grass * dreamed.outcome.off_road
            - self.speed * (speed - self.fast).relu()
            - self.steering * steering.square()
            - self.swerving * (steering - dreamed.before[:, 0]).square()
            - self.pedals * throttle * brake
            - self.disagreement * dreamed.outcome.disagreement
        )


class Dreamed(NamedTuple):
    """A step of a dream."""

    read: Tensor
    """What the controller read before it (batch, features)."""
    action: Tensor
    before: Tensor
    """The action of the step before; of a dream's first step the same."""
    after: State
    outcome: Outcome


def dream(model: WorldModel, start: State, act: Act, steps: int, temperature: float = 1.0) -> Iterator[Dreamed]:
    """Step all worlds on from where they are; gradients flow where they are wanted."""
    state, before = start, None
    for _ in range(steps):
        read = model.read(state)
        action = act(read)
        state, outcome = model.imagine(state, action, temperature)
        yield Dreamed(read, action, action if before is None else before, state, outcome)
        before = action


def compute_returns(
    model: WorldModel, start: State, act: Act, steps: int, reward: DrivingReward, temperature: float = 1.0
) -> Tensor:
    """What each dream (batch,) comes to: the sum of its rewards, each counted as far as the dream goes on till then."""
    total = start.latent.new_zeros(len(start.latent))
    alive = torch.ones_like(total)
    with torch.inference_mode():
        for each in dream(model, start, act, steps, temperature):
            total += alive * reward(model.config.code, each)
            alive = alive * (1 - each.outcome.done)
    return total


def compare_codes(code: int, dreamed: Tensor, seen: Tensor) -> Tensor:
    """Mean squared errors of the codes, the first numbers of latents (..., latent)."""
    return (dreamed[..., :code] - seen[..., :code]).square().mean(-1)


@contextmanager
def dreaming(model: WorldModel, *, dropout: bool = True) -> Iterator[WorldModel]:
    """The model for dreams alone: its weights stand still, its dropout is on (or, as a control, off)."""
    trained, learned = model.training, [parameter.requires_grad for parameter in model.parameters()]
    model.train(dropout).requires_grad_(False)
    try:
        yield model
    finally:
        model.train(trained)
        for parameter, wanted in zip(model.parameters(), learned, strict=True):
            parameter.requires_grad_(wanted)


def choose_starts(states: State, rows: Tensor) -> State:
    """Some of many states."""
    return State(states.latent[rows], states.memory[rows])
