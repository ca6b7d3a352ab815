"""Ranking: what dreams promise of drivers of mixed quality, in the same world model and from the same real moments."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch

from millwright.policies.altered import Alteration, alter, draw_strays
from millwright.policies.controllers import Controller
from millwright.training.truth import Replayed, dream_rates

COPIES = 8
"""Dreams of a whole lap from each drive's first moment: dropout makes them differ."""


@dataclass(frozen=True)
class Promise:
    """Tiles a step that a driver's dreams reach."""

    short: float
    """From moments all along the learned driver's drives, for as long as those in which it learned."""
    long: float
    """From the first moments of the drives, for a whole lap's time."""


def dream_promise(
    again: Replayed, alteration: Alteration, earlier: Sequence[Controller], control_hz: float, steps: int
) -> Promise:
    """What dreams promise of an altered driver; the same starts and the same draws for each, so that they compare.

    Args:
        again: drives of the learned driver, where dreams begin.
        earlier: as for `alter`.
        steps: of a whole lap's time.
    """
    driver = alter(again.network, alteration, earlier)
    first = torch.stack([latents[0] for latents in again.latents]).repeat(COPIES, 1)
    rates = []
    for starts, length in ((again.starts, again.steps), (again.network.model.initial(first), steps)):
        drawn = draw_strays(alteration, len(starts.latent), length, control_hz)
        strays = None if drawn is None else torch.from_numpy(drawn).float()
        with torch.random.fork_rng([]):
            torch.manual_seed(0)
            rates.append(float(dream_rates(driver, starts, length, strays).mean()))
    return Promise(*rates)
