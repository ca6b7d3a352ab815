"""ViT-S/14 as DINOv2 trained it (Oquab et al. 2023); parameters are named as in facebookresearch/dinov2."""

from __future__ import annotations

from typing import ClassVar

import torch
from torch import Tensor, nn
from torch.nn.functional import interpolate

from millwright.core.errors import OptionError
from millwright.nets.pretrained import split_painted
from millwright.nets.transformer import EncoderBlock

PATCH = 14
"""Side of a patch, px."""
TRAINED_SIDE = 37
"""Patches across the images of the last phase of training, 518 px."""


class PatchEmbed(nn.Module):
    """A token for each patch, row by row."""

    def __init__(self, width: int, num_extra: int) -> None:
        super().__init__()
        self.proj = nn.Conv2d(3, width, PATCH, PATCH)
        self.extra = nn.Conv2d(num_extra, width, PATCH, PATCH, bias=False) if num_extra else None
        if self.extra is not None:
            nn.init.zeros_(self.extra.weight)

    def forward(self, painted: Tensor) -> Tensor:
        """(batch, 3 + num_extra or more, size, size) as painted -> (batch, patches, width)."""
        colours, rest = split_painted(painted)
        patches: Tensor = self.proj(colours)
        if self.extra is not None:
            patches = patches + self.extra(rest)
        return patches.flatten(2).transpose(1, 2)


class DinoViT(nn.Module):
    """Features of each 14 x 14 patch.

    Args:
        size: height and width of the image, a multiple of 14.
        num_extra: channels beside the colours; a convolution of their own, at first zero, takes them in.
        width, depth, heads: of the transformer; those of ViT-S by default.
    """

    SOURCE: ClassVar[str] = (
        "What fits has the names of facebookresearch's dinov2_vits14 (cls_token, pos_embed, blocks.0.attn.qkv.weight, "
        "...): its checkpoint dinov2_vits14_pretrain.pth, converted, or model.safetensors of "
        "timm/vit_small_patch14_dinov2.lvd142m"
    )
    UNUSED: ClassVar[tuple[str, ...]] = ("mask_token",)
    OWN: ClassVar[tuple[str, ...]] = ("patch_embed.extra.",)

    def __init__(self, size: int, num_extra: int = 0, *, width: int = 384, depth: int = 12, heads: int = 6) -> None:
        super().__init__()
        if size % PATCH:
            nearest = max(1, round(size / PATCH)) * PATCH
            raise OptionError(f"dinov2 takes images of a multiple of {PATCH} px, got {size}; the nearest: {nearest}")
        self.side = size // PATCH
        self.num_channels = width
        self.cls_token = nn.Parameter(torch.zeros(1, 1, width))
        self.pos_embed = nn.Parameter(torch.zeros(1, 1 + TRAINED_SIDE**2, width))
        self.patch_embed = PatchEmbed(width, num_extra)
        self.blocks = nn.ModuleList(EncoderBlock(width, heads, ratio=4, layer_scale=True) for _ in range(depth))
        self.norm = nn.LayerNorm(width, eps=1e-6)
        for module in self.modules():
            if isinstance(module, nn.Linear):
                nn.init.trunc_normal_(module.weight, std=0.02)
                nn.init.zeros_(module.bias)
        nn.init.trunc_normal_(self.pos_embed, std=0.02)

    def forward(self, painted: Tensor) -> Tensor:
        """(batch, 3 + num_extra or more, size, size) as painted -> (batch, side * side, width)."""
        patches = self.patch_embed(painted)
        first = (self.cls_token + self.pos_embed[:, :1]).expand(patches.shape[0], -1, -1)
        tokens = torch.cat((first, patches + self._place_patches()), 1)
        for block in self.blocks:
            tokens = block(tokens)
        seen: Tensor = self.norm(tokens)
        return seen[:, 1:]

    def _place_patches(self) -> Tensor:
        """The learned positions of 37 x 37 patches, for side x side of them: (1, side * side, width)."""
        positions = self.pos_embed[:, 1:]
        if self.side == TRAINED_SIDE:
            return positions
        grid = positions.unflatten(1, (TRAINED_SIDE, TRAINED_SIDE)).permute(0, 3, 1, 2)
        # The tenth of a patch is in the original too; features differ without it.
        factor = (self.side + 0.1) / TRAINED_SIDE
        return interpolate(grid, scale_factor=factor, mode="bicubic").flatten(2).transpose(1, 2)
