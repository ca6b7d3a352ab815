"""One round of learning in dreams: the code and the world model learn from all drives, then the controller dreams."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

from millwright.core.errors import OptionError
from millwright.policies.latent_controller import LatentController
from millwright.training.data import ArrayData
from millwright.training.drives import Drive, SequenceData, encode_drives, find_off_road
from millwright.training.evolution import DreamedReturns, EvolutionConfig, evolve, read_parameters, write_parameters
from millwright.training.gradient import FitConfig, fit
from millwright.training.imagination import Critic, ImaginationConfig, learn_in_dreams, load_critic
from millwright.world_models.dream import DrivingReward
from millwright.world_models.replay import replay
from millwright.world_models.vae import Vae
from millwright.world_models.world_model import State

WARM_UP = 20
"""Batches, of each training."""
SPEED_BIN, SPEED_BINS = 0.16, 10
"""8 m/s; who is faster than 80 m/s is not faster still."""
LOST, LOST_SHARE = 0.9, 0.3
"""From which share of grass on a start counts less, and how much less."""
VAE, WORLD, CONTROLLER = "vae", "world", "controller"
"""Folders of a round's three trainings."""
LENGTHS = ("vae_samples", "world_samples", "sequence", "batch_size", "world_batch", "first", "horizon")


@dataclass(frozen=True)
class DreamingConfig:
    """How a round learns. In the first round code and world model learn for `first` times as long, at twice the rate.

    Args:
        vae_samples, world_samples: pictures and sequences drawn in a round.
        mirrored: everything is learned from its mirror image too.
        clone_samples: frames drawn to clone somebody.
        sequence: steps of a sequence.
        batch_size, world_batch: pictures and sequences of a batch.
        first: by how much longer the first round learns.
        imagination: how an actor learns, where the controller has hidden layers; the temperature is of all dreams.
        evolution: how a linear controller does.
        rollouts, horizon: of evolution: dreams of a candidate, and steps of each.
        reward: what a dreamed step is worth.

    Raises:
        OptionError: nothing to learn from.
    """

    vae_samples: int = 40_000
    world_samples: int = 64_000
    clone_samples: int = 100_000
    sequence: int = 16
    batch_size: int = 128
    world_batch: int = 128
    first: int = 3
    mirrored: bool = True
    vae_lr: float = 1e-3
    world_lr: float = 1e-3
    imagination: ImaginationConfig = field(default_factory=ImaginationConfig)
    evolution: EvolutionConfig = field(default_factory=EvolutionConfig)
    rollouts: int = 16
    horizon: int = 60
    reward: DrivingReward = field(default_factory=DrivingReward)

    def __post_init__(self) -> None:
        if short := [f"{name}={vars(self)[name]}" for name in LENGTHS if vars(self)[name] < 1]:
            raise OptionError(f"every length of a round must be at least 1, got {', '.join(short)}")


class Starts(NamedTuple):
    """Where dreams may begin."""

    states: State
    weights: Tensor
    """How often at each of them (n,)."""


def learn_round(
    network: LatentController, drives: Sequence[Drive], config: DreamingConfig, out: Path, *, number: int, seed: int,
    before: Path | None = None,
) -> dict[str, float]:  # fmt: skip
    """Train the network's parts in place, with every drive and its mirror image; goes on where `out` stopped.

    Args:
        number: of the round, from 0.
        before: folder of the round before, whose critic goes on.

    Returns:
        Last losses of the world model, and what the controller's dreams came to.
    """
    both = [*drives, *(drive.mirror() for drive in drives)] if config.mirrored else list(drives)
    longer, faster = (config.first, 2) if number == 0 else (1, 1)
    settings = FitConfig(ema_decay=0.99, seed=seed + number, precision="fp32")  # a pose has no digits to spare
    told = {}
    if isinstance(network.vae, Vae):
        pictures = ArrayData({network.vae.config.learned: np.concatenate([drive.pictures for drive in both])})
        seen = replace(
            settings, samples=longer * config.vae_samples, batch_size=config.batch_size, lr=config.vae_lr,
            warmup_samples=WARM_UP * config.batch_size,
        )  # fmt: skip
        told["vae_loss"] = fit(network.vae, pictures, seen, out / VAE, progress=False).loss
    latents = encode_drives(network.vae, both)
    followed = replace(
        settings, samples=longer * config.world_samples, batch_size=config.world_batch, lr=faster * config.world_lr,
        warmup_samples=WARM_UP * config.world_batch,
    )  # fmt: skip
    sequences = SequenceData(both, latents, config.sequence)
    told["world_loss"] = fit(network.model, sequences, followed, out / WORLD, progress=False).loss
    states = replay(network.model, latents, [torch.from_numpy(drive.actions) for drive in both])
    begun = State(*(torch.cat([part[:-1] for part in parts]) for parts in zip(*states, strict=True)))
    beside = torch.from_numpy(np.concatenate([find_off_road(drive.pictures)[:-1] for drive in both]))
    starts = Starts(begun, weigh_starts(begun.latent[:, network.model.config.code], beside))
    learn = _evolve if network.controller.linear else _imagine
    return told | learn(network, starts, config, out / CONTROLLER, seed + number, before)


def clone(network: LatentController, drives: Sequence[Drive], config: DreamingConfig, out: Path, seed: int) -> float:
    """Train a controller without memory, its encoder too, to do what was done in every frame; the last loss."""
    both = [*drives, *(drive.mirror() for drive in drives)]
    arrays = {
        "image": np.concatenate([drive.pictures[:-1].astype(np.float32) / 255 for drive in both]),
        "scalars": np.concatenate([drive.scalars[:-1] for drive in both]),
        "target": np.concatenate([drive.actions for drive in both])[:, None],
    }
    settings = FitConfig(samples=config.clone_samples, batch_size=config.batch_size, seed=seed)
    return fit(network, ArrayData(arrays), settings, out, progress=False).loss


def weigh_starts(speeds: Tensor, off_road: Tensor) -> Tensor:
    """How often dreams begin at each of the speeds (n,): half of them at any, half of them as often slow as fast.

    Who drives well never stands still; who never dreams of standing still does not learn to drive off. Where there is
    nothing but grass (`off_road`, 0..1) they begin less often: most of the first drives end there.
    """
    bins = (speeds / SPEED_BIN).clamp(0, SPEED_BINS - 1).long()
    counts = torch.bincount(bins, minlength=SPEED_BINS).float()
    even = 0.5 / len(speeds) + 0.5 / (counts[bins] * (counts > 0).sum())
    return torch.where(off_road > LOST, LOST_SHARE, 1.0) * even


def _imagine(
    network: LatentController, starts: Starts, config: DreamingConfig, out: Path, seed: int, before: Path | None
) -> dict[str, float]:
    with torch.random.fork_rng([]):
        torch.manual_seed(seed)
        critic = Critic(network.model.config.latent + network.model.config.memory)
    if before is not None:
        load_critic(critic, before / CONTROLLER)
    settings = replace(config.imagination, seed=seed)
    told = learn_in_dreams(
        network.model, network.controller, critic, starts.states, config.reward, settings, out, weights=starts.weights
    )  # fmt: skip
    return {f"dreamed_{name}": value for name, value in told.items()}


def _evolve(
    network: LatentController, starts: Starts, config: DreamingConfig, out: Path, seed: int, before: Path | None
) -> dict[str, float]:
    fitness = DreamedReturns(
        network.model, network.controller, starts.states, config.reward, rollouts=config.rollouts, steps=config.horizon,
        temperature=config.imagination.temperature, seed=seed,
    )  # fmt: skip
    found = evolve(read_parameters(network.controller), fitness, replace(config.evolution, seed=seed), out)
    write_parameters(network.controller, found.mean)
    return {f"dreamed_{name}": value for name, value in found.history[-1].items()}
