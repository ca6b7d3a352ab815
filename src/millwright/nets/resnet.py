"""ResNet-18 (He et al. 2016) without its classifier; parameters are named as in torchvision."""

from __future__ import annotations

from typing import ClassVar

import torch
from torch import Tensor, nn
from torch.nn.functional import batch_norm

from millwright.core.errors import OptionError
from millwright.nets.pretrained import compute_scaling, split_painted
from millwright.nets.quick import QuickConv


class FixedBatchNorm(nn.BatchNorm2d):
    """Normalises with the statistics it was given: small batches and averaged weights cannot spoil them."""

    def forward(self, input: Tensor) -> Tensor:
        """(batch, channels, height, width) -> the same shape."""
        return batch_norm(input, self.running_mean, self.running_var, self.weight, self.bias, eps=self.eps)


class BasicBlock(nn.Module):
    """Two 3x3 convolutions added to what came in."""

    def __init__(self, inputs: int, outputs: int, stride: int) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(inputs, outputs, 3, stride, 1, bias=False)
        self.bn1 = FixedBatchNorm(outputs)
        self.conv2 = nn.Conv2d(outputs, outputs, 3, 1, 1, bias=False)
        self.bn2 = FixedBatchNorm(outputs)
        self.downsample: nn.Sequential | None = None
        if stride > 1:
            self.downsample = nn.Sequential(nn.Conv2d(inputs, outputs, 1, stride, bias=False), FixedBatchNorm(outputs))
        nn.init.zeros_(self.bn2.weight)  # from scratch, a block starts by adding nothing

    def forward(self, image: Tensor) -> Tensor:
        """(batch, inputs, height, width) -> (batch, outputs, height / stride, width / stride)."""
        kept = image if self.downsample is None else self.downsample(image)
        changed = self.bn1(self.conv1(image)).relu_()
        added: Tensor = self.bn2(self.conv2(changed)) + kept
        return added.relu_()


class ResNet18(nn.Module):
    """Features (512) of each place of size / 32 x size / 32.

    Args:
        size: height and width of the image, a multiple of 32.
        num_extra: channels beside the colours; a convolution of their own, at first zero, takes them in.
    """

    SOURCE: ClassVar[str] = (
        "What fits has the names of torchvision's resnet18 (conv1.weight, bn1.weight, layer1.0.conv1.weight, ...): "
        "its checkpoint resnet18-f37072fd.pth, converted, or model.safetensors of timm/resnet18.tv_in1k"
    )
    UNUSED: ClassVar[tuple[str, ...]] = ("fc.",)
    OWN: ClassVar[tuple[str, ...]] = ("extra.", "num_batches_tracked")
    num_channels = 512

    def __init__(self, size: int, num_extra: int = 0) -> None:
        super().__init__()
        if size % 32:
            raise OptionError(
                f"resnet18 takes images of a multiple of 32 px, got {size}; the nearest: {_nearest(size)}"
            )
        self.side = size // 32
        self.conv1 = nn.Conv2d(3, 64, 7, 2, 3, bias=False)
        self.bn1 = FixedBatchNorm(64)
        self.pool = nn.MaxPool2d(3, 2, 1)
        self.layer1 = nn.Sequential(BasicBlock(64, 64, 1), BasicBlock(64, 64, 1))
        self.layer2 = nn.Sequential(BasicBlock(64, 128, 2), BasicBlock(128, 128, 1))
        self.layer3 = nn.Sequential(BasicBlock(128, 256, 2), BasicBlock(256, 256, 1))
        self.layer4 = nn.Sequential(BasicBlock(256, 512, 2), BasicBlock(512, 512, 1))
        for module in self.modules():
            if isinstance(module, nn.Conv2d):
                nn.init.kaiming_normal_(module.weight, mode="fan_out", nonlinearity="relu")
        self.extra = nn.Conv2d(num_extra, 64, 7, 2, 3, bias=False) if num_extra else None
        if self.extra is not None:
            nn.init.zeros_(self.extra.weight)
        self.to(memory_format=torch.channels_last)  # type: ignore[call-overload]  # missing in torch's stubs

    def forward(self, painted: Tensor) -> Tensor:
        """(batch, 3 + num_extra or more, size, size) as painted -> (batch, side * side, 512)."""
        colours, rest = split_painted(painted)
        image = self.conv1(colours)
        if self.extra is not None:
            image = image + self.extra(rest)
        image = self.pool(self.bn1(image).relu_())
        places: Tensor = self.layer4(self.layer3(self.layer2(self.layer1(image))))
        return places.flatten(2).transpose(1, 2)

    def streamlined(self) -> nn.Module:
        """The same function for calls only."""
        return _QuickResNet18(self)


class _QuickBlock(nn.Module):
    """A `BasicBlock` of as few operations as there are convolutions."""

    def __init__(self, block: BasicBlock) -> None:
        super().__init__()
        self.conv1, self.conv2 = QuickConv(block.conv1, block.bn1), QuickConv(block.conv2, block.bn2)
        self.kept = None if block.downsample is None else QuickConv(*block.downsample, activate=False)

    def forward(self, image: Tensor) -> Tensor:
        changed: Tensor = self.conv2(self.conv1(image), image if self.kept is None else self.kept(image))
        return changed


class _QuickResNet18(nn.Module):
    """A `ResNet18` whose first convolution takes in all channels, and their scale."""

    def __init__(self, slow: ResNet18) -> None:
        super().__init__()
        self.side, self.num_channels = slow.side, slow.num_channels
        beside = slow.conv1.weight.new_zeros(64, 0, 7, 7) if slow.extra is None else slow.extra.weight
        self.num_inputs = 3 + beside.shape[1]
        scale, shift = compute_scaling(slow.conv1.weight.device)
        first = nn.Conv2d(self.num_inputs, 64, 7, 2, 3, bias=False).eval()
        first.weight = nn.Parameter(torch.cat((slow.conv1.weight * scale, beside), 1), requires_grad=False)
        self.shift = torch.cat((shift / scale, shift.new_zeros(1, beside.shape[1], 1, 1)), 1)
        self.first, self.pool = QuickConv(first, slow.bn1), slow.pool
        blocks = (part for part in slow.modules() if isinstance(part, BasicBlock))
        self.blocks = nn.Sequential(*(_QuickBlock(block) for block in blocks))

    def forward(self, painted: Tensor) -> Tensor:
        image = (painted[:, : self.num_inputs] + self.shift).contiguous(memory_format=torch.channels_last)
        places: Tensor = self.blocks(self.pool(self.first(image)))
        return places.flatten(2).transpose(1, 2)


def _nearest(size: int) -> int:
    return max(1, round(size / 32)) * 32
