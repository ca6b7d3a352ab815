"""What makes calls quick: norms and activations inside convolutions, weights laid out beforehand."""

from __future__ import annotations

from copy import deepcopy
from typing import TypeVar

import torch
from torch import Tensor, nn
from torch.nn.functional import conv2d
from torch.nn.utils.fusion import fuse_conv_bn_eval

Module = TypeVar("Module", bound=nn.Module)
_OPERATIONS = ("_reorder_convolution_weight", "_convolution_pointwise")
HAS_ONEDNN = all(hasattr(torch.ops.mkldnn, name) for name in _OPERATIONS)


def make_quick(module: Module) -> Module:
    """A copy for calls only: what is the same in every call is worked out once. Its answers differ by roundings.

    Every part that has a method `streamlined()` is replaced by what that returns, inner ones first.
    """
    with torch.no_grad():
        return _streamline(deepcopy(module).eval().requires_grad_(False))


def _streamline(module: Module) -> Module:
    for name, part in module.named_children():
        setattr(module, name, _streamline(part))
    streamlined = getattr(module, "streamlined", None)
    return streamlined() if streamlined is not None else module


def lay_out_for_rows(module: Module) -> Module:
    """Turn the weights of a module's linear layers round in memory: a few rows are multiplied by them sooner then."""
    for part in module.modules():
        if isinstance(part, nn.Linear):
            part.weight = nn.Parameter(part.weight.t().contiguous().t(), requires_grad=False)
    return module


class QuickConv(nn.Module):
    """A convolution, its batch norm, what is added to them and a ReLU, as one.

    On CPUs oneDNN does it in one go, with weights in an order of its own. torch has no public function for that: its
    compiler calls the same operations. Where they are not there, plain ones do.

    Args:
        conv: without a bias of its own.
        norm: in evaluation mode.
        activate: end with the ReLU.
    """

    def __init__(self, conv: nn.Conv2d, norm: nn.BatchNorm2d, *, activate: bool = True) -> None:
        super().__init__()
        fused = fuse_conv_bn_eval(conv, norm)
        assert isinstance(fused.padding, tuple)
        self.weight, self.bias = fused.weight.detach(), fused.bias
        self.stride, self.padding, self.activate = fused.stride, fused.padding, activate
        self.packed = HAS_ONEDNN and self.weight.device.type == "cpu"
        if self.packed:
            self.weight = torch.ops.mkldnn._reorder_convolution_weight(
                self.weight, self.padding, self.stride, (1, 1), 1, None
            )

    def forward(self, image: Tensor, added: Tensor | None = None) -> Tensor:
        """(batch, inputs, height, width), (batch, outputs, ..) or None -> (batch, outputs, ..)."""
        if not self.packed:
            found = conv2d(image, self.weight, self.bias, self.stride, self.padding)
            found = found if added is None else found + added
            return found.relu_() if self.activate else found
        last = "relu" if self.activate else "none"
        where = (self.weight, self.bias, self.padding, self.stride, (1, 1), 1)
        told = (image, *where) if added is None else (image, added, *where, "add", 1.0)
        made: Tensor = torch.ops.mkldnn._convolution_pointwise(*told, last, [], "")
        return made
