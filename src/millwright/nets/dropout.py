"""Dropout whose masks are cut from few random words: on a CPU, drawing them is most of what dropout costs."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from millwright.core.errors import OptionError

_LEVELS = 1 << 16


class Dropout(nn.Module):
    """Sets a share of the numbers to zero and scales the others up (Srivastava et al. 2014); in training only.

    Args:
        share: 0 <= share < 1, rounded to a multiple of 2 ** -16.

    Raises:
        OptionError: another share.
    """

    def __init__(self, share: float) -> None:
        super().__init__()
        if not 0 <= share < 1:
            raise OptionError(f"dropout takes a share of at least 0 and below 1, got {share}")
        self._dropped = min(round(share * _LEVELS), _LEVELS - 1)

    def forward(self, numbers: Tensor) -> Tensor:
        """Any shape -> the same shape."""
        if not self.training or not self._dropped:
            return numbers
        count, of_int64 = numbers.numel(), torch.iinfo(torch.int64)
        words = torch.empty((count + 3) // 4, dtype=torch.int64, device=numbers.device).random_(of_int64.min, None)
        draws = words.view(torch.int16)[:count].view(numbers.shape)
        kept = (draws >= self._dropped - _LEVELS // 2).to(numbers.dtype)
        return numbers * kept.mul_(_LEVELS / (_LEVELS - self._dropped))
