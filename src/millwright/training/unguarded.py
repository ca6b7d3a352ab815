"""Unguarded: learning in dreams without what keeps a controller from learning what the world model has wrong.

A control: whoever watches for exploitation has to see it where it was provoked. Taken away are the dropout in dreams,
their shortness (they last beyond the steps that the model learned to look ahead), the priors on speed, grass and
pedals, the cost of disagreement and the noise on actions, and that the model learns again from what the controller
drives. What is left is that dreams begin in real moments, and a critic with two opinions.
"""

from __future__ import annotations

from collections.abc import Sequence
from copy import deepcopy
from pathlib import Path

import torch

from millwright.nets.dropout import Dropout
from millwright.policies.latent_controller import LatentController
from millwright.training.drives import Drive, encode_drives
from millwright.training.imagination import Critic, ImaginationConfig, learn_in_dreams, load_critic
from millwright.world_models.dream import DrivingReward
from millwright.world_models.replay import replay
from millwright.world_models.world_model import State, WorldModel

STEPS = 15
"""Of a dream. In longer ones actors get lost: of 50 steps they learned to drive worse, and dreamed of no more tiles."""
BATCH = 64
"""Dreams of an update, fewer than usual: they are long."""
TILES_ALONE = DrivingReward(0, 0, 0, 0, 0, 0, 0, 0)


def learn_unguarded(
    network: LatentController, drives: Sequence[Drive], updates: int, out: Path, critic_from: Path, seed: int = 0
) -> LatentController:
    """A copy whose controller went on learning so, from where it was; goes on from the checkpoint in `out`.

    Args:
        drives: in whose moments dreams begin.
        critic_from: folder of the training that made the controller.

    Raises:
        TrainingError: as `learn_in_dreams` and `load_critic`.
    """
    learned = deepcopy(network)
    latents = encode_drives(learned.vae, drives)
    states = replay(learned.model, latents, [torch.from_numpy(drive.actions) for drive in drives])
    starts = State(*(torch.cat([part[:-1] for part in parts]) for parts in zip(*states, strict=True)))
    model = drop_nothing(learned.model)
    critic = Critic(model.config.latent + model.config.memory)
    load_critic(critic, critic_from)
    config = ImaginationConfig(updates=updates, batch=BATCH, steps=STEPS, noise=0.0, seed=seed, save_updates=20)
    learn_in_dreams(model, learned.controller, critic, starts, TILES_ALONE, config, out)
    return learned


def drop_nothing(model: WorldModel) -> WorldModel:
    """A copy whose dropout layers drop nothing, whatever mode it is in."""
    copy = deepcopy(model)
    for part in list(copy.modules()):
        for name, child in part.named_children():
            if isinstance(child, Dropout):
                setattr(part, name, Dropout(0.0))
    return copy
