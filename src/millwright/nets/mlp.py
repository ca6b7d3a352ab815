"""A multi-layer perceptron."""

from __future__ import annotations

from collections.abc import Sequence

from torch import Tensor, nn


class MLP(nn.Module):
    """Linear layers with ReLU between them; after the last too when `activate_last`."""

    def __init__(self, inputs: int, widths: Sequence[int], *, activate_last: bool = False) -> None:
        super().__init__()
        self.layers = nn.ModuleList(
            nn.Linear(before, after) for before, after in zip((inputs, *widths), widths, strict=False)
        )
        self.num_features = widths[-1]
        self._num_active = len(widths) if activate_last else len(widths) - 1

    def forward(self, values: Tensor) -> Tensor:
        """(batch, inputs) -> (batch, num_features)."""
        for index, layer in enumerate(self.layers):
            values = layer(values)
            if index < self._num_active:
                values = values.relu_()
        return values
