"""Ensemble: several worlds of one kind as one, which knows where they part."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import torch
from torch import Tensor, nn

from millwright.core.errors import OptionError
from millwright.world_models.world_model import Outcome, State, WorldModel


class Ensemble(WorldModel):
    """Dreams the mean of its members; a controller reads the first member's memory.

    Args:
        reader: of the members' config: it steps along and predicts nothing, but its memory is what a controller reads.

    Raises:
        OptionError: no members, or members of different sizes.
    """

    def __init__(self, members: Sequence[WorldModel], reader: WorldModel | None = None) -> None:
        super().__init__()
        if not members or any(member.config != members[0].config for member in members):
            raise OptionError("an ensemble has one member or more, all of the same config")
        self.config = members[0].config
        self.members = nn.ModuleList(members)
        self.reader = reader

    @property
    def width(self) -> int:
        return sum(each.width for each in self._everyone)

    def initial(self, latent: Tensor) -> State:
        """As `WorldModel.initial`."""
        return self._join(latent, [each.initial(latent) for each in self._everyone])

    def observe(self, state: State, action: Tensor, latent: Tensor) -> State:
        """As `WorldModel.observe`."""
        states = zip(self._everyone, self._split(state), strict=True)
        return self._join(latent, [each.observe(old, action, latent) for each, old in states])

    def imagine(self, state: State, action: Tensor, temperature: float = 1.0) -> tuple[State, Outcome]:
        """As `WorldModel.imagine`; the reader goes on from what its own dream remembers."""
        dreams = [
            each.imagine(old, action, temperature) for each, old in zip(self._everyone, self._split(state), strict=True)
        ]
        told = dreams[len(dreams) - len(self.members) :]
        latents = torch.stack([after.latent for after, _ in told])
        mean = Outcome(*(torch.stack(values).mean(0) for values in zip(*(outcome for _, outcome in told), strict=True)))
        parted = latents.std(0, correction=0).mean(1)
        return self._join(latents.mean(0), [after for after, _ in dreams]), mean._replace(disagreement=parted)

    def loss(self, batch: Mapping[str, Any]) -> dict[str, Tensor]:
        """The mean of the members', on the same batch: what makes them differ is how they began."""
        losses = [member.loss(batch) for member in self._members]
        return {name: torch.stack([each[name] for each in losses]).mean(0) for name in losses[0]}

    @property
    def _members(self) -> list[WorldModel]:
        return [member for member in self.members if isinstance(member, WorldModel)]

    @property
    def _everyone(self) -> list[WorldModel]:
        return self._members if self.reader is None else [self.reader, *self._members]

    def _split(self, state: State) -> list[State]:
        parts = state.memory.split([each.width for each in self._everyone], 1)
        return [State(state.latent, part) for part in parts]

    @staticmethod
    def _join(latent: Tensor, states: Sequence[State]) -> State:
        return State(latent, torch.cat([state.memory for state in states], 1))
