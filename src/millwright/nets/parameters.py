"""How large a network is, part by part."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from torch import nn


class Count(NamedTuple):
    """Numbers that are learned and numbers that stay as they are."""

    trainable: int
    frozen: int


def count_parameters(network: nn.Module) -> dict[str, Count]:
    """Parameters of each of a module's parts; under `itself` those that are in none."""
    counts: dict[str, Count] = {}
    for name, parameter in network.named_parameters():
        part, dot, _ = name.partition(".")
        before = counts.get(part if dot else "itself", Count(0, 0))
        learned = parameter.numel() if parameter.requires_grad else 0
        counts[part if dot else "itself"] = Count(
            before.trainable + learned, before.frozen + parameter.numel() - learned
        )
    return counts


def tell_parameters(counts: Mapping[str, Count]) -> str:
    """Markdown: a row for each part, largest first, and their sum."""
    total = Count(sum(c.trainable for c in counts.values()), sum(c.frozen for c in counts.values()))
    rows = [*sorted(counts.items(), key=lambda row: -sum(row[1])), ("together", total)]
    lines = [f"| {name} | {count.trainable:,} | {count.frozen:,} |" for name, count in rows]
    return "\n".join(("| part | trainable | frozen |", "| --- | ---: | ---: |", *lines)) + "\n"
