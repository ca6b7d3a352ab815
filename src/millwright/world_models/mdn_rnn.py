"""MdnRnn: an LSTM whose next latent is a mixture of Gaussians (Ha and Schmidhuber, *World Models*, 2018)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn

from millwright.nets.dropout import Dropout
from millwright.nets.mixture import Mixture, compute_nll, sample_mixture, split_mixture
from millwright.world_models.events import Events, compute_losses, decode
from millwright.world_models.world_model import DynamicsConfig, Outcome, RecurrentWorld, State, average


@dataclass(frozen=True)
class MdnRnnConfig(DynamicsConfig):
    """Sizes, those of `DynamicsConfig` among them.

    Args:
        components: Gaussians for each dimension of the latent.
        dropout: share of the memory that the heads do not see, in dreams too.
    """

    components: int = 5
    dropout: float = 0.1


class MdnRnn(RecurrentWorld):
    """A state's memory is the LSTM's output and its cell side by side; each step starts from what was seen."""

    Config = MdnRnnConfig
    config: MdnRnnConfig

    def __init__(self, config: MdnRnnConfig) -> None:
        super().__init__()
        self.config = config
        self.cell = nn.LSTMCell(config.latent + config.actions, config.memory)
        self.dropout = Dropout(config.dropout)
        self.mixture = nn.Linear(config.memory, config.latent * 3 * config.components)
        self.events = Events(config.memory)

    @property
    def width(self) -> int:
        return 2 * self.config.memory

    def remember(self, state: State, action: Tensor) -> Tensor:
        before = state.memory.chunk(2, 1)
        return torch.cat(self.cell(torch.cat((state.latent, action), 1), before), 1)

    def predict(self, state: State, memory: Tensor, temperature: float = 1.0) -> tuple[Tensor, Outcome]:
        mixture, events = self._tell(memory)
        return sample_mixture(mixture, temperature), decode(events)

    def loss(self, batch: Mapping[str, Any]) -> dict[str, Tensor]:
        """As `WorldModel.loss`; `nll` is of one dimension, nats."""
        latents, actions = batch["latents"], batch["actions"]
        state, memories = self.initial(latents[:, 0]), []
        for step in range(actions.shape[1]):
            state = self.observe(state, actions[:, step], latents[:, step + 1])
            memories.append(state.memory)
        mixture, events = self._tell(torch.stack(memories, 1))
        losses = {
            "nll": average(compute_nll(mixture, latents[:, 1:]), batch["weight"]),
            **compute_losses(events, batch, slice(None)),
        }
        return {"loss": torch.stack(tuple(losses.values())).sum(), **losses}

    def _tell(self, memory: Tensor) -> tuple[Mixture, Tensor]:
        seen = self.dropout(memory[..., : self.config.memory])
        return split_mixture(self.mixture(seen).float(), self.config.components), self.events(seen)
