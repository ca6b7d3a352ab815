"""The networks that a bundle may hold, by name."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, fields
from typing import Any

import torch

from millwright.core.errors import FeatureError, choose
from millwright.policies.act import Act
from millwright.policies.diffusion import Diffusion
from millwright.policies.flow import Flow
from millwright.policies.latent_controller import LatentController
from millwright.policies.network import Network
from millwright.policies.prompt_chunk import PromptChunk
from millwright.policies.routed_chunk import RoutedChunk
from millwright.policies.two_eyes import TwoEyes
from millwright.policies.vla import Vla
from millwright.processors.pipeline import freeze

NETWORKS: dict[str, type[Network]] = {
    "prompt-chunk": PromptChunk,
    "routed-chunk": RoutedChunk,
    "two-eyes": TwoEyes,
    "act": Act,
    "diffusion": Diffusion,
    "flow": Flow,
    "vla": Vla,
    "latent-controller": LatentController,
}
"""Names in config.json -> classes; a new network needs a row here to be trained into a bundle."""


def describe_network(network: Network) -> dict[str, Any]:
    """The JSON that `make_network` makes an equal (untrained) network from.

    Raises:
        FeatureError: its class has no row in `NETWORKS`.
    """
    names = {kind: name for name, kind in NETWORKS.items()}
    if type(network) not in names:
        raise FeatureError(f"{type(network).__name__} is in no table; networks: {', '.join(NETWORKS)}")
    return {"network": names[type(network)], "config": asdict(network.config)}


def make_network(name: str, fields_of_config: Mapping[str, Any], seed: int = 0) -> Network:
    """An untrained network.

    Args:
        name: one of `NETWORKS`.
        fields_of_config: of its `Config`, also as JSON gives them back; those left out keep their defaults.
        seed: of its first weights.

    Raises:
        UnknownNameError: no network of this name.
        FeatureError: its config has no such fields.
    """
    kind = choose("network", name, NETWORKS)
    known = [field.name for field in fields(kind.Config)]
    if unknown := set(fields_of_config) - set(known):
        raise FeatureError(f"{name} has no field {', '.join(sorted(unknown))}; fields: {', '.join(known)}")
    with torch.random.fork_rng([]):
        torch.manual_seed(seed)
        return kind(kind.Config(**{field: freeze(value) for field, value in fields_of_config.items()}))
