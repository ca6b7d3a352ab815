"""routed-chunk: prompt-chunk's head behind any eye and any routing of the prompt."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from torch import Tensor, nn

from millwright.nets.mlp import MLP
from millwright.policies.seeing import Seeing, SeeingConfig


@dataclass(frozen=True)
class RoutedChunkConfig(SeeingConfig):
    """Sizes of the network."""

    head_widths: tuple[int, ...] = (256, 256)


class RoutedChunk(Seeing):
    """A chunk of actions at once from what is seen; plain L1 on the target."""

    Config = RoutedChunkConfig

    def __init__(self, config: RoutedChunkConfig) -> None:
        super().__init__(config)
        self.head = MLP(self.num_seen, (*config.head_widths, config.length * config.dof))

    def sample(self, batch: Mapping[str, Any]) -> Tensor:
        chunk: Tensor = self.head(self.see(batch))
        return chunk.view(-1, self.config.length, self.config.dof)

    def loss(self, batch: Mapping[str, Any]) -> dict[str, Tensor]:
        return {"loss": nn.functional.l1_loss(self.sample(batch).float(), batch["target"])}
