"""Confidence: how usual what a driver sees is, beside the drives of the run that it comes from."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

import safetensors.torch
import torch
from safetensors import SafetensorError, safe_open
from torch import Tensor

from millwright.core.errors import BundleError, OptionError
from millwright.policies.latent_controller import LatentController
from millwright.policies.network import PAST, Network
from millwright.policies.world_memory import BEGUN, CONTROLS, LATENT, MEMORY
from millwright.world_models.world_model import State

FILE = "confidence.safetensors"
"""In a bundle's folder, beside its card: outside the manifest, so that a bundle that has none keeps its id."""
OWNER = "bundle"
"""In the file, the id of the bundle whose drives these were."""


@dataclass(frozen=True, eq=False)
class Calibration:
    """What drives were like, tick by tick; called, it tells how usual another tick is.

    Args:
        surprises: (ticks,), rising: how far what came was from what had been dreamed of it a step before.
        picture: (code,): the mean code.
        distances: (ticks,), rising: of each code from the mean one.

    Raises:
        OptionError: numbers that are none of these.
    """

    surprises: Tensor
    picture: Tensor
    distances: Tensor

    def __post_init__(self) -> None:
        for name, values in self.to_tensors().items():
            if values.ndim != 1 or not len(values) or not bool(values.isfinite().all()):
                raise OptionError(f"{name} are one row of finite numbers, got {tuple(values.shape)}")
            if name != "picture" and bool((values.diff() < 0).any()):
                raise OptionError(f"{name} must not fall")

    def to_tensors(self) -> dict[str, Tensor]:
        return {each.name: getattr(self, each.name) for each in fields(self)}

    def __call__(self, network: Network, batch: Mapping[str, Any]) -> Tensor:
        """(batch,), 0..1: chance of so unusual a tick in drives like these.

        The share of their ticks that were at least as surprising, or at least as far from the mean picture, whichever
        is smaller, times two for having looked twice (Bonferroni). Each share counts the tick itself, so that below c
        there are at most c of the ticks that are like these (conformal p-values: Vovk et al. 2005). In a first tick
        nothing was dreamed, and the picture alone counts.

        Args:
            network: a latent controller.
            batch: what it was given and made of it, `carry` included.
        """
        assert isinstance(network, LatentController)
        seen, begun = batch[LATENT], batch[PAST + BEGUN][:, 0, 0]
        latent, memory, done = (batch[PAST + name][:, 0] for name in (LATENT, MEMORY, CONTROLS))
        surprise = torch.where(begun > 0, network.measure_surprise(State(latent, memory), done, seen), 0.0)
        distance = measure_distance(seen[:, : len(self.picture)], self.picture.to(seen.device))
        shares = _rank(self.surprises, surprise), _rank(self.distances, distance)
        return (2 * torch.minimum(*shares)).clamp(max=1)


def measure_distance(codes: Tensor, picture: Tensor) -> Tensor:
    """(batch,): mean squared difference of codes (batch, code) from one (code,)."""
    return (codes - picture).square().mean(1)


def write_calibration(calibration: Calibration, owner: str) -> bytes:
    """The content of `FILE` in the folder of the bundle of that id."""
    rows = {name: values.cpu().clone() for name, values in calibration.to_tensors().items()}  # no two share memory
    content: bytes = safetensors.torch.save(rows, {OWNER: owner})
    return content


def load_calibration(folder: Path, owner: str, network: Network) -> Calibration | None:
    """That in a bundle's folder; None where it has none.

    Args:
        owner: the bundle's id.

    Raises:
        BundleError: the file is no such thing, belongs to another bundle, or does not fit the network.
    """
    file = folder / FILE
    if not file.is_file():
        return None
    remedy = "without the file the bundle drives as it did and tells no confidence"
    try:
        with safe_open(file, "pt") as content:
            told = (content.metadata() or {}).get(OWNER, "nobody")
            calibration = Calibration(**{name: content.get_tensor(name) for name in content.keys()})  # noqa: SIM118
    except (SafetensorError, OptionError, TypeError, OSError) as error:
        raise BundleError(f"{file} holds no drives to compare with ({error}); {remedy}") from error
    if told != owner:
        raise BundleError(f"{file} is of bundle {told[:12]}, not of this one, {owner[:12]}; {remedy}")
    if not isinstance(network, LatentController) or len(calibration.picture) != network.vae.config.code:
        raise BundleError(f"{file} is of another kind of driver than this bundle's {type(network).__name__}; {remedy}")
    return calibration


def _rank(known: Tensor, found: Tensor) -> Tensor:
    """Share (batch,) of those known that are at least as large, the one found among them."""
    larger = len(known) - torch.searchsorted(known, found.to(known.device))
    return (1 + larger) / (1 + len(known))
