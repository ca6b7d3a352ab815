"""Our ViT-S/14 computes what DINOv2's computes, under the same names."""

import pytest
import torch

from millwright.core.errors import OptionError
from millwright.nets.vision import paint_coordinates
from millwright.nets.vit import DinoViT
from tests.nets.weights import fill, make_picture


def test_features_are_those_of_the_public_implementation():
    # Computed with transformers 5.23 (Dinov2Model) from the same weights and pictures, its positions interpolated as
    # facebookresearch/dinov2 does; at 518 px, where nothing is interpolated, both agree to the last bit.
    with torch.inference_mode():
        places = fill(DinoViT(98))(paint_coordinates(make_picture(98)))
    assert places.shape == (2, 49, 384)
    expected = torch.tensor([1.04043, -0.24012, -0.98616, 0.44819, 0.84028, 0.26351])
    torch.testing.assert_close(places[1, 4, :6], expected, atol=1e-3, rtol=1e-3)
    assert places.std().item() == pytest.approx(1.01278, abs=1e-3)


def test_names_are_facebookresearch_s():
    network = DinoViT(14)
    names = set(network.state_dict())
    parts = ("norm1", "attn.qkv", "attn.proj", "norm2", "mlp.fc1", "mlp.fc2")
    block = {f"{part}.{kind}" for part in parts for kind in ("weight", "bias")} | {"ls1.gamma", "ls2.gamma"}
    assert {name.removeprefix("blocks.11.") for name in names if name.startswith("blocks.11.")} == block
    outside = {name for name in names if not name.startswith("blocks.")}
    assert outside == {
        "cls_token", "pos_embed", "patch_embed.proj.weight", "patch_embed.proj.bias", "norm.weight", "norm.bias"
    }  # fmt: skip
    assert network.pos_embed.shape == (1, 1370, 384)
    mask_token = 384
    assert sum(parameter.numel() for parameter in network.parameters()) + mask_token == 22_056_576


def test_channels_beside_the_colours_start_without_effect_and_can_be_learned():
    network = DinoViT(28, num_extra=3, width=24, depth=1, heads=2)
    painted = torch.cat((paint_coordinates(make_picture(28)), torch.rand(2, 1, 28, 28)), 1)
    network(painted).square().sum().backward()
    assert not network.patch_embed.extra.weight.any()
    assert network.patch_embed.extra.weight.grad.any()


def test_a_size_that_no_patches_fill_is_refused_with_the_nearest():
    with pytest.raises(OptionError, match="a multiple of 14 px, got 96; the nearest: 98"):
        DinoViT(96)
