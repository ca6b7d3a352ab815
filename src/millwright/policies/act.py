"""act: Action Chunking with Transformers (Zhao et al. 2023): a conditional VAE over chunks of actions."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, cast

import torch
from torch import Tensor, nn

from millwright.core.errors import OptionError
from millwright.nets.queries import Queries
from millwright.nets.transformer import EncoderBlock
from millwright.policies.seeing import Seeing, SeeingConfig


@dataclass(frozen=True)
class ActConfig(SeeingConfig):
    """Sizes of the network; the paper's are 512 wide with 4 + 4 + 7 blocks and a latent of 32."""

    width: int = 128
    heads: int = 4
    latent: int = 16
    posterior_blocks: int = 1
    encoder_blocks: int = 2
    decoder_blocks: int = 1
    dropout: float = 0.1
    kl_weight: float = 10.0
    """What a nat of the latent costs, in units of the L1."""


class Act(Seeing):
    """A transformer that reads what is seen and a latent `style` z, and answers each query with an action.

    In training z comes from the true chunk (the posterior); when acting it is 0, its prior's mean. Unlike in the
    paper, norms come first, as that trains without a long warm-up.
    """

    Config = ActConfig
    config: ActConfig

    def __init__(self, config: ActConfig) -> None:
        super().__init__(config)
        if config.posterior_blocks < 1:
            raise OptionError(f"the chunk is read by at least 1 block, got posterior_blocks={config.posterior_blocks}")
        width = config.width

        def make_positions(count: int) -> nn.Parameter:
            return nn.Parameter(torch.randn(count, width) * 0.02)

        def make_blocks(count: int) -> nn.ModuleList:
            return nn.ModuleList(EncoderBlock(width, config.heads, dropout=config.dropout) for _ in range(count))

        self.chunk_in = nn.Linear(config.dof, width)
        self.body_in = nn.Linear(self.body.num_features, width)
        self.places_in = nn.Linear(self.eye.num_channels, width)
        self.latent_in = nn.Linear(config.latent, width)
        self.posterior_positions = make_positions(2 + config.length)
        self.posterior = make_blocks(config.posterior_blocks)
        self.latent_out = nn.Linear(width, 2 * config.latent)
        self.positions = make_positions(2 + self.eye.num_tokens)
        self.encoder = make_blocks(config.encoder_blocks)
        self.memory_norm = nn.LayerNorm(width, eps=1e-6)
        self.decoder = Queries(config.length, width, config.heads, config.decoder_blocks, dropout=config.dropout)
        self.chunk_out = nn.Linear(width, config.dof)

    def sample(self, batch: Mapping[str, Any]) -> Tensor:
        body = self.body(batch["proprio"])
        return self._decode(batch, body, body.new_zeros(body.shape[0], self.config.latent))

    def loss(self, batch: Mapping[str, Any]) -> dict[str, Tensor]:
        """`l1` of the chunk, `kl` of the latent in nats, and their weighted sum (Zhao et al. 2023, algorithm 1)."""
        body = self.body(batch["proprio"])
        mean, log_variance = self._encode(batch["target"], body)
        latent = mean + torch.randn_like(mean) * (log_variance / 2).exp()
        l1 = nn.functional.l1_loss(self._decode(batch, body, latent).float(), batch["target"])
        kl = 0.5 * (mean**2 + log_variance.exp() - 1 - log_variance).sum(1).mean()
        return {"loss": l1 + self.config.kl_weight * kl, "l1": l1, "kl": kl}

    def _encode(self, chunk: Tensor, body: Tensor) -> tuple[Tensor, Tensor]:
        """Mean and log variance of z, each (batch, latent): read off the first token, which nothing else fills."""
        first = body.new_zeros(len(body), 1, self.config.width)
        tokens = torch.cat((first, self.body_in(body).unsqueeze(1), self.chunk_in(chunk)), 1) + self.posterior_positions
        for block in self.posterior[:-1]:
            tokens = block(tokens)
        last = cast(EncoderBlock, self.posterior[-1]).read_first(tokens)
        mean, log_variance = self.latent_out(last[:, 0]).float().chunk(2, 1)
        return mean, log_variance

    def _decode(self, batch: Mapping[str, Any], body: Tensor, latent: Tensor) -> Tensor:
        known = torch.stack((self.latent_in(latent), self.body_in(body)), 1)
        memory = torch.cat((known, self.places_in(self.eye(batch))), 1) + self.positions
        for block in self.encoder:
            memory = block(memory)
        chunk: Tensor = self.chunk_out(self.decoder(self.memory_norm(memory)))
        return chunk
