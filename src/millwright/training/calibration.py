"""Calibration: what a run's drives were like to a driver that had not learned from them yet."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import torch
from torch import Tensor

from millwright.policies.confidence import Calibration, measure_distance
from millwright.policies.latent_controller import LatentController
from millwright.training.drives import Drive, encode_drives
from millwright.world_models.dream import dreaming
from millwright.world_models.replay import replay
from millwright.world_models.world_model import State


def calibrate(
    network: LatentController, held_out: Iterable[tuple[LatentController, Sequence[Drive]]]
) -> Calibration | None:
    """What a driver's confidence is told by; None without drives.

    Args:
        network: the driver, whose codes of the pictures count.
        held_out: drives, beside a driver whose world model has not learned from them: what was learned surprises less.
    """
    codes, surprises = [], []
    for before, drives in held_out:
        if drives:
            surprises += measure_surprises(before, drives)
            codes += [latents[:, : network.vae.config.code] for latents in encode_drives(network.vae, drives)]
    if not codes:
        return None
    seen = torch.cat(codes)
    picture = seen.mean(0)
    return Calibration(torch.cat(surprises).sort().values, picture, measure_distance(seen, picture).sort().values)


def measure_surprises(network: LatentController, drives: Sequence[Drive]) -> list[Tensor]:
    """Of each drive (n,): how far each step led from where it was dreamed to lead."""
    latents, done = encode_drives(network.vae, drives), [torch.from_numpy(drive.actions) for drive in drives]
    rows = zip(replay(network.model, latents, done), done, latents, strict=True)
    with torch.no_grad(), dreaming(network.model, dropout=False):
        return [
            network.measure_surprise(State(states.latent[:-1], states.memory[:-1]), actions, seen[1:])
            for states, actions, seen in rows
        ]
