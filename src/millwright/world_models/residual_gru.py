"""ResidualGru: a light world that predicts how much changes, trained on what follows from its own predictions."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn

from millwright.nets.dropout import Dropout
from millwright.world_models.events import Events, compute_losses, decode
from millwright.world_models.world_model import DynamicsConfig, Outcome, RecurrentWorld, State, average


@dataclass(frozen=True)
class ResidualGruConfig(DynamicsConfig):
    """Sizes, those of `DynamicsConfig` among them.

    Args:
        hidden: width of the layer between memory and predictions.
        dropout: share of it that is dropped, in dreams too.
        scalars_weight: of the scalars' squared errors, where that of the code's is 1.
    """

    hidden: int = 256
    dropout: float = 0.1
    scalars_weight: float = 1.0


class ResidualGru(RecurrentWorld):
    """A GRU; a layer with dropout beneath it adds to the latent and tells of events. It draws nothing else.

    In training a sequence's first steps start from what was seen, all others from what was predicted (open loop).
    """

    Config = ResidualGruConfig
    config: ResidualGruConfig

    def __init__(self, config: ResidualGruConfig) -> None:
        super().__init__()
        self.config = config
        self.cell = nn.GRUCell(config.latent + config.actions, config.memory)
        self.trunk = nn.Linear(config.memory + config.latent, config.hidden)
        self.dropout = Dropout(config.dropout)
        self.change = nn.Linear(config.hidden, config.latent)
        self.events = Events(config.hidden)
        nn.init.zeros_(self.change.weight)
        nn.init.zeros_(self.change.bias)

    @property
    def width(self) -> int:
        return self.config.memory

    def remember(self, state: State, action: Tensor) -> Tensor:
        made: Tensor = self.cell(torch.cat((state.latent, action), 1), state.memory)
        return made

    def predict(self, state: State, memory: Tensor, temperature: float = 1.0) -> tuple[Tensor, Outcome]:
        """As `RecurrentWorld.predict`; the temperature changes nothing, what varies is the dropout."""
        latent, events = self._predict(state.latent, memory)
        return latent, decode(events)

    def loss(self, batch: Mapping[str, Any]) -> dict[str, Tensor]:
        """As `WorldModel.loss`; `latent` is the mean squared error of the code and of the scalars."""
        latents, actions, weight = batch["latents"], batch["actions"], batch["weight"]
        state, made, told = self.initial(latents[:, 0]), [], []
        for step in range(actions.shape[1]):
            if step <= self.config.context:
                state = State(latents[:, step], state.memory)
            memory = self.remember(state, actions[:, step])
            latent, events = self._predict(state.latent, memory)
            state = State(latent, memory)
            made.append(latent)
            told.append(events)
        code = self.config.code
        errors = (torch.stack(made, 1).float() - latents[:, 1:]).square()
        seen, scalars = average(errors[..., :code], weight), errors.new_zeros(())
        if self.config.scalars:
            scalars = self.config.scalars_weight * average(errors[..., code:], weight)
        losses = {"code": seen, "scalars": scalars, **compute_losses(torch.stack(told, 1), batch, slice(None))}
        return {"loss": torch.stack(tuple(losses.values())).sum(), **losses}

    def _predict(self, latent: Tensor, memory: Tensor) -> tuple[Tensor, Tensor]:
        hidden = self.dropout(self.trunk(torch.cat((memory, latent), 1)).relu())
        return latent + self.change(hidden), self.events(hidden)
