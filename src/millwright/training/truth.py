"""Truth: a controller's dreams beside drives that its world model never learned from."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any

import numpy as np
import torch

from millwright.core.errors import TrainingError
from millwright.evaluation.dreams import HORIZONS, calibrate, compare_events, compare_open_loop, find_exploit_gap
from millwright.policies.latent_controller import LatentController
from millwright.training.drives import Drive, SequenceData, encode_drives
from millwright.world_models.dream import Dreamed, dream, dreaming
from millwright.world_models.replay import replay
from millwright.world_models.world_model import State

EVERY = 4
"""Steps from one start of a dream to the next."""
GAP_STEPS = 15
"""Of the dreams whose tiles are compared with those of the drives."""


def check_dreams(network: LatentController, drives: Sequence[Drive]) -> Mapping[str, Any]:
    """What `evaluation.dreams` says of them, as JSON takes it: dreams do what was done, but for those of the gap.

    Args:
        drives: of this controller, and new to its world model.

    Raises:
        TrainingError: not two drives that last as long as the gap's dreams.
    """
    long = [drive for drive in drives if len(drive) >= GAP_STEPS]
    if len(long) < 2:
        raise TrainingError(f"dreams are compared with 2 drives of {GAP_STEPS} steps at least, got {len(long)}")
    latents = encode_drives(network.vae, long)
    replayed = replay(network.model, latents, [torch.from_numpy(drive.actions) for drive in long])
    rows = np.concatenate([np.arange(len(drive)) % EVERY == 0 for drive in long])
    states = State(*(torch.cat([part[:-1] for part in parts])[rows] for parts in zip(*replayed, strict=True)))
    batch = SequenceData(long, latents, max(HORIZONS)).batch(np.flatnonzero(rows))
    told = _dream_along(network, states, batch["actions"])
    left = batch["weight"].sum(1).long().numpy()
    dreamed = torch.stack([each.after.latent for each in told], 1).numpy()
    horizons = [horizon for horizon in HORIZONS if (left >= horizon).any()]
    code = network.model.config.code
    off_road = batch["off_road"][:, 0].numpy() > 0.5
    whose = np.repeat(np.arange(len(long)), [len(range(0, len(drive), EVERY)) for drive in long])
    rates = _dream_freely(network, states)
    gap = find_exploit_gap(
        [float(rates[whose == number].mean()) for number in range(len(long))], [float(d.tiles.mean()) for d in long]
    )
    return {
        "open_loop": asdict(
            compare_open_loop(dreamed[..., :code], batch["latents"][..., :code].numpy(), left, horizons)
        ),
        "events": asdict(compare_events(told[0].outcome.tiles.numpy(), batch["tiles"][:, 0].numpy())),
        "off_road": asdict(calibrate(told[0].outcome.off_road.numpy(), off_road.astype(np.float32))),
        "exploit": {**asdict(gap), "gap": gap.gap},
    }


def _dream_along(network: LatentController, states: State, actions: torch.Tensor) -> list[Dreamed]:
    """Doing what was done, likeliest first and without dropout."""
    done = iter(actions.unbind(1))
    with torch.no_grad(), dreaming(network.model, dropout=False) as model:
        return list(dream(model, states, lambda _: next(done), actions.shape[1], temperature=0.0))


def _dream_freely(network: LatentController, states: State) -> np.ndarray[Any, np.dtype[np.float32]]:
    """Tiles a step (starts,) that the controller's own dreams reach."""
    with torch.no_grad(), dreaming(network.model) as model:
        steps = list(dream(model, states, network.controller, GAP_STEPS))
    rates: np.ndarray[Any, np.dtype[np.float32]] = torch.stack([each.outcome.tiles for each in steps]).mean(0).numpy()
    return rates
