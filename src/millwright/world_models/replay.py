"""Replaying: what a model makes of what was really seen, from each episode's start on."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor
from torch.nn.utils.rnn import pad_sequence

from millwright.world_models.world_model import State, WorldModel


def replay(model: WorldModel, latents: Sequence[Tensor], actions: Sequence[Tensor]) -> list[State]:
    """The states of episodes, observed.

    Args:
        latents: of each episode (steps + 1, latent).
        actions: of each episode (steps, actions).

    Returns:
        Of each episode its states, steps + 1 of them.
    """
    seen, done = pad_sequence(list(latents), batch_first=True), pad_sequence(list(actions), batch_first=True)
    trained = model.training
    model.eval()
    with torch.no_grad():
        state = model.initial(seen[:, 0])
        memories = [state.memory]
        for step in range(done.shape[1]):
            state = model.observe(state, done[:, step], seen[:, step + 1])
            memories.append(state.memory)
    model.train(trained)
    together = torch.stack(memories, 1)
    return [State(each, together[row, : len(each)]) for row, each in enumerate(latents)]
