"""What a network's planner remembers of a robot between its calls, handed back and forth, never kept inside."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import torch
from torch import Tensor

from millwright.core.planner import Memory
from millwright.policies.network import FIRST, PAST, Network
from millwright.processors.text import KNOWN, EncodeText

Batch = dict[str, Any]
"""Name -> tensor with a batch axis first, or a list of texts."""


def recall_texts(encoders: Sequence[EncodeText], memories: Sequence[Memory]) -> Batch:
    """What texts were encoded as in earlier calls, for `EncodeText` to find in its batch."""
    return {
        KNOWN + encoder.to: dict(memory[KNOWN + encoder.to] for memory in memories if memory) for encoder in encoders
    }


def recall(network: Network, batch: Batch, memories: Sequence[Memory]) -> Batch:
    """The earlier values that a network reads: of the first call, and the features of the last ones."""
    rows = list(enumerate(memories))
    first = {
        FIRST + name: torch.stack([memory[name] if memory else batch[name][row] for row, memory in rows])
        for name in network.remembered
    }
    past = {
        PAST + name: torch.stack([_look_back(network, batch[name][row], name, memory) for row, memory in rows])
        for name in network.kept
    }
    return {**first, **past}


def remember(
    network: Network, encoders: Sequence[EncodeText], batch: Batch, memories: Sequence[Memory]
) -> list[Memory]:
    """The memory of each robot after this call; of a network that needs none, None."""
    if not (encoders or network.remembered or network.kept):
        return list(memories)
    return [_remember_row(network, encoders, batch, row) for row in range(len(memories))]


def _remember_row(network: Network, encoders: Sequence[EncodeText], batch: Batch, row: int) -> Mapping[str, Any]:
    return {
        **{name: batch[FIRST + name][row].clone() for name in network.remembered},
        **{PAST + name: torch.cat((batch[PAST + name][row, 1:], batch[name][row, None])) for name in network.kept},
        **{KNOWN + encoder.to: (batch[encoder.text][row], batch[encoder.to][row].clone()) for encoder in encoders},
    }


def _look_back(network: Network, now: Tensor, name: str, memory: Memory) -> Tensor:
    """Of one robot, (earlier, ...)."""
    if memory:
        kept: Tensor = memory[PAST + name]
        return kept
    return now.expand(network.kept[name], *now.shape)
