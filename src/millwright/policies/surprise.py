"""Surprise: how far what came was from what a driver's own world model had dreamed of it."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

from millwright.core.episode import Episode
from millwright.core.errors import OptionError
from millwright.policies.bundle import Bundle
from millwright.policies.latent_controller import LatentController
from millwright.world_models.dream import choose_starts, compare_codes, dream, dreaming
from millwright.world_models.replay import replay
from millwright.world_models.world_model import State

AHEAD = 5
"""Ticks that a dream goes on: what controllers that learned in short dreams rely on."""


class Witness:
    """Tells of each tick of an episode how far its code was from the one dreamed, doing what was done.

    Args:
        bundle: holds a latent controller; the episodes are its own.

    Raises:
        OptionError: it dreams nothing.
    """

    def __init__(self, bundle: Bundle) -> None:
        if not isinstance(bundle.network, LatentController):
            raise OptionError(f"only latent controllers dream; this bundle holds a {type(bundle.network).__name__}")
        self._network, self._pipeline = bundle.network, bundle.pipeline
        self._inputs = tuple(bundle.inputs)

    def __call__(self, episode: Episode) -> tuple[float, ...]:
        """Mean squared errors, one a tick: of dreams that began `AHEAD` ticks before, or at the start; at that 0."""
        latents = self._look(episode)
        if len(latents) < 2:
            return (0.0,) * len(latents)
        done = torch.from_numpy(np.stack([step.action for step in episode.steps[:-1]]))
        (states,) = replay(self._network.model, [latents], [done])
        told = self._dream(states, done)
        code = self._network.vae.config.code
        errors = [0.0]
        for tick in range(1, len(latents)):
            steps = min(AHEAD, tick)
            error = compare_codes(code, told[steps - 1][tick - steps], latents[tick])
            errors.append(round(float(error), 5))
        return tuple(errors)

    def _look(self, episode: Episode) -> Tensor:
        batch = {
            name: torch.from_numpy(np.stack([step.observation[name] for step in episode.steps]))
            for name in self._inputs
        }
        with torch.inference_mode():
            seen = self._pipeline.observe(batch)
            latents: Tensor = torch.cat((self._network.vae.encode(seen["image"])[0], seen["scalars"]), 1)
        return latents.clone()

    def _dream(self, states: State, done: Tensor) -> list[Tensor]:
        """The latents after 1, 2, ... steps from each tick; beyond the end nothing is done, and nothing compared."""
        count = len(done)
        padded = torch.cat((done, done.new_zeros(AHEAD, done.shape[1])))
        actions = iter([padded[step : step + count] for step in range(AHEAD)])
        starts = choose_starts(states, torch.arange(count))
        with torch.no_grad(), dreaming(self._network.model, dropout=False) as model:
            return [each.after.latent for each in dream(model, starts, lambda _: next(actions), AHEAD, temperature=0.0)]
